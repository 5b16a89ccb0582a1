// Bad disks, and long random lives: what is said must be what is stored.
#include <algorithm>
#include <random>

#include "contract/journal_contract.h"

namespace standin::contract {

TEST_P(JournalContract, OnAFullDiskNothingIsKeptAndItHealsByItself) {
  const Ulid before = kept(an_order("before"));
  tested_->disk(DiskFault::full);
  const NewOrder refused = an_order("refused");
  EXPECT_EQ(keep(refused), Kept::not_kept);
  EXPECT_FALSE(journal().health().promising);
  EXPECT_FALSE(journal().health().reason.empty());
  EXPECT_FALSE(journal().recall(refused.key));
  EXPECT_EQ(exposure(), 100);
  EXPECT_EQ(journal().recall(key_of("before"))->id, before);
  EXPECT_EQ(state(before), State::accepted);
  tested_->disk(DiskFault::none);
  EXPECT_EQ(keep(an_order("after")), Kept::kept);
  EXPECT_TRUE(journal().health().promising);
  EXPECT_EQ(exposure(), 200);
  tested_->restart();
  EXPECT_FALSE(journal().recall(refused.key));
  EXPECT_TRUE(journal().recall(key_of("after")));
}

TEST_P(JournalContract, OnAFullDiskNothingIsLeasedOrApplied) {
  const Ulid id = kept(an_order());
  tested_->disk(DiskFault::full);
  EXPECT_FALSE(lease(id));
  EXPECT_EQ(apply(said(id, State::held)), Applied::failed);
  EXPECT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "gone")), Applied::failed);
  EXPECT_FALSE(tested_->run(journal().set_mode({"orders", Mode::off, {}, "ann", "why"})));
  EXPECT_EQ(journal().counts(), (std::map<State, std::size_t>{{State::accepted, 1}}));
  tested_->disk(DiskFault::none);
  EXPECT_EQ(state(id), State::accepted);
  EXPECT_TRUE(lease(id));
}

TEST_P(JournalContract, OnADiskThatIsFullAtTheStartWhatIsThereIsReadAndItHealsByItself) {
  const Ulid before = kept(an_order("before"));
  ASSERT_TRUE(lease(before));
  tested_->disk(DiskFault::full);
  tested_->restart();
  EXPECT_FALSE(journal().health().promising);
  EXPECT_TRUE(journal().used_before());
  EXPECT_EQ(journal().recall(key_of("before"))->id, before);
  EXPECT_TRUE(journal().answer(before));
  EXPECT_TRUE(row(before).earlier) << "another process made it";
  EXPECT_EQ(exposure(), 100);
  EXPECT_EQ(keep(an_order("refused")), Kept::not_kept);
  EXPECT_FALSE(lease(before));
  tested_->disk(DiskFault::none);
  const Ulid after = kept(an_order("after"));
  EXPECT_TRUE(journal().health().promising);
  EXPECT_FALSE(row(after).earlier) << "this process made it";
  EXPECT_TRUE(row(before).earlier);
  EXPECT_TRUE(lease(before)) << "its earlier lease died with its process";
  tested_->restart();
  EXPECT_TRUE(row(after).earlier);
  EXPECT_EQ(exposure(), 200);
}

TEST_P(JournalContract, AFailedSyncIsUnknownAndNothingIsPromisedAfterIt) {
  const Ulid before = kept(an_order("before"));
  tested_->disk(DiskFault::sync_fails);
  EXPECT_EQ(keep(an_order("doubtful")), Kept::unknown);
  EXPECT_FALSE(journal().health().promising);
  tested_->disk(DiskFault::none);
  EXPECT_EQ(keep(an_order("after")), Kept::not_kept) << "a failed sync is final, even when the disk seems sound again";
  EXPECT_FALSE(journal().health().promising);
  EXPECT_EQ(journal().recall(key_of("before"))->id, before);
  EXPECT_TRUE(journal().answer(before));
  EXPECT_EQ(exposure(), 100);
}

TEST_P(JournalContract, AfterAFailedSyncTheNextProcessTellsTheTruth) {
  kept(an_order("before"));
  tested_->disk(DiskFault::sync_fails);
  EXPECT_EQ(keep(an_order("doubtful")), Kept::unknown);
  tested_->disk(DiskFault::none);
  tested_->restart();
  EXPECT_TRUE(journal().recall(key_of("before")));
  EXPECT_TRUE(journal().health().promising);
  const bool there = journal().recall(key_of("doubtful")).has_value();
  EXPECT_EQ(exposure(), there ? 200 : 100);
  EXPECT_EQ(tested_->stored_exposure("USD"), exposure());
}

