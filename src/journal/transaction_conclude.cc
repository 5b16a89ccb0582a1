// Intents: what was written before it was sent, how its live forward ended, and what its client is told.
#include <fmt/format.h>

#include "base/planted.h"
#include "journal/transaction.h"

namespace standin {
namespace {

/// The party's own word is definite; ours is any of three.
void check(const Conclusion& conclusion) {
  const bool by_party = (conclusion.to == State::settled && conclusion.forward == Outcome::approved) ||
                        (conclusion.to == State::declined && conclusion.forward == Outcome::declined);
  const bool by_us =
      conclusion.to == State::accepted || conclusion.to == State::declined || conclusion.to == State::reversing;
  ensure(conclusion.answer_is_ours ? by_us : by_party, "an intent is concluded by the party's definite word, or ours");
}

Attempt live_attempt(const Conclusion& conclusion, WallTime now) {
  const bool sent = conclusion.first_sent != WallTime{};
  return {.kind = "live",
          .target = conclusion.target,
          .started = sent ? conclusion.first_sent : now,
          .outcome = conclusion.forward,
          .detail = conclusion.detail};
}

/// An open attempt has no room for where it went and what is known of it so far.
std::string why(const Conclusion& conclusion) {
  if (conclusion.forward != Outcome::unknown) return conclusion.why;
  return fmt::format("{}{}{}{}{}", conclusion.why, conclusion.target.empty() ? "" : "; sent to ", conclusion.target,
                     conclusion.detail.empty() ? "" : ": ", conclusion.detail);
}

}  // namespace

Reply Transaction::operator()(const ConcludeCommand& command) {
  const Conclusion& conclusion = command.conclusion;
  check(conclusion);
  auto order = tables_.orders.find(conclusion.lease.order);
  if (!order) return Kept::not_kept;
  if (order->state != State::charging || conclusion.lease.token != order->token) {
    if (conclusion.forward == Outcome::approved) {
      record_late_approval(*order, conclusion.lease.token, live_attempt(conclusion, now_),
                           conclusion.upstream_reference);
    }
    return Kept::not_kept;
  }
  const bool promised = conclusion.to == State::accepted && !order->behind;
  ensure(!promised || order->amount.has_value(), "an accepted order has an amount");
  if (promised && is_over_cap(conclusion.caps, *order->amount)) return Kept::over_cap;
  write_conclusion(*order, conclusion);
  return Kept::kept;
}

void Transaction::write_conclusion(Standing& order, const Conclusion& conclusion) {
  order.answered = true;
  order.stood_in = conclusion.answer_is_ours;
  order.accepted = conclusion.to == State::settled || conclusion.to == State::accepted;
  order.forward = conclusion.forward;
  if (conclusion.first_sent != WallTime{}) order.first_sent = conclusion.first_sent;
  if (conclusion.doubted_since != WallTime{}) add_doubt(order.row, order.upstream, conclusion.doubted_since);
  if (conclusion.forward != Outcome::unknown) {
    tables_.attempts.close(order.row, conclusion.lease.token, live_attempt(conclusion, now_), now_);
  }
  if (conclusion.to == State::settled) {
    take_reference(order, conclusion);
    if (order.amount) order.settled_minor = conclusion.settled_part.value_or(*order.amount).minor;
  }
  order.listen_until = conclusion.answer_is_ours ? conclusion.due : WallTime{};
  if (conclusion.answer_is_ours) order.due = conclusion.due;
  if (planted(Bug::replay_before_listening_ended) && conclusion.answer_is_ours) order.due = order.listen_until = now_;
  order.lease_until = WallTime{};
  order.lease_owner.clear();
  const State to = accounted(order, conclusion.to);
  order.unresolved = !is_end(to) && tables_.attempts.has_open_question(order.row);
  if (conclusion.answer_is_ours) tables_.orders.decide(order, conclusion.decision, conclusion.cause);
  tables_.orders.answer(order, conclusion.answer);
  move(order, to, conclusion.who, why(conclusion));
}

// The client is told what the party said, and the reference stays with the order that has it. A party that folds
// duplicates gives the first charge's reference to a repeated request: that is one charge for one purchase. For two
// different requests it is one charge for two orders, and of one that is undone it is none: a person's case.
void Transaction::take_reference(Standing& order, const Conclusion& conclusion) {
  const auto taken = tables_.orders.taken_by(order, conclusion.upstream_reference);
  if (!taken) return adopt_reference(order, conclusion.upstream_reference);
  const auto holder = tables_.orders.find(*taken);
  if (holder && holder->payload == order.payload && !is_undone(holder->state)) return;
  tables_.follow_ups.open(order.row,
                          fmt::format("the party answered with reference '{}', which belongs to another order: find "
                                      "out whether both were charged",
                                      conclusion.upstream_reference),
                          now_);
}

Reply Transaction::operator()(const RebindCommand& command) {
  const auto order = tables_.orders.find(command.lease.order);
  if (!order || order->state != State::charging) return Applied::not_allowed;
  if (command.lease.token != order->token) return Applied::fenced;
  // An earlier attempt that may have happened binds the key to its party.
  const bool bound = tables_.attempts.has_open_question(order->row, order->token);
  if (bound && !planted(Bug::another_party_on_retry)) return Applied::not_allowed;
  tables_.orders.rebind(*order, command.upstream);
  tables_.attempts.redirect(order->row, order->token, clocks_.lead(command.upstream));
  return Applied::applied;
}

}  // namespace standin
