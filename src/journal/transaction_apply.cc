// Recording what an attempt, a late answer or a person made of an order.
#include <fmt/format.h>

#include "base/planted.h"
#include "journal/transaction.h"

namespace standin {
namespace {

/// A void that a client asked of the party, or what became of it.
bool is_void(const Change& change) { return change.attempt && change.attempt->kind == "void"; }

/// Nothing but what became of a client's void leads back to it: what was granted is carried through.
bool stands_after_void(const Standing& order, const Change& change) {
  const bool told = is_void(change) || (change.attempt && change.attempt->kind == "finder");
  return order.state == State::cancelling && change.to == State::settled && told;
}

bool is_approved(const Change& change) {
  return change.attempt && change.attempt->outcome == Outcome::approved && !is_void(change);
}

bool waits_for_person(const Standing& order) { return order.state == State::held && order.due >= never_due; }

/// Where the change leads from where the order is by now; whoever made the attempt may not know what a person or the
/// vanished client made of the order meanwhile. A shadow stays what it was recorded as. Held until a person says
/// otherwise: neither a late answer nor a replay that did nothing puts it back to work. To be withdrawn: what turns out
/// to stand is to be undone, not settled. An intent that is only to be looked at by a person is held for one.
State destination(const Standing& order, const Change& change) {
  if (order.shadow) return order.state;
  if (change.lease.token == 0 || is_void(change) || stands_after_void(order, change)) return change.to;
  const bool intent_held = order.state == State::held && !order.answered;
  if (intent_held && !may_follow(State::held, change.to)) return State::held;
  if (waits_for_person(order) && (change.to == State::accepted || change.to == State::charging)) return State::held;
  if (change.to == State::charging && change.due >= never_due) return State::held;
  if (planted(Bug::late_approval_settles_void) && change.to == State::settled) return change.to;
  if (order.state == State::cancelling && change.attempt && change.to != State::cancelled) return State::cancelling;
  return change.to;
}

WallTime next_due(const Standing& order, const Change& change, State to) {
  if (to == State::held && waits_for_person(order) && change.lease.token != 0) return order.due;
  if (change.due) return *change.due;
  return to == State::held ? never_due : order.due;
}

/// Settled or matched without a part is the whole.
std::int64_t settled_minor(const Standing& order, const Change& change, State to) {
  if (!order.amount) return 0;
  if (change.settled_part && !planted(Bug::part_counts_as_whole)) {
    ensure(change.settled_part->currency == order.amount->currency, "a part is settled in the order's currency");
    return order.settled_minor + change.settled_part->minor;
  }
  const bool done = to != order.state && is_delivered(to);
  if (stands_after_void(order, change)) return order.settled_minor;
  return done ? order.amount->minor : order.settled_minor;
}

/// What an order can come to only after somebody was told yes.
bool is_promise(State state) {
  return state == State::accepted || state == State::replaying || state == State::refused;
}

/// The first definite word on whether the party had done what we stood in for.
std::optional<bool> done_after_all(const Standing& order, const Change& change) {
  if (!order.asks_of_forward() || !change.attempt || !order.is_told_of_forward(*change.attempt)) {
    return order.done_after_all;
  }
  return change.attempt->outcome == Outcome::approved;
}

}  // namespace

Reply Transaction::operator()(const ApplyCommand& command) {
  const Change& change = command.change;
  auto order = tables_.orders.find(change.lease.order);
  if (!order) return Applied::not_allowed;
  const State to = destination(*order, change);
  const Applied decided = decide(*order, change, to);
  switch (decided) {
    case Applied::applied: write_change(*order, change, to); break;
    case Applied::reference_taken: write_taken(*order, change); break;
    case Applied::fenced:
    case Applied::not_allowed:
      if (is_approved(change)) {
        record_late_approval(*order, change.lease.token, *change.attempt, change.upstream_reference);
      }
      break;
    case Applied::failed: unreachable();
  }
  return decided;
}

Applied Transaction::decide(const Standing& order, const Change& change, State to) {
  if (is_fenced(order, change.lease)) return Applied::fenced;
  if (to != order.state && !may_follow(order.state, to)) return Applied::not_allowed;
  if (!order.answered && is_promise(to)) return Applied::not_allowed;
  if (order.answered && to == State::charging) return Applied::not_allowed;
  if (!change.upstream_reference.empty() && tables_.orders.taken_by(order, change.upstream_reference)) {
    return Applied::reference_taken;
  }
  return Applied::applied;
}

bool Transaction::is_leased(const Standing& order) const { return order.lease_until > now_; }

// An expired lease still records: nobody else has acted since, or the token would have moved on.
bool Transaction::is_fenced(const Standing& order, const Lease& lease) const {
  if (planted(Bug::lease_without_fencing)) return false;
  return lease.token == 0 ? is_leased(order) : lease.token != order.token;
}

void Transaction::write_change(Standing& order, const Change& change, State to) {
  if (change.attempt) {
    tables_.attempts.close(order.row, change.lease.token, *change.attempt, now_);
    if (change.attempt->kind == "live") order.listen_until = WallTime{};
  }
  to = accounted(order, to);
  order.done_after_all = done_after_all(order, change);
  if (!order.shadow) adopt_reference(order, change.upstream_reference);
  order.settled_minor = settled_minor(order, change, to);
  order.due = next_due(order, change, to);
  order.lease_until = WallTime{};
  order.lease_owner.clear();
  order.unresolved = !is_end(to) && tables_.attempts.has_open_question(order.row);
  const bool arrived = to != order.state;
  // The retry has the yes, or a person wants it delivered.
  if (order.undelivered && order.state == State::held && arrived) tables_.follow_ups.close(order.row, undelivered_case);
  move(order, to, change.who, change.why);
  open_follow_ups(order, change, arrived);
}

// An attempt that did nothing says nothing of those before it: an intent has not lapsed, and a charge that standin
// declined has not ended, while one of them may have happened.
State Transaction::accounted(const Standing& order, State to) {
  if (order.state != State::charging || !tables_.attempts.has_open_question(order.row)) return to;
  if (to == State::lapsed) return State::charging;
  return to == State::declined && order.stood_in ? State::reversing : to;
}

// What the attempt came to is not clear: the order is let go as it is, for the finder or a person.
void Transaction::write_taken(Standing& order, const Change& change) {
  if (change.attempt) {
    Attempt doubtful = *change.attempt;
    doubtful.detail += fmt::format("; its reference '{}' belongs to another order", change.upstream_reference);
    tables_.attempts.close(order.row, change.lease.token, doubtful, now_);
  }
  order.lease_until = WallTime{};
  order.lease_owner.clear();
  order.unresolved = !is_end(order.state) && tables_.attempts.has_open_question(order.row);
  tables_.orders.update(order);
}

void Transaction::open_follow_ups(const Standing& order, const Change& change, bool arrived) {
  if (order.shadow || (planted(Bug::refusal_without_case) && order.state == State::refused)) return;
  const bool held_instead = change.to == State::charging && order.state == State::held;
  if (change.follow_up && (order.state == change.to || held_instead)) {
    tables_.follow_ups.open(order.row, *change.follow_up, now_);
    return;
  }
  const bool rest_owed = is_delivered(order.state) && order.exposed_minor > 0;
  if (!arrived || (order.state != State::refused && !rest_owed)) return;
  if (tables_.follow_ups.has_open(order.row)) return;
  tables_.follow_ups.open(order.row, rest_owed ? "settled in part: collect the rest or write it off" : change.why,
                          now_);
}

}  // namespace standin
