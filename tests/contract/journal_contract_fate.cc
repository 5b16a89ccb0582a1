// What becomes of an intent whose client was not answered, and what is listed of those that were.
#include "contract/journal_contract.h"

namespace standin::contract {

using namespace std::chrono_literals;

TEST_P(JournalContract, AnIntentThatDidNothingLapsesAndItsKeyIsFreeAgain) {
  const Ulid lapsed = kept(an_intent("k"));
  ASSERT_EQ(apply(ended({lapsed, live_forward_token}, State::lapsed, "live", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(journal().recall(key_of("k"))->state, State::lapsed);
  EXPECT_EQ(due_count(), 0u);
  const Ulid again = kept(an_intent("k"));
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(journal().recall(key_of("k"))->id, again);
    EXPECT_EQ(journal().counts(), (std::map<State, std::size_t>{{State::charging, 1}, {State::lapsed, 1}}));
    tested_->restart();
  }
}

TEST_P(JournalContract, AnApprovalAfterTheIntentLapsedIsACaseForAPerson) {
  const Ulid id = kept(an_intent("k"));
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::lapsed, "live", Outcome::not_done)), Applied::applied);
  kept(an_intent("k"));
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")),
            Applied::not_allowed);
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_EQ(open_cases().front().order, id);
  EXPECT_NE(open_cases().front().reason.find("charged though lapsed"), std::string::npos);
  EXPECT_NE(open_cases().front().reason.find("'A'"), std::string::npos);
}

TEST_P(JournalContract, AConclusionThatCameAfterTheIntentLapsedLeavesItsApprovalBehind) {
  const Ulid id = kept(an_intent("k"));
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::lapsed, "live", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(conclude(by_party({id, live_forward_token}, State::settled, Outcome::approved, "A")), Kept::not_kept);
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_NE(open_cases().front().reason.find("charged though lapsed"), std::string::npos);
}

