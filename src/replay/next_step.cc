#include "replay/next_step.h"

#include <algorithm>

#include "base/limits.h"

namespace standin {
namespace {

constexpr std::string_view not_asked_mark = "not asked: ";
/// The longest wait after tries that never left: a breaker closes within a minute or so of the party's return.
constexpr Duration unsent_backoff_max = std::chrono::minutes(1);

bool took_part(const Attempt& attempt) { return attempt.kind == "live" || attempt.kind == "replay"; }

/// Since a person was asked last: their word is that it may be tried again.
int unanswered_in_a_row(const std::vector<Attempt>& attempts) {
  int unanswered = 0;
  for (const Attempt& attempt : attempts) {
    if (attempt.kind == "conclusion") {
      unanswered = 0;
    } else if (attempt.kind != "live" && !attempt.open && attempt.outcome == Outcome::unknown && was_asked(attempt)) {
      ++unanswered;
    }
  }
  return unanswered;
}

Step ask_person(std::string why) { return {Step::Kind::ask_person, std::move(why)}; }

Step undo(const OrderKnown& known) {
  const OrderRow& order = known.order;
  if (!order.upstream_reference.empty()) {
    if (known.party.reversal) return {Step::Kind::reverse, {}};
    return ask_person("stands at the party though it was not to: no reversal is configured, undo it by hand");
  }
  if (!order.unresolved) return {Step::Kind::nothing_stands, {}};
  if (known.party.finder && !order.behind) return {Step::Kind::find, {}};
  return ask_person("may stand at the party though it was not to: nothing can look for it, look it up by hand");
}

// Its client's retry is the question where nothing can look for it.
Step look_for_intent(const OrderKnown& known, WallTime now) {
  if (!known.order.unresolved) return {Step::Kind::nothing_stands, {}};
  if (known.party.finder) return {Step::Kind::find, {}};
  const bool may_come_back = now - known.order.created < limits::intent_waits_for_retry;
  if (may_come_back && repeat_is_recognised(known, now)) return {Step::Kind::wait_for_retry, {}};
  return ask_person("was being charged when we stopped: no finder is configured, look it up by hand");
}

Step deliver(const OrderKnown& known, WallTime now) {
  if (!known.order.unresolved || repeat_is_recognised(known, now)) return {Step::Kind::replay, {}};
  if (known.party.finder && !known.order.behind) return {Step::Kind::find, {}};
  return ask_person("may have happened: the party neither recognises a repeated request nor can be searched");
}

/// A capture or refund is due once its charge has the party's reference.
Step follow_charge(const OrderKnown& known, WallTime now) {
  if (!known.charge) return ask_person("is about a charge that is not in the journal any more");
  switch (known.charge->state) {
    case State::settled:
    case State::matched:
    case State::collected:
      if (known.earlier_waits) return {Step::Kind::wait_for_charge, {}};
      if (!known.charge->upstream_reference.empty()) return deliver(known, now);
      return ask_person("is about a charge that was collected without a reference of the party's: do it there by hand");
    case State::refused:
    case State::cancelled:
    case State::declined:
    case State::reversed:
    case State::written_off:
    case State::lapsed: return {Step::Kind::charge_came_to_nothing, {}};
    case State::accepted:
    case State::replaying:
    case State::held:
    case State::cancelling:
    case State::reversing:
    case State::charging: return {Step::Kind::wait_for_charge, {}};
  }
  unreachable();
}

}  // namespace

bool is_intent(const OrderRow& order) {
  return order.state == State::charging || (order.state == State::held && !order.answered);
}

bool is_promised(const OrderRow& order) { return !is_withdrawn(order.state) && !is_intent(order); }

Step next_step(const OrderKnown& known, WallTime now) {
  if (unanswered_in_a_row(known.attempts) >= limits::replay_attempts_before_person) {
    return ask_person("tried often and never answered clearly: look it up at the party");
  }
  if (is_withdrawn(known.order.state)) return undo(known);
  if (is_intent(known.order)) return look_for_intent(known, now);
  if (known.order.behind) return follow_charge(known, now);
  return deliver(known, now);
}

bool repeat_is_recognised(const OrderKnown& known, WallTime now) {
  const Duplicates duplicates = known.party.duplicates.value_or(Duplicates::none);
  if (duplicates != Duplicates::keyed && duplicates != Duplicates::folded) return false;
  if (!known.repeat_is_recognised) return false;
  return known.party.duplicates_window == Duration::max() || now - known.order.created < known.party.duplicates_window;
}

// Attempts are recorded when they are begun: a live forward may yet try other targets until the route's deadline, and a
// replay's first byte may leave as late as an answer is still awaited.
WallTime none_counts_from(const OrderKnown& known, Duration deadline) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  WallTime last = std::max(known.order.first_sent, known.order.created);
  for (const Attempt& attempt : known.attempts) {
    const Duration sending = attempt.kind == "live" ? deadline : known.party.timeouts.response;
    if (took_part(attempt)) last = std::max(last, attempt.started + ceil<milliseconds>(sending));
  }
  const FinderConfig& finder = *known.party.finder;
  return last + ceil<milliseconds>(known.party.timeouts.write + finder.max_processing + finder.index_lag);
}

Duration backoff(const std::vector<Attempt>& attempts, double fraction) {
  std::size_t asked = 0, not_asked_last = 0;
  for (const Attempt& attempt : attempts) {
    if (was_asked(attempt)) {
      ++asked;
      not_asked_last = 0;
    } else {
      ++not_asked_last;
    }
  }
  const Duration longest = not_asked_last > 0 ? unsent_backoff_max : limits::replay_backoff_max;
  const std::size_t tries = not_asked_last > 0 ? not_asked_last - 1 : asked;
  Duration wait = limits::replay_backoff_first;
  for (std::size_t i = 0; i < tries && wait < longest; ++i) wait *= 2;
  wait = std::min(wait, longest);
  return wait - std::chrono::duration_cast<Duration>(wait * (fraction / 2));
}

std::string not_asked(std::string_view why) { return std::string(not_asked_mark).append(why); }

bool was_asked(const Attempt& attempt) { return !attempt.detail.starts_with(not_asked_mark); }

}  // namespace standin
