#pragma once

#include "tests/virtual/scene.h"

namespace standin {

/// A journal whose disk is slow, or dies under a commit: the real one, and what happens to its replies.
class TroubledJournal final : public Journal {
 public:
  TroubledJournal(std::unique_ptr<Journal> real, Clock& clock) : real_(std::move(real)), clock_(clock) {}

  Duration keeping_takes{};
  std::optional<Kept> keeping_says;       ///< in place of the truth
  Duration marking_takes{};               ///< before it is begun
  Duration applying_takes{};              ///< before it is begun
  bool marking_fails = false;             ///< and is not begun
  bool concluding_fails = false;          ///< and is not begun
  std::optional<State> state_is;          ///< of whatever is recalled, in place of the truth
  std::function<void()> reading = [] {};  ///< called while an answer is read

  Task<Kept> keep(NewOrder order) override {
    if (keeping_says == Kept::not_kept) co_return Kept::not_kept;
    const Kept truth = co_await real_->keep(std::move(order));
    if (keeping_takes > Duration(0)) co_await clock_.sleep_for(keeping_takes);
    co_return keeping_says.value_or(truth);
  }
  Task<Kept> conclude(Conclusion conclusion) override {
    if (concluding_fails) co_return Kept::not_kept;
    co_return co_await real_->conclude(std::move(conclusion));
  }
  Task<Applied> rebind(Lease lease, std::string upstream) override { return real_->rebind(lease, std::move(upstream)); }
  bool used_before() const override { return real_->used_before(); }
  std::optional<Remembered> recall(const OrderKey& key) const override {
    auto known = keeping_says ? std::nullopt : real_->recall(key);
    if (known && state_is) known->state = *state_is;
    return known;
  }
  Result<Sealed> answer(const Ulid& id) override {
    reading();
    return real_->answer(id);
  }
  Result<Sealed> request(const Ulid& id) override { return real_->request(id); }
  Task<Applied> mark_undelivered(Ulid id, State to, std::string why) override {
    if (marking_takes > Duration(0)) co_await clock_.sleep_for(marking_takes);
    if (marking_fails) co_return Applied::failed;
    co_return co_await real_->mark_undelivered(id, to, std::move(why));
  }
  Task<std::optional<Lease>> lease(Ulid id, std::string owner, WallTime until, Attempt attempt) override {
    return real_->lease(id, std::move(owner), until, std::move(attempt));
  }
  Task<Applied> apply(Change change) override {
    if (applying_takes > Duration(0)) co_await clock_.sleep_for(applying_takes);
    co_return co_await real_->apply(std::move(change));
  }
  Result<std::vector<OrderRow>> orders(const OrderFilter& filter) override { return real_->orders(filter); }
  Result<std::vector<TransitionRow>> transitions(const Ulid& id) override { return real_->transitions(id); }
  Result<std::vector<Attempt>> attempts(const Ulid& id) override { return real_->attempts(id); }
  Result<std::size_t> waiting(const std::string& route) override { return real_->waiting(route); }
  std::map<State, std::size_t> counts() const override { return real_->counts(); }
  Result<std::vector<FollowUpRow>> follow_ups(bool open_only) override { return real_->follow_ups(open_only); }
  Task<Result<void>> update_follow_up(std::int64_t id, std::string action, std::string who, std::string text) override {
    return real_->update_follow_up(id, std::move(action), std::move(who), std::move(text));
  }
  Task<Result<void>> set_mode(ModeRow mode) override { return real_->set_mode(std::move(mode)); }
  Result<std::vector<ModeRow>> modes() override { return real_->modes(); }
  Task<Result<void>> set_switch(SwitchRow row) override { return real_->set_switch(std::move(row)); }
  Result<std::vector<SwitchRow>> switches() override { return real_->switches(); }
  Result<std::optional<Ulid>> holder(const std::string& upstream, const std::string& reference) override {
    return real_->holder(upstream, reference);
  }
  std::vector<Money> exposure() const override { return real_->exposure(); }
  std::vector<Money> exposure_peak() const override { return real_->exposure_peak(); }
  JournalHealth health() const override { return real_->health(); }

 private:
  std::unique_ptr<Journal> real_;
  Clock& clock_;
};

struct Troubled : Scene {
  Troubled() {
    journal = std::make_unique<TroubledJournal>(std::move(journal), world.clock());
    trouble = static_cast<TroubledJournal*>(journal.get());
    build();
  }
  TroubledJournal* trouble;
};

}  // namespace standin