TEST_P(JournalContract, ATryThatDidNothingDoesNotEndAnIntentThatMayHaveHappenedBefore) {
  const Ulid id = kept(an_intent());
  Change unheard = ended({id, live_forward_token}, State::charging, "live", Outcome::unknown);
  unheard.due = now();
  ASSERT_EQ(apply(unheard), Applied::applied);
  ASSERT_EQ(apply(ended(*lease(id, "live"), State::lapsed, "live", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(state(id), State::charging);
  ASSERT_EQ(apply(ended(*lease(id, "finder"), State::lapsed, "finder", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(state(id), State::lapsed) << "the finder looked for all of them";
}

TEST_P(JournalContract, AnIntentThatThePartyDidIsSettledWithoutAnAnswer) {
  const Ulid id = kept(an_intent("k"));
  advance(1min);
  ASSERT_EQ(apply(ended(*lease(id, "finder"), State::settled, "finder", Outcome::approved, "A")), Applied::applied);
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(journal().recall(key_of("k"))->state, State::settled);
    EXPECT_FALSE(journal().recall(key_of("k"))->answered);
    EXPECT_FALSE(journal().answer(id));
    EXPECT_FALSE(row(id).accepted);
    EXPECT_FALSE(row(id).done_after_all) << "nobody stood in for it";
    tested_->restart();
  }
  EXPECT_EQ(keep(an_intent("k")), Kept::not_kept) << "it stands";
}

TEST_P(JournalContract, ADeclineThatNobodyHeardEndsTheIntent) {
  const Ulid id = kept(an_intent("k"));
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::declined, "live", Outcome::declined)), Applied::applied);
  EXPECT_EQ(state(id), State::declined);
  EXPECT_EQ(keep(an_intent("k")), Kept::kept);
}

TEST_P(JournalContract, AnIntentThatIsWithdrawnIsUndoneAndItsKeyIsFreeAgain) {
  const Ulid id = kept(an_intent("k"));
  Change left = ended({id, live_forward_token}, State::reversing, "live", Outcome::unknown);
  left.due = now();
  ASSERT_EQ(apply(left), Applied::applied);
  EXPECT_EQ(keep(an_intent("k")), Kept::not_kept) << "it may yet stand";
  ASSERT_EQ(apply(ended(*lease(id, "finder"), State::reversed, "finder", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(keep(an_intent("k")), Kept::kept);
}

// --- held for a person ---

TEST_P(JournalContract, AnIntentThatOnlyAPersonCanJudgeIsTheirsAndOwesNothing) {
  const Ulid id = kept(an_intent("k"));
  advance(1min);
  Change ask = ended(*lease(id, "conclusion"), State::charging, "conclusion", Outcome::unknown);
  ask.due = never_due;
  ask.follow_up = "look it up at the party";
  ASSERT_EQ(apply(ask), Applied::applied);
  EXPECT_EQ(state(id), State::held);
  EXPECT_EQ(exposure(), 0);
  EXPECT_EQ(journal().waiting("orders").value(), 0u);
  EXPECT_FALSE(journal().recall(key_of("k"))->answered);
  EXPECT_EQ(keep(an_intent("k")), Kept::not_kept);
  EXPECT_FALSE(lease(id, "live"));
  tested_->restart();
  EXPECT_EQ(exposure(), 0);
  ASSERT_EQ(open_cases().size(), 1u);
  ASSERT_TRUE(act_on(open_cases().front().id, "written_off"));
  EXPECT_EQ(state(id), State::written_off);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::fenced);
  ASSERT_EQ(open_cases().size(), 1u) << "the charge stands, whatever was written off";
}

TEST_P(JournalContract, ALateApprovalOfAHeldIntentReachesThePerson) {
  const Ulid id = kept(an_intent());
  advance(1min);
  Change ask = ended(*lease(id, "conclusion"), State::held, "conclusion", Outcome::unknown);
  ask.follow_up = "look it up at the party";
  ASSERT_EQ(apply(ask), Applied::applied);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::fenced);
  ASSERT_EQ(open_cases().size(), 2u);
  EXPECT_NE(open_cases().back().reason.find("'A'"), std::string::npos);
}

TEST_P(JournalContract, AHeldIntentStaysWithThePersonUntilTheyReleaseItToBeLookedForAgain) {
  const Ulid id = kept(an_intent());
  ASSERT_EQ(apply(said(id, State::held)), Applied::applied);
  for (const State to : {State::lapsed, State::declined, State::charging}) {
    ASSERT_EQ(apply(ended({id, live_forward_token}, to, "live", Outcome::not_done)), Applied::applied);
    EXPECT_EQ(state(id), State::held);
  }
  EXPECT_EQ(apply(said(id, State::accepted)), Applied::not_allowed) << "nobody was promised anything";
  ASSERT_EQ(apply(said(id, State::held, now())), Applied::applied);
  EXPECT_FALSE(lease(id, "replay"));
  const auto finder = lease(id, "finder");
  ASSERT_TRUE(finder);
  EXPECT_EQ(state(id), State::charging);
  EXPECT_EQ(apply(ended(*finder, State::settled, "finder", Outcome::approved, "A")), Applied::applied);
}

// --- what stands behind a charge ---

TEST_P(JournalContract, WhatStandsBehindAChargeAddsNothingToWhatIsOwed) {
  const Ulid charge = kept(an_order());
  NewOrder capture = an_order();
  capture.behind = charge;
  capture.facts.amount.reset();
  NewOrder refund = an_order();
  refund.behind = charge;
  refund.caps = {Money{1, *Currency::parse("USD")}};
  const Ulid first = kept(capture);
  const Ulid second = kept(refund);
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(exposure(), 100);
    EXPECT_EQ(tested_->stored_exposure("USD"), 100);
    EXPECT_EQ(row(first).behind, charge);
    EXPECT_EQ(row(second).behind, charge);
    EXPECT_FALSE(row(charge).behind);
    tested_->restart();
  }
  ASSERT_EQ(apply(ended(*lease(second), State::refused, "replay", Outcome::declined)), Applied::applied);
  EXPECT_EQ(exposure(), 100);
}

// --- lists and switches ---

TEST_P(JournalContract, AListShowsWhatWasDecidedHereAndNotEveryCharge) {
  const Ulid settled = charged("A");
  const Ulid under_way = kept(an_intent());
  const Ulid stood_in = kept(an_order());
  const Ulid held = kept(an_intent());
  ASSERT_EQ(apply(said(held, State::held)), Applied::applied);
  EXPECT_EQ(journal().orders({})->size(), 2u);
  EXPECT_EQ(journal().orders({.include_shadow = true})->size(), 2u);
  EXPECT_EQ(journal().orders({.include_live = true})->size(), 4u);
  EXPECT_TRUE(journal().orders({.state = State::settled})->empty());
  EXPECT_EQ(journal().orders({.state = State::settled, .include_live = true})->size(), 1u);
  EXPECT_EQ(journal().orders({.state = State::accepted})->front().id, stood_in);
  EXPECT_EQ(journal().orders({.state = State::held})->front().id, held);
  EXPECT_EQ(journal().orders({.state = State::charging})->front().id, under_way);
  EXPECT_EQ(journal().orders({.id = settled})->size(), 1u);
  advance(1min);
  EXPECT_EQ(journal().orders({.state = State::charging, .due_only = true})->front().id, under_way);
  EXPECT_EQ(journal().waiting("orders").value(), 1u);
}

TEST_P(JournalContract, AnOrderIsFoundByTheMillisecondInWhichItsIdWasMade) {
  kept(an_order());
  advance(1ms);
  const WallTime made = now();
  const Ulid first = kept(an_order());
  const Ulid second = charged("A");
  advance(1ms);
  kept(an_order());
  const auto found = journal().orders({.id_made = made});
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->front().id, second);
  EXPECT_EQ(found->back().id, first);
}

TEST_P(JournalContract, ASwitchOutlivesTheProcessUntilItIsRestored) {
  const auto set = [&](SwitchRow row) { ASSERT_TRUE(tested_->run(journal().set_switch(std::move(row)))); };
  set({.upstream = "gateway", .key = "SE", .who = "ann", .why = "first"});
  set({.upstream = "gateway", .key = "SE", .until = now() + 30min, .who = "ann", .why = "the acquirer is down"});
  set({.upstream = "gateway", .who = "ann"});
  set({.upstream = "gateway", .cut = false, .who = "ann"});
  tested_->restart();
  const auto switches = journal().switches();
  ASSERT_EQ(switches->size(), 1u);
  EXPECT_EQ(switches->front().upstream, "gateway");
  EXPECT_EQ(switches->front().key, "SE");
  EXPECT_EQ(switches->front().until, now() + 30min);
  EXPECT_EQ(switches->front().why, "the acquirer is down");
  EXPECT_TRUE(switches->front().cut);
}

}  // namespace standin::contract
