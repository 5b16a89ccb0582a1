// When a person may close a case.
#include "journal/journal_test_support.h"

namespace standin {
namespace {

/// A charge that was settled in part, for whose rest there is a case.
class CaseOfACharge : public JournalOfATest {
 protected:
  void SetUp() override {
    journal_ = *SqliteJournal::open({.path = path_, .clock = &clock_, .executor = loop_.get_executor()});
    NewOrder order = an_order();
    id_ = order.id;
    ASSERT_EQ(run(journal_->keep(std::move(order))), Kept::kept);
    Change part = contract::ended(*lease("replay"), State::settled, "replay", Outcome::approved, "A");
    part.settled_part = Money{60, *Currency::parse("USD")};
    ASSERT_EQ(run(journal_->apply(part)), Applied::applied);
  }

  std::optional<Lease> lease(const std::string& kind) {
    return run(journal_->lease(id_, "replay", clock_.wall() + std::chrono::seconds(30), {.kind = kind}));
  }
  /// What became of it; the order is to be looked at again at `due`.
  void attempt(const std::string& kind, Outcome outcome, WallTime due) {
    Change change = contract::ended(*lease(kind), State::cancelling, kind, outcome);
    change.due = due;
    ASSERT_EQ(run(journal_->apply(change)), Applied::applied);
  }
  Result<void> act(const std::string& action) {
    const std::int64_t opened = journal_->follow_ups(true)->front().id;
    return run(journal_->update_follow_up(opened, action, "ann", "has paid"));
  }
  State state() { return journal_->orders({.id = id_})->front().state; }

  Ulid id_;
};

TEST_F(CaseOfACharge, IsNotClosedWhileItIsNotKnownWhetherAVoidWasGranted) {
  attempt("void", Outcome::unknown, clock_.wall());
  for (const char* const as : {"collected", "written_off"}) {
    const auto closed = act(as);
    ASSERT_FALSE(closed) << "the search for the void's outcome would end";
    EXPECT_NE(closed.error().what.find(id_.text()), std::string::npos) << closed.error().what;
  }
  EXPECT_EQ(state(), State::cancelling);
  EXPECT_EQ(journal_->follow_ups(true)->size(), 1u);
  EXPECT_EQ(journal_->orders({.due_only = true})->size(), 1u) << "the void is still looked for";
}

TEST_F(CaseOfACharge, IsClosedOnceItIsKnownAndTheVoidStaysKnown) {
  attempt("void", Outcome::unknown, clock_.wall());
  const Change found = contract::ended(*lease("finder"), State::cancelled, "finder", Outcome::not_done);
  ASSERT_EQ(run(journal_->apply(found)), Applied::applied);
  EXPECT_TRUE(act("collected"));
  EXPECT_EQ(state(), State::cancelled);
}

TEST_F(CaseOfACharge, IsNotClosedWhileAReversalIsUnanswered) {
  attempt("void", Outcome::not_done, clock_.wall());
  attempt("reversal", Outcome::unknown, clock_.wall());
  EXPECT_FALSE(act("collected"));
  EXPECT_EQ(state(), State::cancelling);
}

TEST_F(CaseOfACharge, IsClosedByThePersonWhoWasAskedToLookTheVoidUp) {
  attempt("void", Outcome::unknown, clock_.wall());
  attempt("conclusion", Outcome::unknown, never_due);
  EXPECT_TRUE(act("collected"));
  EXPECT_EQ(state(), State::collected);
}

TEST_F(CaseOfACharge, CanBeTakenAndNotedWhileAVoidIsUnanswered) {
  attempt("void", Outcome::unknown, clock_.wall());
  EXPECT_TRUE(act("take"));
  EXPECT_TRUE(act("note"));
}

/// Of an order whose client did not get the yes.
class CaseOfAnUndeliveredOrder : public CaseOfACharge {
 protected:
  void SetUp() override {
    journal_ = *SqliteJournal::open({.path = path_, .clock = &clock_, .executor = loop_.get_executor()});
    NewOrder order = an_order();
    id_ = order.id;
    ASSERT_EQ(run(journal_->keep(std::move(order))), Kept::kept);
    ASSERT_EQ(run(journal_->mark_undelivered(id_, State::held, "client gone")), Applied::applied);
  }
  void release() {
    const Change released{.lease = {id_, 0}, .to = State::held, .who = "ann", .why = "replay it", .due = clock_.wall()};
    ASSERT_EQ(run(journal_->apply(released)), Applied::applied);
  }
};

TEST_F(CaseOfAnUndeliveredOrder, WrittenOffWithdrawsIt) {
  EXPECT_TRUE(act("written_off"));
  EXPECT_EQ(state(), State::cancelling);
  EXPECT_TRUE(journal_->follow_ups(true)->empty());
  EXPECT_EQ(journal_->orders({.due_only = true})->size(), 1u) << "what may stand is looked for, and undone";
}

TEST_F(CaseOfAnUndeliveredOrder, CollectedIsThePersonsWord) {
  EXPECT_TRUE(act("collected"));
  EXPECT_EQ(state(), State::collected);
}

TEST_F(CaseOfAnUndeliveredOrder, IsNotClosedWhileItsPartyWouldChargeItToo) {
  release();
  ASSERT_TRUE(lease("replay"));
  clock_.advance(std::chrono::minutes(1));  // the process died
  EXPECT_EQ(state(), State::replaying);
  EXPECT_FALSE(act("collected"));
  const Change again = contract::ended(*lease("replay"), State::accepted, "replay", Outcome::not_done);
  ASSERT_EQ(run(journal_->apply(again)), Applied::applied);
  EXPECT_FALSE(act("collected"));
  EXPECT_EQ(journal_->follow_ups(true)->size(), 1u);
  const Change settled = contract::ended(*lease("replay"), State::settled, "replay", Outcome::approved, "A");
  ASSERT_EQ(run(journal_->apply(settled)), Applied::applied);
  EXPECT_TRUE(act("written_off"));
}

}  // namespace
}  // namespace standin
