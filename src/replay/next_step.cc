#include "replay/next_step.h"

#include <algorithm>

#include "base/limits.h"

namespace standin {
namespace {

bool took_part(const Attempt& attempt) { return attempt.kind == "live" || attempt.kind == "replay"; }

/// Since a person was asked last: their word is that it may be tried again.
int unanswered_in_a_row(const std::vector<Attempt>& attempts) {
  int unanswered = 0;
  for (const Attempt& attempt : attempts) {
    if (attempt.kind == "conclusion") {
      unanswered = 0;
    } else if (attempt.kind != "live" && !attempt.open && attempt.outcome == Outcome::unknown) {
      ++unanswered;
    }
  }
  return unanswered;
}

bool repeating_asks(const OrderRow& order, const UpstreamConfig& party, WallTime now) {
  const Duplicates duplicates = party.duplicates.value_or(Duplicates::none);
  if (duplicates != Duplicates::keyed && duplicates != Duplicates::folded) return false;
  return party.duplicates_window == Duration::max() || now - order.created < party.duplicates_window;
}

Step undo(const OrderRow& order, const UpstreamConfig& party) {
  if (!order.upstream_reference.empty()) {
    if (party.reversal) return {Step::Kind::reverse, {}};
    return {Step::Kind::ask_person,
            "stands at the party though it was not to: no reversal is configured, undo it by hand"};
  }
  if (!order.unresolved) return {Step::Kind::nothing_stands, {}};
  if (party.finder) return {Step::Kind::find, {}};
  return {Step::Kind::ask_person,
          "may stand at the party though it was not to: no finder is configured, look it up by hand"};
}

}  // namespace

bool is_withdrawn(State state) { return state == State::reversing || state == State::cancelling; }

Step next_step(const OrderRow& order, const std::vector<Attempt>& attempts, const UpstreamConfig& party, WallTime now) {
  if (unanswered_in_a_row(attempts) >= limits::replay_attempts_before_person) {
    return {Step::Kind::ask_person, "tried often and never answered clearly: look it up at the party"};
  }
  if (is_withdrawn(order.state)) return undo(order, party);
  if (!order.unresolved || repeating_asks(order, party, now)) return {Step::Kind::replay, {}};
  if (party.finder) return {Step::Kind::find, {}};
  return {Step::Kind::ask_person,
          "may have happened: the party neither recognises a repeated request nor can be searched"};
}

WallTime none_counts_from(const OrderRow& order, const std::vector<Attempt>& attempts, const UpstreamConfig& party) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  WallTime last = std::max(order.first_sent, order.created);
  for (const Attempt& attempt : attempts) {
    // A replay is recorded before it is connected: its first byte may leave as late as an answer is still awaited.
    const Duration connecting = attempt.kind == "replay" ? party.timeouts.response : Duration(0);
    if (took_part(attempt)) last = std::max(last, attempt.started + ceil<milliseconds>(connecting));
  }
  const FinderConfig& finder = *party.finder;
  return last + ceil<milliseconds>(party.timeouts.write + finder.max_processing + finder.index_lag);
}

Duration backoff(std::size_t tries, double fraction) {
  Duration wait = limits::replay_backoff_first;
  for (std::size_t i = 0; i < tries && wait < limits::replay_backoff_max; ++i) wait *= 2;
  wait = std::min(wait, limits::replay_backoff_max);
  return wait - std::chrono::duration_cast<Duration>(wait * (fraction / 2));
}

}  // namespace standin
