#include "journal/lifecycle.h"

#include "base/planted.h"
#include "base/result.h"

namespace standin {
namespace {

bool is_one_of(State state, std::initializer_list<State> states) {
  for (const State each : states) {
    if (each == state) return true;
  }
  return false;
}

}  // namespace

std::string_view name(State state) {
  switch (state) {
    case State::accepted: return "accepted";
    case State::replaying: return "replaying";
    case State::settled: return "settled";
    case State::matched: return "matched";
    case State::refused: return "refused";
    case State::cancelled: return "cancelled";
    case State::held: return "held";
    case State::cancelling: return "cancelling";
    case State::declined: return "declined";
    case State::reversing: return "reversing";
    case State::reversed: return "reversed";
    case State::collected: return "collected";
    case State::written_off: return "written_off";
    case State::charging: return "charging";
    case State::lapsed: return "lapsed";
  }
  unreachable();
}

std::optional<State> parse_state(std::string_view text) {
  for (const State state : all_states) {
    if (name(state) == text) return state;
  }
  return std::nullopt;
}

std::optional<State> stored_state(std::int64_t value) {
  for (const State state : all_states) {
    if (static_cast<std::int64_t>(state) == value) return state;
  }
  return std::nullopt;
}

bool may_follow(State from, State to) {
  using enum State;
  switch (from) {
    case accepted: return is_one_of(to, {replaying, settled, refused, held, cancelling});
    case replaying: return is_one_of(to, {settled, matched, refused, held, accepted});
    case held:  // an intent is charging again while it is looked for
      return is_one_of(to, {replaying, settled, refused, cancelling, accepted, collected, written_off, charging});
    case refused: return is_one_of(to, {collected, written_off});
    case cancelling: return is_one_of(to, {cancelled, settled, collected, written_off});
    case reversing: return is_one_of(to, {reversed, collected, written_off});
    case charging: return is_one_of(to, {settled, declined, accepted, reversing, lapsed, held});
    case settled:
    case matched: return to == cancelling;  // its client asks for a void
    case declined:
    case cancelled:
    case reversed:
    case collected:
    case written_off:
    case lapsed: return false;
  }
  unreachable();
}

bool is_decided(State state, bool answered) { return state != State::charging && (answered || state != State::held); }

bool is_delivered(State state) {
  return state == State::settled || (state == State::matched && !planted(Bug::rest_of_match_forgotten));
}

bool is_undone(State state) {
  return is_one_of(state, {State::reversing, State::reversed, State::cancelling, State::cancelled});
}

bool is_withdrawn(State state) { return is_one_of(state, {State::reversing, State::cancelling}); }

bool may_begin_as(State state) {
  return is_one_of(state, {State::accepted, State::declined, State::reversing, State::charging});
}

bool is_exposed(State state) {
  using enum State;
  if (planted(Bug::refused_not_exposed) && (state == refused || state == held)) return false;
  switch (state) {
    case accepted:
    case replaying:
    case refused:
    case held:
    case cancelling: return true;
    case settled:
    case matched:
    case cancelled:
    case declined:
    case reversing:
    case reversed:
    case collected:
    case written_off:
    case charging:
    case lapsed: return false;
  }
  unreachable();
}

bool is_end(State state) {
  using enum State;
  switch (state) {
    case settled:
    case matched:
    case cancelled:
    case declined:
    case reversed:
    case collected:
    case written_off:
    case lapsed: return true;
    case accepted:
    case replaying:
    case refused:
    case held:
    case cancelling:
    case reversing:
    case charging: return false;
  }
  unreachable();
}

bool was_accepted(State state) {
  using enum State;
  switch (state) {
    case accepted:
    case replaying:
    case settled:
    case matched:
    case refused:
    case cancelled:
    case held:
    case cancelling:
    case collected:
    case written_off: return true;
    case declined:
    case reversing:
    case reversed:
    case charging:
    case lapsed: return false;
  }
  unreachable();
}

}  // namespace standin
