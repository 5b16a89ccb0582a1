// An order's life: leases and fencing (P2), follow-ups (P3), late answers, declines that happened after all (P10).
#include <algorithm>

#include "contract/journal_contract.h"

namespace standin::contract {

using namespace std::chrono_literals;

namespace {

std::vector<State> path(Journal& journal, const Ulid& id) {
  std::vector<State> states;
  const auto transitions = journal.transitions(id);
  for (const TransitionRow& step : *transitions) states.push_back(step.to);
  return states;
}

std::size_t due_count(Journal& journal) { return journal.orders({.due_only = true})->size(); }

}  // namespace

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
  EXPECT_EQ(due_count(journal()), 0u);
  advance(1min);
  EXPECT_EQ(due_count(journal()), 1u);
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
  EXPECT_EQ(path(journal(), id), (std::vector{State::accepted, State::replaying, State::settled}));
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

// --- applying ---

TEST_P(JournalContract, AStepThatTheLifecycleDoesNotHaveIsRefusedAndChangesNothing) {
  const Ulid id = kept(an_order());
  EXPECT_EQ(apply(said(id, State::written_off)), Applied::not_allowed);
  EXPECT_EQ(apply(said(id, State::reversed)), Applied::not_allowed);
  EXPECT_EQ(path(journal(), id), std::vector{State::accepted});
  EXPECT_EQ(apply(said(an_order().id, State::held)), Applied::not_allowed) << "of an order that does not exist";
}

TEST_P(JournalContract, AnUpstreamReferenceBelongsToOneOrder) {
  const Ulid first = kept(an_order());
  const Ulid second = kept(an_order());
  ASSERT_EQ(apply(ended(*lease(first), State::matched, "replay", Outcome::approved, "A")), Applied::applied);
  const auto given = lease(second);
  EXPECT_EQ(apply(ended(*given, State::matched, "replay", Outcome::approved, "A")), Applied::reference_taken);
  EXPECT_EQ(state(second), State::replaying);
  EXPECT_TRUE(row(second).unresolved);
  EXPECT_NE(journal().attempts(second)->back().detail.find("another order"), std::string::npos);
  EXPECT_EQ(apply(ended(*given, State::settled, "replay", Outcome::approved, "B")), Applied::applied);
  EXPECT_EQ(row(second).upstream_reference, "B");
}

TEST_P(JournalContract, AnOrderWhoseReferenceIsTakenIsFreeForTheNextAttempt) {
  const Ulid first = kept(an_order());
  const Ulid second = kept(an_order());
  ASSERT_EQ(apply(ended(*lease(first), State::matched, "replay", Outcome::approved, "A")), Applied::applied);
  ASSERT_EQ(apply(ended(*lease(second), State::matched, "replay", Outcome::approved, "A")), Applied::reference_taken);
  EXPECT_TRUE(lease(second, "conclusion"));
}

TEST_P(JournalContract, AnUpstreamReferenceOfAnotherPartyIsAnotherReference) {
  const Ulid first = kept(an_order());
  NewOrder elsewhere = an_order();
  elsewhere.upstream = "other shop";
  const Ulid second = kept(elsewhere);
  ASSERT_EQ(apply(ended(*lease(first), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(apply(ended(*lease(second), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
}

TEST_P(JournalContract, TwoOrdersThatAdoptOneReferenceInOneBatchAreNotBothServed) {
  const auto first = *lease(kept(an_order()));
  const auto second = *lease(kept(an_order()));
  std::vector<Task<Applied>> tasks;
  tasks.push_back(journal().apply(ended(first, State::matched, "replay", Outcome::approved, "A")));
  tasks.push_back(journal().apply(ended(second, State::matched, "replay", Outcome::approved, "A")));
  const auto results = tested_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count(results, Applied::applied), 1);
  EXPECT_EQ(std::ranges::count(results, Applied::reference_taken), 1);
}

TEST_P(JournalContract, AnAttemptIsClosedWithItsOutcome) {
  const Ulid id = kept(an_order());
  Change failed = ended(*lease(id), State::accepted, "replay", Outcome::not_done);
  failed.due = now() + 5s;
  failed.attempt->detail = "connection refused";
  ASSERT_EQ(apply(failed), Applied::applied);
  const auto attempts = journal().attempts(id);
  ASSERT_EQ(attempts->size(), 1u);
  EXPECT_EQ(attempts->front().outcome, Outcome::not_done);
  EXPECT_EQ(attempts->front().detail, "connection refused");
  EXPECT_FALSE(attempts->front().open);
  EXPECT_EQ(path(journal(), id), (std::vector{State::accepted, State::replaying, State::accepted}));
  EXPECT_FALSE(lease(id)) << "backing off";
  advance(5s);
  EXPECT_TRUE(lease(id));
}

TEST_P(JournalContract, EveryTransitionSaysWhoWhenAndWhy) {
  const Ulid id = kept(an_order());
  advance(1s);
  ASSERT_EQ(apply(said(id, State::held)), Applied::applied);
  const auto transitions = journal().transitions(id);
  ASSERT_EQ(transitions->size(), 2u);
  EXPECT_EQ(transitions->back().who, "ann");
  EXPECT_EQ(transitions->back().why, "because");
  EXPECT_EQ(transitions->back().at, now());
}

TEST_P(JournalContract, HeldWithoutATimeWaitsForAPerson) {
  const Ulid id = kept(an_order_in_doubt());
  ASSERT_EQ(apply(said(id, State::held)), Applied::applied);
  Change nothing = ended({id, live_forward_token}, State::accepted, "live", Outcome::not_done);
  nothing.due = now();
  ASSERT_EQ(apply(nothing), Applied::applied);
  EXPECT_EQ(state(id), State::held) << "a late answer that did nothing does not put it back to work";
  advance(24h);
  EXPECT_FALSE(lease(id));
  ASSERT_EQ(apply(said(id, State::accepted, now())), Applied::applied);
  EXPECT_TRUE(lease(id));
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
  EXPECT_EQ(due_count(journal()), 1u);
}

// --- late answers ---

TEST_P(JournalContract, ALateApprovalThatIsFencedIsAQuestionForTheNextAttempt) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  const auto finder = lease(id, "finder");
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::fenced);
  EXPECT_EQ(state(id), State::replaying);
  Change none = ended(*finder, State::accepted, "finder", Outcome::not_done);
  none.due = now();
  ASSERT_EQ(apply(none), Applied::applied);
  EXPECT_TRUE(row(id).unresolved) << "a finder that began to look before the approval came has not seen it";
  Change none_again = ended(*lease(id, "finder"), State::accepted, "finder", Outcome::not_done);
  ASSERT_EQ(apply(none_again), Applied::applied);
  EXPECT_FALSE(row(id).unresolved);
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::fenced);
  EXPECT_TRUE(row(id).unresolved) << "it must look again before anything charges";
  EXPECT_EQ(journal().attempts(id)->back().outcome, Outcome::approved);
}

TEST_P(JournalContract, ALateApprovalOfACancelledOrderIsACaseForAPerson) {
  const Ulid id = kept(an_order_in_doubt());
  ASSERT_EQ(apply(said(id, State::cancelled)), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")),
            Applied::not_allowed);
  EXPECT_EQ(state(id), State::cancelled);
  EXPECT_EQ(row(id).done_after_all, true);
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_NE(open_cases().front().reason.find("charged though cancelled"), std::string::npos);
}

TEST_P(JournalContract, ASecondStandingApprovalIsACaseAndTheFirstReferenceStays) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "B")), Applied::fenced);
  EXPECT_EQ(row(id).upstream_reference, "A");
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_NE(open_cases().front().reason.find("second standing approval"), std::string::npos);
}

