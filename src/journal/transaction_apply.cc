// Recording what an attempt, a late answer or a person made of an order.
#include <fmt/format.h>

#include "journal/transaction.h"

namespace standin {
namespace {

bool is_approved(const Change& change) { return change.attempt && change.attempt->outcome == Outcome::approved; }

bool waits_for_person(const Standing& order) { return order.state == State::held && order.due >= never_due; }

/// Where the change leads from where the order is by now; whoever made the attempt may not know what a person or the
/// vanished client made of the order meanwhile. A shadow stays what it was recorded as. Held until a person says
/// otherwise: neither a late answer nor a replay that did nothing puts it back to work. To be withdrawn: what turns out
/// to stand is to be undone, not settled.
State destination(const Standing& order, const Change& change) {
  if (order.shadow) return order.state;
  if (change.lease.token == 0) return change.to;
  if (waits_for_person(order) && change.to == State::accepted) return State::held;
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
  if (change.settled_part) {
    ensure(change.settled_part->currency == order.amount->currency, "a part is settled in the order's currency");
    return order.settled_minor + change.settled_part->minor;
  }
  const bool done = to != order.state && (to == State::settled || to == State::matched);
  return done ? order.amount->minor : order.settled_minor;
}

/// The first definite word on whether the party had done what we stood in for.
std::optional<bool> done_after_all(const Standing& order, const Change& change) {
  if (order.done_after_all || order.forward != Outcome::unknown || !change.attempt) return order.done_after_all;
  const bool about_the_forward =
      change.attempt->kind == "live" || (change.attempt->kind == "finder" && order.replays == 0);
  if (!about_the_forward || change.attempt->outcome == Outcome::unknown) return std::nullopt;
  return change.attempt->outcome == Outcome::approved;
}

/// What we believe of the order says that nothing of it stands at the party.
bool believed_undone(State state) {
  switch (state) {
    case State::refused:
    case State::cancelled:
    case State::declined:
    case State::reversed:
    case State::collected:
    case State::written_off: return true;
    case State::accepted:
    case State::replaying:
    case State::settled:
    case State::matched:
    case State::held:
    case State::cancelling:
    case State::reversing: return false;
  }
  unreachable();
}

bool is_second_approval(const Standing& order, const std::string& upstream_reference) {
  return !upstream_reference.empty() && !order.upstream_reference.empty() &&
         upstream_reference != order.upstream_reference;
}

std::string second_approval(const Standing& order, const std::string& upstream_reference) {
  return fmt::format("second standing approval: {} besides {}; void one of them", upstream_reference,
                     order.upstream_reference);
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
      if (is_approved(change)) record_late_approval(*order, change);
      break;
    case Applied::failed: unreachable();
  }
  return decided;
}

Applied Transaction::decide(const Standing& order, const Change& change, State to) {
  if (is_fenced(order, change.lease)) return Applied::fenced;
  if (to != order.state && !may_follow(order.state, to)) return Applied::not_allowed;
  if (!change.upstream_reference.empty() && tables_.orders.is_taken(order, change.upstream_reference)) {
    return Applied::reference_taken;
  }
  return Applied::applied;
}

bool Transaction::is_leased(const Standing& order) const { return order.lease_until > now_; }

// An expired lease still records: nobody else has acted since, or the token would have moved on.
bool Transaction::is_fenced(const Standing& order, const Lease& lease) const {
  return lease.token == 0 ? is_leased(order) : lease.token != order.token;
}

void Transaction::write_change(Standing& order, const Change& change, State to) {
  if (change.attempt) {
    tables_.attempts.close(order.row, change.lease.token, *change.attempt, now_);
    if (change.attempt->kind == "live") order.listen_until = WallTime{};
  }
  order.done_after_all = done_after_all(order, change);
  adopt_reference(order, change);
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

// A reference is never overwritten: the second one is a second charge, and a person's case.
void Transaction::adopt_reference(Standing& order, const Change& change) {
  if (order.shadow) return;
  if (is_second_approval(order, change.upstream_reference)) {
    tables_.follow_ups.open(order.row, second_approval(order, change.upstream_reference), now_);
  } else if (!change.upstream_reference.empty()) {
    order.upstream_reference = change.upstream_reference;
  }
}

void Transaction::open_follow_ups(const Standing& order, const Change& change, bool arrived) {
  if (order.shadow) return;
  if (change.follow_up && order.state == change.to) {
    tables_.follow_ups.open(order.row, *change.follow_up, now_);
    return;
  }
  const bool rest_owed = order.state == State::settled && order.exposed_minor > 0;
  if (!arrived || (order.state != State::refused && !rest_owed)) return;
  if (tables_.follow_ups.has_open(order.row)) return;
  tables_.follow_ups.open(order.row, rest_owed ? "settled in part: collect the rest or write it off" : change.why,
                          now_);
}

void Transaction::record_late_approval(Standing& order, const Change& change) {
  Attempt late = *change.attempt;
  late.open = false;
  late.detail = fmt::format("{}{}arrived late; reference '{}'", late.detail, late.detail.empty() ? "" : "; ",
                            change.upstream_reference);
  tables_.attempts.add(order.row, change.lease.token, late, now_);
  order.done_after_all = done_after_all(order, change);
  order.unresolved = !is_end(order.state) && tables_.attempts.has_open_question(order.row);
  tables_.orders.update(order);
  if (order.shadow) return;
  if (is_second_approval(order, change.upstream_reference)) {
    tables_.follow_ups.open(order.row, second_approval(order, change.upstream_reference), now_);
  } else if (believed_undone(order.state)) {
    tables_.follow_ups.open(order.row,
                            fmt::format("charged though {}: the party approved late, reference '{}'", name(order.state),
                                        change.upstream_reference),
                            now_);
  }
}

}  // namespace standin
