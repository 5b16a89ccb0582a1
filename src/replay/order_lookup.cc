// Asking the party what it has of an order, and telling it to undo that.
#include <fmt/format.h>

#include <algorithm>

#include "journal/consequence.h"
#include "replay/order_work.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

/// An order whose search could not be made now is looked for again after it, less a share of up to a half.
constexpr Duration put_off_for = 20s;

Judged judge_by_status(const Response& response) {
  if (response.status < 500) return {Outcome::approved, Cause::untrustworthy};
  return {Outcome::unknown, Cause::server_error};
}

bool was_sent(const Forwarded& forwarded) { return forwarded.response || forwarded.outcome != Outcome::not_done; }

/// Where a lease has brought the order.
State while_leased(const OrderRow& order) {
  if (is_withdrawn(order.state)) return order.state;
  return is_intent(order) ? State::charging : State::replaying;
}

/// Of a charge whose reference is known: none but that one is it, however much another looks like it.
Finding known_one(const OrderRow& order, const Sought& sought) {
  const auto it = std::ranges::find(sought.similar, order.upstream_reference, &Listed::upstream_reference);
  if (it == sought.similar.end()) return {.why = "its listing does not show it", .since = sought.since};
  return {.sighting = {.found = {.kind = Found::Kind::one,
                                 .upstream_reference = order.upstream_reference,
                                 .standing = it->standing},
                       .certain = true},
          .since = sought.since};
}

/// What the party's books say of a void that a client asked for. It may yet be granted: that it stands counts as late
/// as that nothing is there.
Change after_void(const Lease& lease, const Meaning& meaning, const AttemptEnd& end, WallTime counts_from,
                  std::string who) {
  Change change{
      .lease = lease, .to = State::cancelling, .who = std::move(who), .why = meaning.detail, .due = end.again};
  change.attempt = end.attempt;
  if (meaning.outcome == Outcome::not_done) {
    change.to = State::cancelled;
    change.why = "voided at the party by the client";
  } else if (meaning.outcome == Outcome::approved && end.attempt.started < counts_from) {
    change.why = "it stands, but may yet be voided";
    change.attempt->outcome = Outcome::unknown;
    change.attempt->detail = not_asked("too early to tell");
    change.due = counts_from;
  } else if (meaning.outcome == Outcome::approved) {
    change.to = State::settled;
    change.why = "it was not voided, and stands";
  }
  return change;
}

Finding not_now(std::string why) { return {.asked = false, .why = std::move(why)}; }

/// Only while one order records a charge as its own may no other do so.
class Adoption {
 public:
  Adoption(std::shared_ptr<ListingSearch> search, std::string upstream_reference)
      : search_(std::move(search)), upstream_reference_(std::move(upstream_reference)) {
    granted_ = search_->adopt(upstream_reference_);
  }
  ~Adoption() {
    if (granted_) search_->release(upstream_reference_);
  }
  Adoption(const Adoption&) = delete;
  Adoption& operator=(const Adoption&) = delete;
  bool granted() const { return granted_; }

 private:
  std::shared_ptr<ListingSearch> search_;
  std::string upstream_reference_;
  bool granted_ = false;
};

}  // namespace

Task<Worked> OrderWork::find(Matter matter) {
  switch (party_of(matter).queries->finding()) {
    case PartyQueries::Finding::by_request: co_return co_await find_by_request(std::move(matter));
    case PartyQueries::Finding::by_listing: co_return co_await find_in_listing(std::move(matter));
    case PartyQueries::Finding::none:
      co_return co_await ask_person(std::move(matter.order), "may have happened: the party cannot be searched");
  }
  unreachable();
}

Task<Worked> OrderWork::find_by_request(Matter matter) {
  const Instant begun = ports_.clock.now();
  const auto lease = co_await take(matter.order, "finder");
  if (!lease) co_return Worked{};
  const auto queries = party_of(matter).queries;
  Finding finding{.since = now()};
  Request request = queries->finder_request(names(matter.order));
  const Forwarded forwarded = co_await send(matter, begun, std::move(request), judge_by_status, true);
  if (forwarded.response) finding.sighting.found = queries->read_finder_answer(*forwarded.response);
  const std::string& found = finding.sighting.found.upstream_reference;
  finding.sighting.certain = !found.empty() && found == matter.order.upstream_reference;
  finding.asked = was_sent(forwarded);
  if (!forwarded.response) finding.why = forwarded.error;
  co_return co_await record_finding(std::move(matter), *lease, std::move(finding));
}

