// What persons see: cases (P3), lists, counts and modes.
#include "contract/journal_contract.h"

namespace standin::contract {

using namespace std::chrono_literals;

// --- cases for a person ---

TEST_P(JournalContract, ARefusedOrderIsSomebodysCaseUntilItIsClosed) {
  const Ulid id = kept(an_order());
  ASSERT_EQ(apply(ended(*lease(id), State::refused, "replay", Outcome::declined)), Applied::applied);
  EXPECT_EQ(exposure(), 100) << "it is still owed";
  ASSERT_EQ(open_cases().size(), 1u);
  const FollowUpRow opened = open_cases().front();
  EXPECT_EQ(opened.order, id);
  EXPECT_EQ(opened.state, "open");
  ASSERT_TRUE(act_on(opened.id, "take"));
  EXPECT_EQ(open_cases().front().owner, "ann");
  ASSERT_TRUE(act_on(opened.id, "note"));
  ASSERT_TRUE(act_on(opened.id, "collected"));
  EXPECT_TRUE(open_cases().empty());
  EXPECT_EQ(state(id), State::collected);
  EXPECT_EQ(exposure(), 0);
  EXPECT_EQ(journal().follow_ups(false)->front().notes.size(), 3u);
}

TEST_P(JournalContract, ACaseIsClosedOnceAndOnlyAsWhatExists) {
  const Ulid id = kept(an_order());
  ASSERT_EQ(apply(ended(*lease(id), State::refused, "replay", Outcome::declined)), Applied::applied);
  const std::int64_t opened = open_cases().front().id;
  EXPECT_FALSE(act_on(opened, "forget"));
  EXPECT_FALSE(act_on(opened + 1, "take"));
  ASSERT_TRUE(act_on(opened, "written_off"));
  EXPECT_FALSE(act_on(opened, "collected"));
  EXPECT_EQ(state(id), State::written_off);
}

TEST_P(JournalContract, TheSameReasonOpensOneCase) {
  const Ulid id = kept(an_order());
  Change held = said(id, State::held);
  held.follow_up = "held for long";
  ASSERT_EQ(apply(held), Applied::applied);
  ASSERT_EQ(apply(held), Applied::applied);
  EXPECT_EQ(open_cases().size(), 1u);
}

TEST_P(JournalContract, ClosingACaseOfASettledOrderLeavesItSettled) {
  const Ulid id = kept(an_order());
  Change settled = ended({id, live_forward_token}, State::settled, "live", Outcome::approved);
  settled.follow_up = "the address is incomplete";
  ASSERT_EQ(apply(settled), Applied::applied);
  ASSERT_TRUE(act_on(open_cases().front().id, "collected"));
  EXPECT_EQ(state(id), State::settled);
}

TEST_P(JournalContract, TheRestOfAPartialSettlementIsOwedUntilItsCaseIsClosed) {
  const Ulid id = kept(an_order());
  Change part = ended(*lease(id), State::settled, "replay", Outcome::approved, "A");
  part.settled_part = Money{60, *Currency::parse("USD")};
  ASSERT_EQ(apply(part), Applied::applied);
  EXPECT_EQ(exposure(), 40);
  tested_->restart();
  EXPECT_EQ(exposure(), 40);
  ASSERT_EQ(open_cases().size(), 1u);
  ASSERT_TRUE(act_on(open_cases().front().id, "collected"));
  EXPECT_EQ(exposure(), 0);
  tested_->restart();
  EXPECT_EQ(exposure(), 0);
}

// --- lists, counts and modes ---

TEST_P(JournalContract, OrdersAreFoundByWhatTheyAre) {
  NewOrder other = an_order();
  other.route = "till";
  other.facts.customer = "dora";
  const Ulid till = kept(other);
  advance(1s);
  const Ulid declined = kept(a_decline("no", true));
  EXPECT_EQ(journal().orders({.route = "till"})->size(), 1u);
  EXPECT_EQ(journal().orders({.customer = "dora"})->front().id, till);
  EXPECT_EQ(journal().orders({.state = State::declined})->front().id, declined);
  EXPECT_EQ(journal().orders({.since = now()})->size(), 1u);
  EXPECT_EQ(journal().orders({.until = now() - 1s})->front().id, till);
  EXPECT_EQ(journal().orders({})->front().id, declined) << "the newest first";
  EXPECT_EQ(journal().orders({.limit = 1})->size(), 1u);
}

TEST_P(JournalContract, DueOrdersComeOldestFirstWithoutWhatIsLeasedOrEnded) {
  const Ulid first = kept(an_order());
  const Ulid second = kept(an_order());
  const Ulid third = kept(an_order());
  kept(a_decline("no", true));
  ASSERT_TRUE(lease(second));
  const auto due = journal().orders({.due_only = true});
  ASSERT_EQ(due->size(), 2u);
  EXPECT_EQ(due->front().id, first);
  EXPECT_EQ(due->back().id, third);
}

TEST_P(JournalContract, CountsFollowEveryStep) {
  const Ulid id = kept(an_order());
  kept(a_decline("no", true));
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(journal().counts(), (std::map<State, std::size_t>{{State::accepted, 1}, {State::declined, 1}}));
    tested_->restart();
  }
  ASSERT_TRUE(lease(id));
  EXPECT_EQ(journal().counts(), (std::map<State, std::size_t>{{State::replaying, 1}, {State::declined, 1}}));
}

TEST_P(JournalContract, AModeOutlivesTheProcess) {
  ASSERT_TRUE(tested_->run(journal().set_mode({"orders", Mode::off, {}, "ann", "first"})));
  ASSERT_TRUE(tested_->run(journal().set_mode({"orders", Mode::forced, now() + 30min, "ann", "the shop is down"})));
  tested_->restart();
  const auto modes = journal().modes();
  ASSERT_EQ(modes->size(), 1u);
  EXPECT_EQ(modes->front().route, "orders");
  EXPECT_EQ(modes->front().mode, Mode::forced);
  EXPECT_EQ(modes->front().until, now() + 30min);
  EXPECT_EQ(modes->front().why, "the shop is down");
}

}  // namespace standin::contract
