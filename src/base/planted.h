#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace standin {

/// Mistakes that cost money, each of which the simulator must find (docs/simulation.md). They are in the program only
/// if it is built with STANDIN_PLANTED_BUGS, and even then only the one that was planted is made.
enum class Bug : std::uint8_t {
  // Before the yes
  answer_before_commit,            ///< says yes when the order is handed to the writer, not when it is durable
  commit_without_sync,             ///< commits without waiting for the disk
  decline_while_commit_in_flight,  ///< says no when the commit takes too long, which may yet succeed
  unknown_commit_is_a_no,          ///< says no when nobody knows whether the commit succeeded
  declines_not_kept,               ///< says no without a record of it
  intent_not_written,              ///< sends a charge without writing it down first
  cap_not_in_transaction,          ///< checks the cap when it decides, and not again when it commits
  exposure_released_twice,         ///< takes an order that is done off the exposure twice
  refused_not_exposed,             ///< leaves out of the exposure what waits for a person
  answer_without_a_field,          ///< leaves a field out of a gateway's answer

  // The same key again
  skip_recall,             ///< takes a repeated key that was accepted for a new order
  declines_forgotten,      ///< takes a repeated key that was declined for a new order
  other_bytes_on_recall,   ///< gives an answer again in other bytes
  withdrawn_though_told,   ///< takes an answer for undelivered that a waiting retry was given
  another_party_on_retry,  ///< sends a retry to another party while what the first was sent may have happened

  // Forwarding
  unknown_to_another_party,    ///< sends a charge that may have happened to another party at once
  sent_again_after_a_loss,     ///< sends a POST again when its connection was lost on the way, as a pool does
  silence_is_not_done,         ///< takes a request that was never answered for one that did nothing
  timeout_is_declined,         ///< takes a late answer that never came for a no
  bare_409_is_proof,           ///< takes "409" for proof that the party has the order
  late_approval_settles_void,  ///< lets a late approval settle what its client was told is voided
  void_cancels_at_once,        ///< believes an order withdrawn whose forward may have happened

  // Replay
  replay_before_listening_ended,  ///< replays an order while its forward is still listened to
  replayed_without_key,           ///< replays without Standin-Key
  replayed_though_unrecognised,   ///< replays what may have happened to a party that does not recognise a repeat
  lease_ignored,                  ///< works on an order that somebody else is working on
  lease_without_fencing,          ///< records the outcome of a lease that was lost
  open_attempts_forgotten,        ///< forgets at start what was sent and never heard of
  intents_not_looked_for,         ///< leaves what was written down before it was sent to its client's retry
  none_believed_too_early,        ///< believes a finder's "none" while the charge may still come
  finder_ignores_card,            ///< takes any charge of the amount in the finder's window, whatever card and names
  fallen_taken_for_standing,      ///< takes a voided charge for one that stands
  reversal_not_done,              ///< believes undone what stands and is to be undone
  part_counts_as_whole,           ///< takes a partial settlement for the whole
  refusal_without_case,           ///< tells nobody that the party declined what was accepted
  held_without_case,              ///< tells nobody that an order waits for a person

  // Found in this program once
  refund_kept_as_shadow,    ///< grants a refund of its own charge in mode shadow, and only records it
  rest_of_match_forgotten,  ///< forgets what is still owed when the party turns out to have approved less
  sent_after_lease,         ///< stands still for longer than its lease, and sends all the same
  forgotten_yes_undone,     ///< undoes on its own word what the process before it may have told yes
  one_payload_remembered,   ///< forgets what the first payload of a key was told when another comes
};

constexpr auto all_bugs = [] {
  std::array<Bug, static_cast<std::size_t>(Bug::one_payload_remembered) + 1> bugs{};
  for (std::size_t i = 0; i < bugs.size(); ++i) bugs[i] = static_cast<Bug>(i);
  return bugs;
}();

#ifdef STANDIN_PLANTED_BUGS
/// Makes this mistake from now on, in place of any other; nothing: none.
void plant(std::optional<Bug> bug);
bool planted(Bug bug);
#else
constexpr bool planted(Bug) { return false; }
#endif

/// As `standin simulate --plant` spells it.
std::string_view name(Bug bug);
std::optional<Bug> parse_bug(std::string_view name);

}  // namespace standin
