#pragma once

#include <string>
#include <vector>

#include "journal/journal.h"

namespace standin {

/// In place of a journal that is not to be opened: keeps nothing, knows nothing of earlier orders, and says so. What
/// needs no journal is forwarded; nothing is promised (docs/semantics.md, "Running out").
class AbsentJournal final : public Journal {
 public:
  /// `reason`: said to whoever asks; `off`: the routes that do not stand in meanwhile, whatever their configured mode.
  AbsentJournal(std::string reason, std::vector<std::string> off) : reason_(std::move(reason)), off_(std::move(off)) {}

  Task<Kept> keep(NewOrder order) override;
  Task<Kept> conclude(Conclusion conclusion) override;
  Task<Applied> rebind(Lease lease, std::string upstream) override;
  /// True: what is remembered is out of reach.
  bool used_before() const override { return true; }
  std::optional<Remembered> recall(const OrderKey&) const override { return std::nullopt; }
  Result<Sealed> answer(const Ulid& id) override;
  Result<Sealed> request(const Ulid& id) override;
  Task<Applied> mark_undelivered(Ulid id, State to, std::string why) override;
  Task<std::optional<Lease>> lease(Ulid id, std::string owner, WallTime until, Attempt attempt) override;
  Task<Applied> apply(Change change) override;
  Result<std::vector<OrderRow>> orders(const OrderFilter& filter) override;
  Result<std::vector<TransitionRow>> transitions(const Ulid& id) override;
  Result<std::vector<Attempt>> attempts(const Ulid& id) override;
  Result<std::size_t> waiting(const std::string& route) override;
  std::map<State, std::size_t> counts() const override { return {}; }
  Result<std::vector<FollowUpRow>> follow_ups(bool open_only) override;
  Task<Result<void>> update_follow_up(std::int64_t id, std::string action, std::string who, std::string text) override;
  Task<Result<void>> set_mode(ModeRow mode) override;
  Result<std::vector<ModeRow>> modes() override;
  Task<Result<void>> set_switch(SwitchRow row) override;
  Result<std::vector<SwitchRow>> switches() override { return std::vector<SwitchRow>(); }
  Result<std::optional<Ulid>> holder(const std::string& upstream, const std::string& upstream_reference) override;
  std::vector<Money> exposure() const override { return {}; }
  std::vector<Money> exposure_peak() const override { return {}; }
  JournalHealth health() const override { return {.promising = false, .reason = reason_}; }

 private:
  std::unexpected<Error> absent() const { return failure(reason_, "journal"); }

  const std::string reason_;
  const std::vector<std::string> off_;
};

}  // namespace standin