TEST_P(JournalContract, AFailedWriteIsUnknownAndNothingIsPromisedAfterIt) {
  tested_->disk(DiskFault::write_fails);
  EXPECT_EQ(keep(an_order()), Kept::unknown);
  tested_->disk(DiskFault::none);
  EXPECT_EQ(keep(an_order()), Kept::not_kept);
}

namespace {

constexpr std::array walk_states = {State::accepted,  State::settled,     State::matched,    State::refused,
                                    State::cancelled, State::held,        State::cancelling, State::reversing,
                                    State::reversed,  State::written_off, State::charging,   State::lapsed,
                                    State::declined};
constexpr std::array walk_outcomes = {Outcome::approved, Outcome::declined, Outcome::not_done, Outcome::unknown};

/// One random step of one random order, by whoever may or may not have the right to it.
Change random_change(std::mt19937& chance, const Lease& lease, WallTime now) {
  Change change = ended(lease, walk_states[chance() % walk_states.size()], chance() % 2 ? "replay" : "live",
                        walk_outcomes[chance() % walk_outcomes.size()]);
  if (chance() % 3 == 0) change.due = now;
  if (chance() % 4 == 0) change.upstream_reference = "reference " + std::to_string(chance() % 20);
  if (chance() % 8 == 0)
    change.settled_part = Money{static_cast<std::int64_t>(chance() % 100), *Currency::parse("USD")};
  if (chance() % 4 == 0) change.lease.token = chance() % 3;
  return change;
}

Conclusion random_conclusion(std::mt19937& chance, const Lease& lease, WallTime now) {
  constexpr std::array ours = {State::accepted, State::declined, State::reversing};
  const std::string reference = "reference " + std::to_string(chance() % 20);
  Conclusion conclusion = chance() % 2
                              ? by_us(lease, ours[chance() % ours.size()], now, walk_outcomes[2 + chance() % 2])
                          : chance() % 2 ? by_party(lease, State::settled, Outcome::approved, reference)
                                         : by_party(lease, State::declined, Outcome::declined);
  conclusion.caps = {Money{2000, *Currency::parse("USD")}};
  return conclusion;
}

}  // namespace

TEST_P(JournalContract, ExposureIsWhatIsStoredAfterAnyWalk) {
  constexpr unsigned seed = 20261122;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 chance(seed);
  std::vector<Lease> leases;
  for (int step = 0; step < 400; ++step) {
    advance(std::chrono::seconds(chance() % 20));
    if (step % 50 == 0) tested_->disk(DiskFault::full);
    if (step % 50 == 3) tested_->disk(DiskFault::none);
    if (leases.empty() || chance() % 3 == 0) {
      NewOrder order = chance() % 5 == 0   ? a_decline("", false)
                       : chance() % 3 == 0 ? an_order_in_doubt()
                       : chance() % 2 == 0 ? an_intent()
                                           : an_order();
      order.caps = {Money{2000, *Currency::parse("USD")}};
      order.shadow = order.state != State::charging && chance() % 10 == 0;
      const Ulid id = order.id;
      if (keep(std::move(order)) == Kept::kept) leases.push_back({id, live_forward_token});
    } else if (Lease& picked = leases[chance() % leases.size()]; chance() % 2 == 0) {
      constexpr std::array kinds = {"replay", "finder", "live", "reversal"};
      if (const auto given = lease(picked.order, kinds[chance() % kinds.size()])) picked = *given;
    } else if (chance() % 3 == 0) {
      conclude(random_conclusion(chance, picked, now()));
    } else {
      apply(random_change(chance, picked, now()));
    }
    ASSERT_LE(exposure(), 2000) << "step " << step;
    if (step % 20 == 19) ASSERT_EQ(exposure(), tested_->stored_exposure("USD")) << "step " << step;
    if (step % 100 == 99) tested_->restart();
  }
  const auto orders = journal().orders({.include_live = true, .limit = 1000});
  std::map<State, std::size_t> counted;
  for (const OrderRow& order : *orders) ++counted[order.state];
  EXPECT_EQ(journal().counts(), counted);
}

}  // namespace standin::contract
