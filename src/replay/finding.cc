#include "replay/finding.h"

#include "base/planted.h"
#include "replay/next_step.h"

namespace standin {
namespace {

Meaning too_early(std::string detail, WallTime counts_from) {
  return {.detail = std::move(detail) + ": too early to count", .again = counts_from};
}

/// Where it was to be looked for is not known.
Meaning undated() {
  return {.detail = "the party's listing does not show it where our clock was then",
          .follow_up =
              "the party's listing does not show it, but our clock may have been wrong when it was sent: look "
              "it up by hand"};
}

Meaning fallen(const Finding& finding, bool promised, WallTime counts_from) {
  if (!finding.sighting.certain && finding.since < counts_from) {
    return too_early("one like it does not stand, and ours may still come", counts_from);
  }
  if (!finding.sighting.certain && !finding.dated) return undated();
  Meaning meaning{.outcome = Outcome::not_done, .detail = "the party had it, and it no longer stands"};
  if (!promised) return meaning;
  meaning.outcome = Outcome::unknown;
  meaning.follow_up = "the party had this order and cancelled or declined it: agree with the customer what is owed";
  return meaning;
}

}  // namespace

Meaning meaning_of(const Finding& finding, bool promised, WallTime counts_from) {
  const Found& found = finding.sighting.found;
  if (planted(Bug::none_believed_too_early)) counts_from = WallTime{};
  switch (found.kind) {
    case Found::Kind::one:
      if (!found.standing && !planted(Bug::fallen_taken_for_standing)) return fallen(finding, promised, counts_from);
      return {.outcome = Outcome::approved, .detail = "the party has it"};
    case Found::Kind::none:
      if (finding.since < counts_from) return too_early("the party does not have it yet", counts_from);
      if (!finding.dated) return undated();
      return {.outcome = Outcome::not_done, .detail = "the party does not have it"};
    case Found::Kind::several:
      return {.detail = "the party has several that match",
              .follow_up = "the party has several orders that may be this one: find out which stand"};
    case Found::Kind::unreadable:
      if (!finding.asked) return {.detail = not_asked(finding.why)};
      return {.detail = finding.why.empty() ? "the finder gave no readable answer" : finding.why};
  }
  unreachable();
}

}  // namespace standin
