// An order's steps: what attempts, late answers, vanished clients and persons make of it (P2, P10).
#include <algorithm>

#include "contract/journal_contract.h"

namespace standin::contract {

using namespace std::chrono_literals;

// --- applying ---

TEST_P(JournalContract, AStepThatTheLifecycleDoesNotHaveIsRefusedAndChangesNothing) {
  const Ulid id = kept(an_order());
  EXPECT_EQ(apply(said(id, State::written_off)), Applied::not_allowed);
  EXPECT_EQ(apply(said(id, State::reversed)), Applied::not_allowed);
  EXPECT_EQ(path(id), std::vector{State::accepted});
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
  EXPECT_EQ(path(id), (std::vector{State::accepted, State::replaying, State::accepted}));
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

TEST_P(JournalContract, AnOrderThatWasAnsweredIsNeverAnIntentAgain) {
  const Ulid id = kept(an_order_in_doubt());
  ASSERT_EQ(apply(said(id, State::held)), Applied::applied);
  EXPECT_EQ(apply(said(id, State::charging, now())), Applied::not_allowed);
  EXPECT_EQ(state(id), State::held);
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
  ASSERT_EQ(apply(said(id, State::cancelling)), Applied::applied);
  ASSERT_EQ(apply(said(id, State::cancelled)), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")),
            Applied::not_allowed);
  EXPECT_EQ(state(id), State::cancelled);
  EXPECT_EQ(row(id).done_after_all, true);
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_NE(open_cases().front().reason.find("charged though cancelled"), std::string::npos);
}

TEST_P(JournalContract, ASecondStandingApprovalIsAnOrderToBeUndoneAndTheFirstReferenceStays) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "B")), Applied::fenced);
  EXPECT_EQ(row(id).upstream_reference, "A");
  EXPECT_EQ(state(id), State::settled);
  EXPECT_TRUE(open_cases().empty());
  for (int process = 0; process < 2; ++process) {
    const auto undo = journal().orders({.due_only = true});
    ASSERT_EQ(undo->size(), 1u);
    const OrderRow& second = undo->front();
    EXPECT_EQ(second.state, State::reversing);
    EXPECT_EQ(second.behind, id);
    EXPECT_EQ(second.upstream, "shop");
    EXPECT_EQ(second.upstream_reference, "B");
    EXPECT_EQ(second.facts.amount, row(id).facts.amount);
    EXPECT_FALSE(second.accepted || second.stood_in || second.unresolved);
    EXPECT_EQ(path(second.id), std::vector{State::reversing});
    EXPECT_EQ(exposure(), 0);
    tested_->restart();
  }
}

TEST_P(JournalContract, TheSecondChargeIsUndoneOnceHoweverOftenItIsHeardOf) {
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  for (const std::string reference : {"B", "B", "C", "B"}) {
    ASSERT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, reference)),
              Applied::fenced);
  }
  const auto undo = journal().orders({.due_only = true});
  ASSERT_EQ(undo->size(), 2u);
  for (const OrderRow& second : *undo) {
    const auto given = lease(second.id, "reversal");
    ASSERT_TRUE(given);
    ASSERT_EQ(apply(ended(*given, State::reversed, "reversal", Outcome::approved)), Applied::applied);
  }
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "B")), Applied::fenced);
  EXPECT_EQ(due_count(), 0u);
  EXPECT_EQ(journal().counts(), (std::map<State, std::size_t>{{State::settled, 1}, {State::reversed, 2}}));
  EXPECT_TRUE(open_cases().empty());
  tested_->restart();
  EXPECT_EQ(journal().counts(), (std::map<State, std::size_t>{{State::settled, 1}, {State::reversed, 2}}));
}

TEST_P(JournalContract, ASecondChargeThatAnotherOrderHasIsACaseForAPerson) {
  const Ulid other = kept(an_order());
  ASSERT_EQ(apply(ended(*lease(other), State::settled, "replay", Outcome::approved, "B")), Applied::applied);
  const Ulid id = kept(an_order_in_doubt());
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "B")), Applied::fenced);
  EXPECT_EQ(due_count(), 0u);
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_NE(open_cases().front().reason.find("another order"), std::string::npos);
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
  EXPECT_EQ(path(id), (std::vector{State::reversing, State::reversed}));
}

// --- undelivered ---

TEST_P(JournalContract, AnUndeliveredOrderThatIsHeldStaysUntilAPersonReleasesIt) {
  const Ulid id = kept(an_order());
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "client gone")), Applied::applied);
  EXPECT_EQ(state(id), State::held);
  EXPECT_TRUE(row(id).undelivered);
  advance(24h);
  EXPECT_EQ(due_count(), 0u);
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