// Without a lease: the search may wait long for its turn, and the client's retry is not to wait for it. The token tells
// whether anybody acted meanwhile.
Task<Worked> OrderWork::find_in_listing(Matter matter) {
  auto wanted = quest(matter);
  if (!wanted) {
    std::string why = "may have happened: " + wanted.error().what;
    co_return co_await in_turn(ask_person(std::move(matter.order), std::move(why)));
  }
  matter.kept = failure("not needed any more");  // thousands may wait here
  const Listed looks = wanted->wanted;
  const auto search = party_of(matter).search;
  const Sought sought = co_await search->look(std::move(*wanted));
  auto finding = look_over(matter, sought, looks);
  if (!finding) finding = not_now(finding.error().what);
  const Found& found = finding->sighting.found;
  if (found.kind != Found::Kind::one || !found.standing) {
    co_return co_await in_turn(record_sighting(std::move(matter), std::move(*finding)));
  }
  const Adoption adoption(search, found.upstream_reference);
  if (!adoption.granted()) finding = not_now("another order is recording what was found");
  co_return co_await in_turn(record_sighting(std::move(matter), std::move(*finding)));
}

Result<Quest> OrderWork::quest(const Matter& matter) const {
  if (!matter.kept) return std::unexpected(matter.kept.error());
  const Counterparty& party = party_of(matter);
  const auto charge = in_the_partys_words(route_, matter.order, *matter.kept);
  if (!charge) return std::unexpected(charge.error());
  auto account = party.queries->account(*charge);
  if (!account) return failure("whose listing would show it is not known: look it up by hand");
  auto wanted = party.queries->wanted(*charge, names(matter.order));
  if (!wanted) return failure("what its listing would show is not known: look it up by hand");
  return Quest{.account = std::move(*account),
               .wanted = std::move(*wanted),
               .sent = when_sent(known(matter), route_.route.deadline)};
}

Result<Finding> OrderWork::look_over(const Matter& matter, const Sought& sought, const Listed& wanted) {
  if (!sought.read) return Finding{.asked = sought.asked, .why = sought.why};
  if (is_void_looked_up(matter.order, matter.attempts)) return known_one(matter.order, sought);
  std::optional<Error> unread;
  const auto is_taken = [&](const std::string& upstream_reference) {
    const auto holder = ports_.journal.holder(matter.order.upstream, upstream_reference);
    if (!holder) unread = holder.error();
    return holder && *holder && **holder != matter.order.id;
  };
  Finding finding{.sighting = find_similar(wanted, sought.similar, sought.window, is_taken),
                  .dated = is_dated(matter.attempts),
                  .since = sought.since};
  if (unread) return std::unexpected(*unread);
  return finding;
}

Task<Worked> OrderWork::record_sighting(Matter matter, Finding finding) {
  if (!finding.asked && !is_promised(matter.order)) co_return co_await put_off(std::move(matter.order), finding.why);
  if (has_moved_on(matter.order)) co_return Worked{};
  const auto lease = co_await take(matter.order, "finder");
  if (!lease) co_return Worked{};
  if (lease->token != matter.order.token + 1) {
    finding = not_now("somebody else acted on it meanwhile");
    auto rows = ports_.journal.orders({.id = lease->order});  // its client may have been answered
    if (!rows || rows->empty()) co_return Worked{};
    matter.order = std::move(rows->front());
  }
  co_return co_await record_finding(std::move(matter), *lease, std::move(finding));
}

/// Its client's retry was answered meanwhile, or a person decided: what was found is not about where it is now.
bool OrderWork::has_moved_on(const OrderRow& order) const {
  const auto now = ports_.journal.recall(order.key);
  return now && now->id == order.id && now->state != order.state;
}

// Under the token that it was read with: whatever became of it meanwhile stays.
Task<Worked> OrderWork::put_off(OrderRow order, std::string why) {
  const Duration jitter = std::chrono::duration_cast<Duration>(put_off_for * (ports_.random.fraction() / 2));
  const WallTime due = now() + std::chrono::ceil<std::chrono::milliseconds>(put_off_for - jitter);
  Change change{.lease = {order.id, order.token}, .to = order.state, .who = ports_.owner, .why = why, .due = due};
  const auto applied = co_await ports_.journal.apply(std::move(change));
  Worked worked{.why = std::move(why)};
  if (applied != Applied::applied) worked.rest = put_off_for;
  co_return worked;
}

