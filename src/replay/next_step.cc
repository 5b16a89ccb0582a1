#include "replay/next_step.h"

#include <algorithm>

#include "base/limits.h"

namespace standin {
namespace {

bool took_part(const Attempt& attempt) { return attempt.kind == "live" || attempt.kind == "replay"; }

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
  const auto unanswered = std::ranges::count_if(
      attempts, [](const Attempt& a) { return a.kind != "live" && !a.open && a.outcome == Outcome::unknown; });
  if (unanswered >= limits::replay_attempts_before_person) {
    return {Step::Kind::ask_person, "tried often and never answered clearly: look it up at the party"};
  }
  if (is_withdrawn(order.state)) return undo(order, party);
  if (!order.unresolved || repeating_asks(order, party, now)) return {Step::Kind::replay, {}};
  if (party.finder) return {Step::Kind::find, {}};
  return {Step::Kind::ask_person,
          "may have happened: the party neither recognises a repeated request nor can be searched"};
}

WallTime none_counts_from(const OrderRow& order, const std::vector<Attempt>& attempts, const FinderConfig& finder) {
  WallTime last = std::max(order.first_sent, order.created);
  for (const Attempt& attempt : attempts) {
    if (took_part(attempt)) last = std::max(last, attempt.started);
  }
  return last + std::chrono::ceil<std::chrono::milliseconds>(finder.max_processing + finder.index_lag);
}

Duration backoff(std::size_t tries, double fraction) {
  Duration wait = limits::replay_backoff_first;
  for (std::size_t i = 0; i < tries && wait < limits::replay_backoff_max; ++i) wait *= 2;
  wait = std::min(wait, limits::replay_backoff_max);
  return wait - std::chrono::duration_cast<Duration>(wait * (fraction / 2));
}

}  // namespace standin
