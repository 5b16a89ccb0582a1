#include "base/planted.h"

#include <array>
#include <utility>

namespace standin {
namespace {

constexpr std::array<std::pair<Bug, std::string_view>, all_bugs.size()> names = {{
    {Bug::answer_before_commit, "answer_before_commit"},
    {Bug::commit_without_sync, "commit_without_sync"},
    {Bug::decline_while_commit_in_flight, "decline_while_commit_in_flight"},
    {Bug::unknown_commit_is_a_no, "unknown_commit_is_a_no"},
    {Bug::declines_not_kept, "declines_not_kept"},
    {Bug::intent_not_written, "intent_not_written"},
    {Bug::cap_not_in_transaction, "cap_not_in_transaction"},
    {Bug::exposure_released_twice, "exposure_released_twice"},
    {Bug::refused_not_exposed, "refused_not_exposed"},
    {Bug::answer_without_a_field, "answer_without_a_field"},
    {Bug::skip_recall, "skip_recall"},
    {Bug::declines_forgotten, "declines_forgotten"},
    {Bug::other_bytes_on_recall, "other_bytes_on_recall"},
    {Bug::withdrawn_though_told, "withdrawn_though_told"},
    {Bug::another_party_on_retry, "another_party_on_retry"},
    {Bug::unknown_to_another_party, "unknown_to_another_party"},
    {Bug::sent_again_after_a_loss, "sent_again_after_a_loss"},
    {Bug::silence_is_not_done, "silence_is_not_done"},
    {Bug::timeout_is_declined, "timeout_is_declined"},
    {Bug::bare_409_is_proof, "bare_409_is_proof"},
    {Bug::late_approval_settles_void, "late_approval_settles_void"},
    {Bug::void_cancels_at_once, "void_cancels_at_once"},
    {Bug::replay_before_listening_ended, "replay_before_listening_ended"},
    {Bug::replayed_without_key, "replayed_without_key"},
    {Bug::replayed_though_unrecognised, "replayed_though_unrecognised"},
    {Bug::lease_ignored, "lease_ignored"},
    {Bug::lease_without_fencing, "lease_without_fencing"},
    {Bug::open_attempts_forgotten, "open_attempts_forgotten"},
    {Bug::intents_not_looked_for, "intents_not_looked_for"},
    {Bug::none_believed_too_early, "none_believed_too_early"},
    {Bug::finder_ignores_card, "finder_ignores_card"},
    {Bug::fallen_taken_for_standing, "fallen_taken_for_standing"},
    {Bug::reversal_not_done, "reversal_not_done"},
    {Bug::part_counts_as_whole, "part_counts_as_whole"},
    {Bug::refusal_without_case, "refusal_without_case"},
    {Bug::held_without_case, "held_without_case"},
    {Bug::refund_kept_as_shadow, "refund_kept_as_shadow"},
    {Bug::rest_of_match_forgotten, "rest_of_match_forgotten"},
    {Bug::sent_after_lease, "sent_after_lease"},
    {Bug::forgotten_yes_undone, "forgotten_yes_undone"},
    {Bug::one_payload_remembered, "one_payload_remembered"},
}};

}  // namespace

#ifdef STANDIN_PLANTED_BUGS
namespace {

std::optional<Bug>& the_one() {
  static std::optional<Bug> bug;
  return bug;
}

}  // namespace

void plant(std::optional<Bug> bug) { the_one() = bug; }
bool planted(Bug bug) { return the_one() == bug; }
#endif

std::string_view name(Bug bug) {
  for (const auto& [each, its_name] : names) {
    if (each == bug) return its_name;
  }
  return "";
}

std::optional<Bug> parse_bug(std::string_view text) {
  for (const auto& [each, its_name] : names) {
    if (its_name == text) return each;
  }
  return std::nullopt;
}

}  // namespace standin
