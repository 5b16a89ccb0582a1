#include "journal/consequence.h"

namespace standin {
namespace {

/// What a person is to do about what the party will not do.
std::string advice(OrderKind kind) {
  switch (kind) {
    case OrderKind::charge: return "declined after it was accepted in stand-in: collect from the customer or write off";
    case OrderKind::capture:
      return "a capture declined after it was granted in stand-in: the charge is not collected; capture it at the "
             "party, collect from the customer or write off";
    case OrderKind::refund:
      return "a refund declined after it was granted in stand-in: the customer did not get the money; refund it at the "
             "party or in another way, or tell the customer or merchant";
  }
  unreachable();
}

void promised(Change& change, State from, const AttemptEnd& end) {
  switch (end.attempt.outcome) {
    case Outcome::approved:
      change.to = end.already_there ? State::matched : State::settled;
      change.why = end.already_there ? "the party had it already" : "the party did it";
      return;
    case Outcome::declined:
      change.to = State::refused;
      change.why = "the party declined what we had accepted";
      change.follow_up = advice(end.kind);
      return;
    case Outcome::not_done:
      change.to = State::accepted;
      change.why = "the attempt certainly did nothing: " + end.attempt.detail;
      return;
    case Outcome::unknown:
      // Listening that ended without a word leaves the order where it was: due.
      change.to = from == State::accepted ? State::accepted : State::held;
      change.why = "the attempt may have happened: " + end.attempt.detail;
      return;
  }
  unreachable();
}

void withdrawn(Change& change, State from, const AttemptEnd& end) {
  const State undone = from == State::cancelling ? State::cancelled : State::reversed;
  switch (end.attempt.outcome) {
    case Outcome::approved:
      change.to = from;
      change.why = "it stands at the party and must be undone";
      return;
    case Outcome::declined:
    case Outcome::not_done:
      change.to = undone;
      change.why = "nothing stands at the party";
      return;
    case Outcome::unknown:
      change.to = from;
      change.why = "the attempt may have happened: " + end.attempt.detail;
      return;
  }
  unreachable();
}

/// Nobody has been told anything yet: nothing is owed, and what the party did stands.
void intended(Change& change, const AttemptEnd& end) {
  switch (end.attempt.outcome) {
    case Outcome::approved:
      change.to = State::settled;
      change.why = "the party did it";
      return;
    case Outcome::declined:
      change.to = State::declined;
      change.why = "the party declined it";
      return;
    case Outcome::not_done:
      change.to = State::lapsed;
      change.why = "nothing happened: " + end.attempt.detail;
      return;
    case Outcome::unknown:
      change.to = State::charging;
      change.why = "the attempt may have happened: " + end.attempt.detail;
      return;
  }
  unreachable();
}

}  // namespace

Change consequence(const Lease& lease, State from, const AttemptEnd& end, std::string who) {
  Change change{.lease = lease, .who = std::move(who), .attempt = end.attempt, .due = end.again};
  if (end.attempt.outcome == Outcome::approved) change.upstream_reference = end.upstream_reference;
  if (from == State::reversing || from == State::cancelling) {
    withdrawn(change, from, end);
  } else if (from == State::charging) {
    intended(change, end);
  } else {
    promised(change, from, end);
  }
  return change;
}

}  // namespace standin