Task<Worked> OrderWork::record_finding(Matter matter, Lease lease, Finding finding) {
  const OrderRow& order = matter.order;
  const WallTime counts_from = none_counts_from(known(matter), route_.route.deadline);
  const Meaning meaning = meaning_of(finding, is_promised(order), counts_from);
  const bool definite = meaning.outcome != Outcome::unknown;
  AttemptEnd end{.attempt = {.kind = "finder",
                             .started = finding.since == WallTime{} ? now() : finding.since,
                             .outcome = meaning.outcome,
                             .detail = meaning.detail},
                 .already_there = true,
                 .upstream_reference = finding.sighting.found.upstream_reference,
                 .now = now()};
  if (!was_asked(end.attempt)) matter.attempts.push_back(end.attempt);
  end.again = definite ? now() : std::max(meaning.again.value_or(later(matter)), now());
  const bool voiding = is_void_looked_up(order, matter.attempts);
  Change change = voiding ? after_void(lease, meaning, end, counts_from, ports_.owner)
                          : consequence(lease, while_leased(order), end, ports_.owner);
  if (meaning.outcome == Outcome::approved && is_promised(order)) change.settled_part = finding.sighting.part;
  if (meaning.follow_up) {
    if (is_intent(order)) change.to = State::held;
    change.follow_up = meaning.follow_up;
    change.due = never_due;
  }
  Worked worked{.kind = Worked::Kind::idle, .why = meaning.detail};
  if (meaning.follow_up)
    worked.kind = Worked::Kind::asked;
  else if (change.to == State::matched)
    worked.kind = Worked::Kind::matched;
  else if (change.to == State::held)
    worked.kind = Worked::Kind::held;
  else if (is_promised(order))
    worked.kind = Worked::Kind::failed;
  co_return co_await record(std::move(matter.order), std::move(change), std::move(worked));
}

Task<Worked> OrderWork::reverse(Matter matter) {
  const auto queries = party_of(matter).queries;
  const auto kept = matter.kept ? in_the_partys_words(route_, matter.order, *matter.kept) : matter.kept;
  const std::string nonce = fmt::format("{:016x}", ports_.random.next());
  auto request = queries->reversal_request(names(matter.order), kept.value_or(Request{}), nonce);
  if (!request) {
    std::string why = fmt::format(
        "stands at the party as {} though it was not to, and cannot be undone from here: "
        "undo it by hand",
        matter.order.upstream_reference);
    co_return co_await ask_person(std::move(matter.order), std::move(why));
  }
  const Instant begun = ports_.clock.now();
  const auto lease = co_await take(matter.order, "reversal");
  if (!lease) co_return Worked{};
  const WallTime started = now();
  const Forwarded forwarded = co_await send(matter, begun, std::move(*request), judge_by_status, false);
  const bool done = forwarded.response && queries->reversal_done(*forwarded.response);
  const bool refused = !done && forwarded.response && queries->reversal_refused(*forwarded.response);
  const State undone = matter.order.state == State::cancelling ? State::cancelled : State::reversed;
  Attempt attempt{.kind = "reversal",
                  .started = started,
                  .outcome = done ? Outcome::approved : Outcome::unknown,
                  .detail = forwarded.response    ? fmt::format("status {}", forwarded.response->status)
                            : was_sent(forwarded) ? forwarded.error
                                                  : not_asked(forwarded.error)};
  if (!was_asked(attempt)) matter.attempts.push_back(attempt);
  Change change{.lease = *lease,
                .to = done ? undone : matter.order.state,
                .who = ports_.owner,
                .why = done ? "reversed at the party" : "the reversal was not confirmed",
                .attempt = std::move(attempt),
                .due = later(matter)};
  if (refused) {
    change.why =
        fmt::format("stands at the party as {} though it was not to, and it refuses to undo it: give it back by hand",
                    matter.order.upstream_reference);
    change.follow_up = change.why;
    change.due = never_due;
  }
  Worked worked{.kind = done ? Worked::Kind::undone : Worked::Kind::idle, .why = change.why};
  co_return co_await record(std::move(matter.order), std::move(change), std::move(worked));
}

OrderNames OrderWork::names(const OrderRow& order) const {
  return {order.key, order.request_id, order.reference, order.upstream_reference};
}

}  // namespace standin
