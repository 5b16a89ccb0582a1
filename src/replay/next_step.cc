#include "replay/next_step.h"

#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"

namespace standin {
namespace {

constexpr std::string_view not_asked_mark = "not asked: ";
/// The longest wait after tries that never left: a breaker closes within a minute or so of the party's return.
constexpr Duration unsent_backoff_max = std::chrono::minutes(1);

bool took_part(const Attempt& attempt) {
  return attempt.kind == "live" || attempt.kind == "replay" || attempt.kind == "void";
}

/// Before its order was written, earlier requests of its key may have been sent: for so long.
WallTime::duration ahead_of_order(const OrderRow& order, const Attempt& attempt) {
  return attempt.kind == "live" ? std::max(order.created - attempt.started, WallTime::duration::zero())
                                : WallTime::duration::zero();
}

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
  if (is_void_looked_up(order, known.attempts)) {  // looked for, not undone
    if (known.party.finder) return {Step::Kind::find, {}};
    return ask_person("a void was asked for, and nothing can look whether it was granted: look it up by hand");
  }
  if (!order.upstream_reference.empty()) {
    if (planted(Bug::reversal_not_done)) return {Step::Kind::nothing_stands, {}};
    if (known.party.reversal) return {Step::Kind::reverse, {}};
    return ask_person("stands at the party though it was not to: no reversal is configured, undo it by hand");
  }
  const bool believed = planted(Bug::void_cancels_at_once) && order.state == State::cancelling;
  if (!order.unresolved || believed) return {Step::Kind::nothing_stands, {}};
  if (known.party.finder && !order.behind) return {Step::Kind::find, {}};
  return ask_person("may stand at the party though it was not to: nothing can look for it, look it up by hand");
}

// Its client's retry is the question where nothing can look for it.
Step look_for_intent(const OrderKnown& known, WallTime now) {
  if (planted(Bug::intents_not_looked_for)) return {Step::Kind::wait_for_retry, {}};
  if (!known.order.unresolved) return {Step::Kind::nothing_stands, {}};
  if (known.party.finder && !known.order.behind) return {Step::Kind::find, {}};
  const bool may_come_back = now - known.order.created < limits::intent_waits_for_retry;
  if (may_come_back && repeat_is_recognised(known, now)) return {Step::Kind::wait_for_retry, {}};
  return ask_person(known.order.behind
                        ? "may have been done, and nothing can look for it: look up the charge it is about by hand"
                        : "was being charged when we stopped: no finder is configured, look it up by hand");
}

Step deliver(const OrderKnown& known, WallTime now) {
  if (planted(Bug::replayed_though_unrecognised)) return {Step::Kind::replay, {}};
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
    case State::lapsed:
      if (!known.order.unresolved) return {Step::Kind::charge_came_to_nothing, {}};
      return ask_person("may have been done before its charge ended: look it up by hand");
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
    return ask_person(is_void_looked_up(known.order, known.attempts)
                          ? "a void was asked for, and it was never answered clearly whether it was granted: look it "
                            "up at the party"
                          : "tried often and never answered clearly: look it up at the party");
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
  if (known.party.duplicates_window == Duration::max()) return true;
  WallTime::duration ahead{};
  for (const Attempt& attempt : known.attempts) ahead = std::max(ahead, ahead_of_order(known.order, attempt));
  const auto age = age_of(known.order, now, known.party.finder.has_value());
  return age && *age + ahead + known.party.timeouts.response < known.party.duplicates_window;
}

std::vector<SentSpan> when_sent(const OrderKnown& known, Duration deadline) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  const FinderConfig& finder = *known.party.finder;
  std::vector<SentSpan> sent;
  const auto add = [&](WallTime first, Duration sending, const std::optional<Earlier>& earlier,
                       const std::optional<Lead>& lead) {
    const Duration until = sending + known.party.timeouts.write + finder.max_processing + finder.after;
    const milliseconds set_by = earlier && earlier->set_by ? *earlier->set_by : milliseconds(0);
    SentSpan one{first + std::min(set_by, milliseconds(0)) - ceil<milliseconds>(finder.before),
                 first + std::max(set_by, milliseconds(0)) + ceil<milliseconds>(until)};
    if (earlier && !earlier->set_by) one.lead = lead;
    sent.push_back(one);
  };
  for (const Attempt& attempt : known.attempts) {
    if (!took_part(attempt)) continue;
    const Duration sending = attempt.kind == "replay" ? known.party.timeouts.response : deadline;
    add(attempt.started, ahead_of_order(known.order, attempt) + sending, attempt.earlier, attempt.lead);
  }
  const OrderRow& order = known.order;
  if (sent.empty()) add(order.first_sent == WallTime{} ? order.created : order.first_sent, deadline, order.earlier, {});
  return sent;
}

bool is_dated(const std::vector<Attempt>& attempts) {
  return std::ranges::none_of(attempts, [](const Attempt& attempt) {
    return took_part(attempt) && attempt.earlier && !attempt.earlier->set_by && !attempt.lead;
  });
}

// Attempts are recorded when they are begun: a live forward may yet try other targets until the route's deadline, and a
// replay's first byte may leave as late as an answer is still awaited.
WallTime none_counts_from(const OrderKnown& known, Duration deadline) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  const OrderRow& order = known.order;
  WallTime last = order.earlier ? order.earlier->opened : std::max(order.first_sent, order.created);
  for (const Attempt& attempt : known.attempts) {
    const bool of_client = attempt.kind != "replay";
    const Duration sending = of_client ? deadline : known.party.timeouts.response;
    const WallTime end = attempt.earlier ? attempt.earlier->opened : attempt.started + ceil<milliseconds>(sending);
    if (took_part(attempt)) last = std::max(last, end);
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