TEST_P(JournalContract, ALateApprovalOfTheSameReferenceIsNoCase) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::fenced);
  EXPECT_TRUE(open_cases().empty());
}

TEST_P(JournalContract, ADeclineThatHappenedAfterAllIsReversed) {
  NewOrder doubtful = a_decline("k", true);
  doubtful.state = State::reversing;
  doubtful.forward = Outcome::unknown;
  doubtful.due = now() + 1min;
  const Ulid id = kept(doubtful);
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::reversing, "live", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(row(id).upstream_reference, "A");
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id, "reversal"), State::reversed, "reversal", Outcome::approved)), Applied::applied);
  EXPECT_EQ(path(journal(), id), (std::vector{State::reversing, State::reversed}));
}

// --- undelivered ---

TEST_P(JournalContract, AnUndeliveredOrderThatIsHeldStaysUntilAPersonReleasesIt) {
  const Ulid id = kept(an_order());
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "client gone")), Applied::applied);
  EXPECT_EQ(state(id), State::held);
  EXPECT_TRUE(row(id).undelivered);
  advance(24h);
  EXPECT_EQ(due_count(journal()), 0u);
  EXPECT_FALSE(lease(id));
  EXPECT_EQ(exposure(), 100);
}

TEST_P(JournalContract, AnUndeliveredOrderMayBeReplayedOrCancelledInstead) {
  const Ulid replayed = kept(an_order());
  const Ulid reversed = kept(an_order());
  ASSERT_EQ(tested_->run(journal().mark_undelivered(replayed, State::accepted, "client gone")), Applied::applied);
  ASSERT_EQ(tested_->run(journal().mark_undelivered(reversed, State::cancelling, "client gone")), Applied::applied);
  EXPECT_TRUE(row(replayed).undelivered);
  EXPECT_TRUE(lease(replayed));
  EXPECT_EQ(state(reversed), State::cancelling);
}