TEST_P(JournalContract, AVoidOfASettledChargeIsCancelledOrStandsAsItWas) {
  for (const bool granted : {true, false}) {
    const Ulid id = kept(an_order());
    ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved)), Applied::applied);
    const auto voiding = lease(id, "void");
    ASSERT_TRUE(voiding);
    EXPECT_EQ(state(id), State::cancelling) << "before the void is sent";
    EXPECT_TRUE(row(id).unresolved);
    EXPECT_FALSE(lease(id, "void")) << "one at a time";
    ASSERT_EQ(apply(ended(*voiding, State::cancelling, "void", Outcome::unknown)), Applied::applied);
    EXPECT_TRUE(row(id).unresolved);
    const State to = granted ? State::cancelled : State::settled;
    const Outcome told = granted ? Outcome::approved : Outcome::declined;
    ASSERT_EQ(apply(ended(*lease(id, "void"), to, "void", told)), Applied::applied);
    EXPECT_EQ(state(id), to);
    EXPECT_FALSE(row(id).unresolved);
  }
  EXPECT_TRUE(open_cases().empty());
  EXPECT_TRUE(journal().exposure().empty() || journal().exposure().front().minor == 0);
}

TEST_P(JournalContract, ARestThatAPersonClosedIsNotOwedAgainAfterAVoidThatWasRefused) {
  const Ulid id = kept(an_order());
  Change part = ended(*lease(id), State::settled, "replay", Outcome::approved, "A");
  part.settled_part = Money{60, *Currency::parse("USD")};
  ASSERT_EQ(apply(part), Applied::applied);
  ASSERT_TRUE(act_on(open_cases().front().id, "collected"));
  const auto voiding = lease(id, "void");
  ASSERT_TRUE(voiding);
  EXPECT_EQ(exposure(), 0) << "a person has the rest already";
  ASSERT_EQ(apply(ended(*voiding, State::cancelling, "void", Outcome::unknown)), Applied::applied);
  tested_->restart();
  EXPECT_EQ(exposure(), 0);
  ASSERT_EQ(apply(ended(*lease(id, "void"), State::settled, "void", Outcome::declined)), Applied::applied);
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(state(id), State::settled);
    EXPECT_EQ(exposure(), 0);
    EXPECT_TRUE(open_cases().empty()) << "nobody collects it twice";
    tested_->restart();
  }
}

TEST_P(JournalContract, ARestThatIsOwedStaysSoThroughAVoidThatWasRefused) {
  const Ulid id = kept(an_order());
  Change part = ended(*lease(id), State::settled, "replay", Outcome::approved, "A");
  part.settled_part = Money{60, *Currency::parse("USD")};
  ASSERT_EQ(apply(part), Applied::applied);
  const auto voiding = lease(id, "void");
  EXPECT_EQ(exposure(), 40);
  ASSERT_EQ(apply(ended(*voiding, State::settled, "void", Outcome::declined)), Applied::applied);
  EXPECT_EQ(exposure(), 40);
  EXPECT_EQ(open_cases().size(), 1u);
}

TEST_P(JournalContract, NothingButAVoidIsTakenOfASettledCharge) {
  const Ulid id = kept(an_order());
  ASSERT_EQ(apply(ended(*lease(id), State::settled, "replay", Outcome::approved)), Applied::applied);
  for (const char* const kind : {"replay", "finder", "reversal", "live", "conclusion"}) EXPECT_FALSE(lease(id, kind));
}

TEST_P(JournalContract, AnUndeliveredDeclineIsOnlyMarked) {
  const Ulid id = kept(a_decline("no", true));
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::declined, "client gone")), Applied::applied);
  EXPECT_TRUE(row(id).undelivered);
  EXPECT_EQ(path(id), std::vector{State::declined});
}

TEST_P(JournalContract, AnUndeliveredOrderIsHeldOnceTheTryUnderWayHasEnded) {
  const Ulid id = kept(an_order());
  const Lease replay = *lease(id);
  EXPECT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "client gone")), Applied::fenced);
  EXPECT_EQ(state(id), State::replaying);
  ASSERT_EQ(apply(ended(replay, State::accepted, "replay", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "client gone")), Applied::applied);
  EXPECT_EQ(state(id), State::held);
  EXPECT_FALSE(lease(id)) << "until a person says otherwise";
}

TEST_P(JournalContract, AnUndeliveredOrderThatIsHeldUntilTheNextTryIsWithdrawn) {
  const Ulid id = kept(an_order());
  Change unknown = ended(*lease(id), State::held, "replay", Outcome::unknown);
  unknown.due = an_order().created + std::chrono::hours(1);
  ASSERT_EQ(apply(unknown), Applied::applied);
  EXPECT_EQ(tested_->run(journal().mark_undelivered(id, State::cancelling, "client gone")), Applied::applied);
  EXPECT_EQ(state(id), State::cancelling);
}

TEST_P(JournalContract, AnUndeliveredOrderThatWasSettledMeanwhileIsOnlyMarked) {
  const Ulid id = kept(an_order());
  apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved));
  ASSERT_EQ(tested_->run(journal().mark_undelivered(id, State::held, "client gone")), Applied::applied);
  EXPECT_EQ(state(id), State::settled);
  EXPECT_TRUE(row(id).undelivered);
}

}  // namespace standin::contract
