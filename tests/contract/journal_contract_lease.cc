// One owner at a time: leases, fencing (P2), and what a new owner must ask first.
#include <algorithm>

#include "contract/journal_contract.h"

namespace standin::contract {

using namespace std::chrono_literals;

// --- leases ---

TEST_P(JournalContract, OfTenLeasesAtOnceOneIsGiven) {
  const Ulid id = kept(an_order());
  std::vector<Task<std::optional<Lease>>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(journal().lease(id, "replay", now() + 30s, {.kind = "replay"}));
  const auto leases = tested_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count_if(leases, [](const auto& given) { return given.has_value(); }), 1);
  EXPECT_EQ(row(id).attempts, 1);
}

TEST_P(JournalContract, ALeaseOpensItsAttemptDurably) {
  const Ulid id = kept(an_order());
  const auto given = lease(id);
  ASSERT_TRUE(given);
  EXPECT_GT(given->token, live_forward_token);
  tested_->restart_from_copy();
  EXPECT_EQ(state(id), State::replaying);
  EXPECT_TRUE(row(id).unresolved);
  const auto attempts = journal().attempts(id);
  ASSERT_EQ(attempts->size(), 1u);
  EXPECT_EQ(attempts->front().kind, "replay");
  EXPECT_EQ(attempts->front().target, "http://shop");
  EXPECT_EQ(attempts->front().outcome, Outcome::unknown);
  EXPECT_TRUE(attempts->front().open);
}

TEST_P(JournalContract, NothingIsLeasedBeforeItIsDueOrWhileItsForwardIsListenedFor) {
  const Ulid id = kept(an_order_in_doubt());
  EXPECT_FALSE(lease(id));
  EXPECT_EQ(apply(said(id, State::accepted, now())), Applied::applied);
  EXPECT_FALSE(lease(id)) << "a person's word does not end the listening";
  EXPECT_EQ(due_count(), 0u);
  advance(1min);
  EXPECT_EQ(due_count(), 1u);
  EXPECT_TRUE(lease(id));
}

TEST_P(JournalContract, ListeningThatEndedEarlyMakesWay) {
  const Ulid id = kept(an_order_in_doubt());
  Change heard = ended({id, live_forward_token}, State::accepted, "live", Outcome::not_done);
  heard.due = now();
  ASSERT_EQ(apply(heard), Applied::applied);
  EXPECT_FALSE(row(id).unresolved);
  EXPECT_EQ(row(id).done_after_all, false);
  EXPECT_TRUE(lease(id));
}

TEST_P(JournalContract, ListeningOutlivesTheProcess) {
  const Ulid id = kept(an_order_in_doubt());
  tested_->restart();
  EXPECT_FALSE(lease(id)) << "the forward may still be running at the party";
  advance(1min);
  EXPECT_TRUE(lease(id));
}

TEST_P(JournalContract, AnExpiredLeaseIsTakenAndItsOldTokenRecordsNothing) {
  const Ulid id = kept(an_order());
  const auto first = lease(id);
  EXPECT_FALSE(lease(id));
  advance(31s);
  const auto second = lease(id);
  ASSERT_TRUE(second);
  EXPECT_GT(second->token, first->token);
  EXPECT_EQ(apply(ended(*first, State::refused, "replay", Outcome::declined)), Applied::fenced);
  EXPECT_EQ(state(id), State::replaying);
  EXPECT_EQ(apply(ended(*second, State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(path(id), (std::vector{State::accepted, State::replaying, State::settled}));
}

TEST_P(JournalContract, AnExpiredLeaseThatNobodyTookStillRecords) {
  const Ulid id = kept(an_order());
  const auto given = lease(id);
  advance(1h);
  EXPECT_EQ(apply(ended(*given, State::settled, "replay", Outcome::approved, "A")), Applied::applied);
}

TEST_P(JournalContract, TheLiveListenerIsFencedOnceSomebodyLeased) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_TRUE(lease(id, "finder"));
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::refused, "live", Outcome::declined)), Applied::fenced);
}

