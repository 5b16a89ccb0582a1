// P5: what standin answered itself it answers again, byte for byte, to the same key and payload.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

/// The party's own words are given again by the party; only what standin said binds standin. A decline in its words
/// that cannot be told from the party's is known by the journal, as long as no memory was lost.
bool is_standins(const Books& books, const Matter& matter, const Told& told) {
  if (told.ours) return true;
  if (told.kind != Told::Kind::no || !books.evidence().crashes.empty()) return false;
  return std::ranges::any_of(matter.orders, [](const JournalEntry* order) {
    return order->stood_in && order->answered && !order->accepted && !order->about_another;
  });
}

/// A decline under a key of facts ends its intent, and so does a void under any: what comes then is a new try.
bool binds(const Books& books, const Matter& matter, const Told& told) {
  if (!is_sale(told) || !is_definite(told) || !is_standins(books, matter, told)) return false;
  if (told.kind == Told::Kind::no) return !told.key.empty() && matter.purchase->honest_key;
  return !matter.purchase->void_sent;
}

/// The mark of a duplicate is the one thing in which the second of two folded requests is answered otherwise.
std::string unmarked(std::string body) {
  constexpr std::string_view mark = "UMisDuplicate=Y";
  if (const auto at = body.find(mark); at != std::string::npos) body[at + mark.size() - 1] = 'N';
  return body;
}

/// What differs, in words; "" if nothing does.
std::string_view difference(const Told& first, const Told& second) {
  if (first.kind != second.kind) return "another answer";
  if (first.reference != second.reference) return "another reference";
  if (first.status != second.status || unmarked(first.body) != unmarked(second.body)) return "other bytes";
  return "";
}

/// Asked after the first was heard: two that were under way at once may be answered in either order. A shopper who
/// changed the payload under one key is told so, which reads as a no in some formats.
bool is_same_question(const Matter& matter, const Told& first, const Told& second) {
  if (!is_sale(second) || !is_definite(second) || second.asked_ms < first.at_ms) return false;
  if (first.key != second.key || first.amount_minor != second.amount_minor) return false;
  return matter.purchase->honest_key || (second.kind == Told::Kind::yes && !first.key.empty());
}

void check_answers(const Books& books, const Matter& matter, Violations& found) {
  const auto& told = matter.purchase->told;
  const auto first = std::ranges::find_if(told, [&](const Told& each) { return binds(books, matter, each); });
  if (first == told.end()) return;
  for (const Told& each : told) {
    if (&each == &*first || !is_same_question(matter, *first, each)) continue;
    const std::string_view differs = difference(*first, each);
    if (differs.empty()) continue;
    found.push_back({"P5", matter.purchase->name,
                     fmt::format("the answer of {} was followed by {} at {}, to the same key '{}'. {}",
                                 seconds(first->at_ms), differs, seconds(each.at_ms), each.key, matter.story())});
    return;
  }
}

}  // namespace

Violations same_answer(const Books& books) {
  Violations found;
  for (const Matter& matter : books.matters()) check_answers(books, matter, found);
  return found;
}

}  // namespace standin::sim
