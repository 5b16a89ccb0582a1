#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace standin {

/// Where an order is in its life. Values are stored in the journal: never renumber.
enum class State : std::uint8_t {
  accepted = 1,      ///< said yes; not yet delivered
  replaying = 2,     ///< an attempt to deliver is under way, or was when the process died
  settled = 3,       ///< end: the party did it
  matched = 4,       ///< end: the party had it already
  refused = 5,       ///< the party declined after we had said yes: a follow-up is open
  cancelled = 6,     ///< end: withdrawn before delivery, or voided by the client after it
  held = 7,          ///< needs time or a person
  cancelling = 8,    ///< to be withdrawn once every attempt is known
  declined = 9,      ///< said no; end if no attempt may have happened
  reversing = 10,    ///< said no, and an attempt may have happened: to be looked for and undone
  reversed = 11,     ///< end: nothing stands at the party
  collected = 12,    ///< end: a person collected a refused order
  written_off = 13,  ///< end: a person gave it up
  charging = 14,     ///< written before it was sent; nobody has been told anything yet
  lapsed = 15,       ///< end: written before it was sent, nothing happened and nobody was told: its key is free again
};

constexpr std::array all_states = {State::accepted,    State::replaying, State::settled,  State::matched,
                                   State::refused,     State::cancelled, State::held,     State::cancelling,
                                   State::declined,    State::reversing, State::reversed, State::collected,
                                   State::written_off, State::charging,  State::lapsed};

std::string_view name(State state);
std::optional<State> parse_state(std::string_view name);
/// The state whose number the journal holds; nothing for a number that no state has.
std::optional<State> stored_state(std::int64_t value);

/// Whether a row of the transitions table may say so. Checked where it is written and where it is read back.
bool may_follow(State from, State to);
/// The states an order may enter the journal in.
bool may_begin_as(State state);

/// The promise is still owed: its amount counts towards exposure, if standin promised it (Owed).
bool is_exposed(State state);
/// No work and no person is waiting for it.
bool is_end(State state);
/// What became of it is known or was told: neither under way nor held before anybody was answered.
bool is_decided(State state, bool answered);
/// The party has done it, or part of it: the rest may still be owed.
bool is_delivered(State state);
/// Said yes to the customer; of an intent that nobody was answered to, only that it is not undone or to be undone.
bool was_accepted(State state);
/// What the party did of it has been undone, or is to be.
bool is_undone(State state);
/// To be undone at the party, and not yet known to be.
bool is_withdrawn(State state);

}  // namespace standin