TEST_P(JournalContract, AWithdrawnOrderThatTurnsOutToStandIsUndoneAndNotSettled) {
  const Ulid id = kept(an_order_in_doubt());
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::cancelling, "client gone")), Applied::applied);
  Change late = ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A");
  late.due = now();
  ASSERT_EQ(apply(late), Applied::applied);
  EXPECT_EQ(state(id), State::cancelling);
  EXPECT_EQ(row(id).upstream_reference, "A");
  ASSERT_EQ(apply(ended(*lease(id, "reversal"), State::cancelled, "reversal", Outcome::approved)), Applied::applied);
  EXPECT_EQ(exposure(), 0);
}

TEST_P(JournalContract, AWithdrawnOrderThatThePartyDeclinedIsNobodysCase) {
  const Ulid id = kept(an_order_in_doubt());
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::cancelling, "client gone")), Applied::applied);
  Change late = ended({id, live_forward_token}, State::refused, "live", Outcome::declined);
  late.follow_up = "collect from the customer";
  late.due = now();
  ASSERT_EQ(apply(late), Applied::applied);
  EXPECT_EQ(state(id), State::cancelling);
  EXPECT_FALSE(row(id).unresolved);
  EXPECT_TRUE(open_cases().empty());
  EXPECT_TRUE(lease(id, "conclusion"));
}

TEST_P(JournalContract, AnUndeliveredDeclineIsOnlyMarked) {
  const Ulid id = kept(a_decline("no", true));
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::declined, "client gone")), Applied::applied);
  EXPECT_TRUE(row(id).undelivered);
  EXPECT_EQ(path(journal(), id), std::vector{State::declined});
}

TEST_P(JournalContract, AnUndeliveredOrderThatWasSettledMeanwhileIsOnlyMarked) {
  const Ulid id = kept(an_order());
  apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved));
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "client gone")), Applied::applied);
  EXPECT_EQ(state(id), State::settled);
  EXPECT_TRUE(row(id).undelivered);
}

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