TEST_P(JournalContract, TheLiveListenerRecordsAfterItsTimeUntilSomebodyLeases) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1h);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(row(id).done_after_all, true);
}

TEST_P(JournalContract, APersonWaitsForTheReplayThatIsAtIt) {
  const Ulid id = kept(an_order());
  ASSERT_TRUE(lease(id));
  EXPECT_EQ(apply(said(id, State::held)), Applied::fenced);
  advance(31s);
  EXPECT_EQ(apply(said(id, State::held)), Applied::applied);
}

TEST_P(JournalContract, LeasesOfAnEarlierProcessAreVoidAndTheirTokensFenced) {
  const Ulid id = kept(an_order());
  const auto before = lease(id);
  tested_->restart();
  const auto after = lease(id);
  ASSERT_TRUE(after);
  EXPECT_EQ(apply(ended(*before, State::refused, "replay", Outcome::declined)), Applied::fenced);
}

TEST_P(JournalContract, WhatHasEndedIsNotLeased) {
  const Ulid settled = kept(an_order());
  apply(ended({settled, live_forward_token}, State::settled, "live", Outcome::approved));
  const Ulid declined = kept(a_decline("no", true));
  const Ulid refused = kept(an_order());
  apply(ended({refused, live_forward_token}, State::refused, "live", Outcome::declined));
  for (const std::string kind : {"replay", "finder", "reversal"}) {
    EXPECT_FALSE(lease(settled, kind));
    EXPECT_FALSE(lease(declined, kind));
    EXPECT_FALSE(lease(refused, kind));
  }
}

TEST_P(JournalContract, WhatWasDeclinedIsNeverReplayedAndWhatWasAcceptedNeverReversed) {
  NewOrder doubtful = a_decline("k", true);
  doubtful.state = State::reversing;
  doubtful.forward = Outcome::unknown;
  const Ulid reversing = kept(doubtful);
  const Ulid accepted = kept(an_order());
  EXPECT_FALSE(lease(reversing, "replay"));
  EXPECT_FALSE(lease(accepted, "reversal"));
  EXPECT_TRUE(lease(reversing, "reversal"));
  EXPECT_EQ(state(reversing), State::reversing);
}

// --- questions: whether the finder must go first ---

TEST_P(JournalContract, AQuestionStaysOpenUntilAnAttemptAnswersIt) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id), State::accepted, "replay", Outcome::not_done)), Applied::applied);
  EXPECT_TRUE(row(id).unresolved) << "a replay that could not connect says nothing of the forward";
  Change found_nothing = ended(*lease(id, "finder"), State::accepted, "finder", Outcome::not_done);
  ASSERT_EQ(apply(found_nothing), Applied::applied);
  EXPECT_FALSE(row(id).unresolved);
}

TEST_P(JournalContract, AFinderThatCouldNotTellLeavesTheQuestionOpen) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  Change down = ended(*lease(id, "finder"), State::held, "finder", Outcome::unknown);
  down.due = now();
  ASSERT_EQ(apply(down), Applied::applied);
  EXPECT_TRUE(row(id).unresolved);
}

TEST_P(JournalContract, AReplayThatTimedOutIsAQuestion) {
  const Ulid id = kept(an_order());
  Change lost = ended(*lease(id), State::held, "replay", Outcome::unknown);
  lost.due = now();
  ASSERT_EQ(apply(lost), Applied::applied);
  EXPECT_TRUE(row(id).unresolved);
}

TEST_P(JournalContract, AReplayThatDiedIsAQuestionForTheNextProcess) {
  const Ulid id = kept(an_order());
  ASSERT_TRUE(lease(id));
  tested_->restart();
  EXPECT_TRUE(row(id).unresolved);
  EXPECT_EQ(state(id), State::replaying);
  EXPECT_EQ(due_count(), 1u);
}

}  // namespace standin::contract
