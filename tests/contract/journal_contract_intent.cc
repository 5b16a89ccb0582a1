// Intents: charges written before they are sent (P2), and how their clients are answered.
#include <algorithm>

#include "contract/journal_contract.h"

namespace standin::contract {

using namespace std::chrono_literals;

// --- before the first byte ---

TEST_P(JournalContract, AnIntentIsDurableAndAQuestionBeforeItsFirstByte) {
  const NewOrder intent = an_intent("k");
  ASSERT_EQ(keep(intent), Kept::kept);
  tested_->restart_from_copy();
  EXPECT_EQ(path(intent.id), std::vector{State::charging});
  EXPECT_EQ(journal().recall(key_of("k"))->state, State::charging);
  EXPECT_FALSE(journal().recall(key_of("k"))->answered);
  EXPECT_EQ(journal().request(intent.id)->ciphertext, intent.request.ciphertext);
  EXPECT_FALSE(journal().answer(intent.id)) << "nobody was told anything";
  const OrderRow read = row(intent.id);
  EXPECT_TRUE(read.unresolved);
  EXPECT_FALSE(read.accepted || read.answered || read.stood_in);
  const auto attempts = journal().attempts(intent.id);
  ASSERT_EQ(attempts->size(), 1u);
  EXPECT_EQ(attempts->front().kind, "live");
  EXPECT_TRUE(attempts->front().open);
  EXPECT_EQ(exposure(), 0);
}

TEST_P(JournalContract, AnIntentThatItsProcessDiedWithIsLookedForAtOnce) {
  const Ulid id = kept(an_intent());
  EXPECT_EQ(due_count(), 0u);
  EXPECT_FALSE(lease(id, "finder")) << "it is listened for";
  tested_->restart();
  EXPECT_EQ(due_count(), 1u);
  ASSERT_TRUE(lease(id, "finder"));
  EXPECT_EQ(state(id), State::charging);
  EXPECT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::fenced);
  EXPECT_TRUE(row(id).unresolved);
}

TEST_P(JournalContract, AnIntentThatWaitsForItsFinderStillWaitsInTheNextProcess) {
  const Ulid id = kept(an_intent());
  Change unheard = ended({id, live_forward_token}, State::charging, "live", Outcome::unknown);
  unheard.due = now() + 1h;
  ASSERT_EQ(apply(unheard), Applied::applied);
  tested_->restart();
  EXPECT_EQ(due_count(), 0u);
  advance(1h);
  EXPECT_EQ(due_count(), 1u);
}

TEST_P(JournalContract, AnIntentIsNeverReplayed) {
  const Ulid id = kept(an_intent());
  advance(1min);
  EXPECT_FALSE(lease(id, "replay"));
  EXPECT_FALSE(lease(id, "reversal"));
  for (const State promise : {State::accepted, State::replaying, State::refused}) {
    EXPECT_EQ(apply(said(id, promise)), Applied::not_allowed) << "nobody was promised anything";
  }
}

TEST_P(JournalContract, AClientsRetryNeedNotWaitUntilItsIntentIsDue) {
  const Ulid id = kept(an_intent());
  EXPECT_FALSE(lease(id, "live")) << "the first forward is still listened for";
  Change unheard = ended({id, live_forward_token}, State::charging, "live", Outcome::unknown);
  unheard.due = now() + 1h;
  ASSERT_EQ(apply(unheard), Applied::applied);
  EXPECT_FALSE(lease(id, "finder"));
  const auto retry = lease(id, "live");
  ASSERT_TRUE(retry);
  EXPECT_FALSE(lease(id, "live")) << "one at a time";
  EXPECT_EQ(conclude(by_party(*retry, State::settled, Outcome::approved, "A")), Kept::kept);
  EXPECT_EQ(journal().attempts(id)->size(), 2u);
}

TEST_P(JournalContract, AnOpenIntentGivesWayToNothing) {
  const Ulid id = kept(an_intent("k"));
  EXPECT_EQ(keep(an_intent("k")), Kept::not_kept);
  EXPECT_EQ(keep(an_order("k")), Kept::not_kept);
  EXPECT_EQ(journal().recall(key_of("k"))->id, id);
}

// --- the party's own answer ---

TEST_P(JournalContract, ThePartysAnswerIsKeptBeforeTheClientHasIt) {
  const Ulid id = charged("A", "k");
  tested_->take_copy();
  tested_->restart_from_copy();
  EXPECT_EQ(path(id), (std::vector{State::charging, State::settled}));
  EXPECT_EQ(journal().answer(id)->ciphertext, "answer of the party");
  EXPECT_EQ(journal().recall(key_of("k"))->state, State::settled);
  EXPECT_TRUE(journal().recall(key_of("k"))->answered);
  const OrderRow read = row(id);
  EXPECT_TRUE(read.accepted && read.answered);
  EXPECT_FALSE(read.stood_in || read.unresolved || read.done_after_all);
  EXPECT_EQ(read.upstream_reference, "A");
  EXPECT_EQ(read.first_sent, wall_time(1));
  const Attempt live = journal().attempts(id)->front();
  EXPECT_EQ(live.outcome, Outcome::approved);
  EXPECT_EQ(live.target, "http://gateway");
  EXPECT_FALSE(live.open);
  EXPECT_EQ(exposure(), 0);
  EXPECT_EQ(*journal().holder("gateway", "A"), id);
  EXPECT_FALSE(journal().holder("gateway", "B")->has_value());
  EXPECT_FALSE(journal().holder("shop", "A")->has_value());
}

TEST_P(JournalContract, APartThatTheClientWasToldOfIsOwedByNobody) {
  const Ulid id = kept(an_intent());
  Conclusion part = by_party({id, live_forward_token}, State::settled, Outcome::approved, "A");
  part.settled_part = Money{60, *Currency::parse("USD")};
  ASSERT_EQ(conclude(part), Kept::kept);
  EXPECT_EQ(exposure(), 0);
  EXPECT_TRUE(open_cases().empty());
  tested_->restart();
  EXPECT_EQ(exposure(), 0);
}

TEST_P(JournalContract, ADeclineByThePartyIsGivenAgainToAClientsKeyAlone) {
  const Ulid named = kept(an_intent("named"));
  NewOrder facts = an_intent("facts");
  facts.key_from_client = false;
  const Ulid unnamed = kept(facts);
  for (const Ulid id : {named, unnamed}) {
    ASSERT_EQ(conclude(by_party({id, live_forward_token}, State::declined, Outcome::declined)), Kept::kept);
    EXPECT_EQ(journal().answer(id)->ciphertext, "answer of the party");
    EXPECT_FALSE(row(id).accepted);
  }
  EXPECT_EQ(journal().recall(key_of("named"))->state, State::declined);
  EXPECT_TRUE(journal().recall(key_of("named"))->answered);
  EXPECT_EQ(keep(an_intent("facts")), Kept::kept) << "another card for the same invoice is a new try";
}

TEST_P(JournalContract, AChargeIsTakenForOneThatAnotherOrderHasAndTheClientIsToldAllTheSame) {
  const Ulid first = charged("A");
  const Ulid repeated = charged("A");
  EXPECT_TRUE(open_cases().empty()) << "a party that folds duplicates answers the same request with the same charge";
  NewOrder other = an_intent();
  other.payload.bytes[0] = 8;
  const Ulid different = kept(other);
  ASSERT_EQ(conclude(by_party({different, live_forward_token}, State::settled, Outcome::approved, "A")), Kept::kept);
  ASSERT_EQ(open_cases().size(), 1u);
  EXPECT_EQ(open_cases().front().order, different);
  EXPECT_EQ(*journal().holder("gateway", "A"), first);
  for (const Ulid id : {repeated, different}) {
    EXPECT_EQ(state(id), State::settled);
    EXPECT_TRUE(journal().answer(id));
    EXPECT_EQ(row(id).upstream_reference, "");
  }
}

// --- ours ---

TEST_P(JournalContract, OurYesToAnIntentIsAPromiseLikeAnyOther) {
  const Ulid id = kept(an_intent("k"));
  ASSERT_EQ(conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)), Kept::kept);
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(exposure(), 100);
    EXPECT_EQ(tested_->stored_exposure("USD"), 100);
    const OrderRow read = row(id);
    EXPECT_TRUE(read.accepted && read.answered && read.stood_in && read.unresolved);
    EXPECT_EQ(read.cause, Cause::timed_out_in_service);
    EXPECT_NE(read.decision.find("floor_limit"), std::string::npos);
    EXPECT_EQ(journal().answer(id)->ciphertext, "answer of ours");
    EXPECT_EQ(journal().waiting("orders").value(), 1u);
    EXPECT_FALSE(lease(id, "finder")) << "its forward is listened for";
    EXPECT_TRUE(journal().attempts(id)->front().open);
    tested_->restart();
  }
  EXPECT_NE(journal().transitions(id)->back().why.find("http://gateway"), std::string::npos);
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(exposure(), 0);
  EXPECT_EQ(row(id).done_after_all, true);
}

TEST_P(JournalContract, OverTheCapTheIntentIsAsItWasAndMayBeDeclined) {
  const Ulid id = kept(an_intent());
  Conclusion yes = by_us({id, live_forward_token}, State::accepted, now() + 1min);
  yes.caps = {Money{99, *Currency::parse("USD")}};
  EXPECT_EQ(conclude(yes), Kept::over_cap);
  EXPECT_EQ(path(id), std::vector{State::charging});
  EXPECT_FALSE(journal().answer(id));
  EXPECT_EQ(exposure(), 0);
  EXPECT_EQ(conclude(by_us({id, live_forward_token}, State::reversing, now() + 1min)), Kept::kept);
  EXPECT_FALSE(row(id).accepted);
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::reversing, "live", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(row(id).upstream_reference, "A");
}

TEST_P(JournalContract, TheCapIsNeverExceededBySixtyFourConclusionsAtOnce) {
  std::vector<Task<Kept>> tasks;
  for (int i = 0; i < 64; ++i) {
    const Ulid id = kept(an_intent());
    tasks.push_back(journal().conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)));
  }
  const auto results = tested_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count(results, Kept::kept), 10);
  EXPECT_EQ(std::ranges::count(results, Kept::over_cap), 54);
  EXPECT_EQ(exposure(), 1000);
}

TEST_P(JournalContract, OurNoWhileAnEarlierTryMayHaveHappenedIsToBeUndone) {
  const Ulid id = kept(an_intent());
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::charging, "live", Outcome::unknown)), Applied::applied);
  const auto retry = lease(id, "live");
  ASSERT_EQ(conclude(by_us(*retry, State::declined, now(), Outcome::not_done)), Kept::kept);
  EXPECT_EQ(state(id), State::reversing) << "the retry did nothing; the first try may have";
  EXPECT_TRUE(row(id).unresolved);
}

// --- the right to conclude ---

TEST_P(JournalContract, OfTwoConclusionsAtOnceTheFirstCounts) {
  const Ulid id = kept(an_intent());
  std::vector<Task<Kept>> tasks;
  tasks.push_back(journal().conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)));
  tasks.push_back(journal().conclude(by_party({id, live_forward_token}, State::declined, Outcome::declined)));
  EXPECT_EQ(tested_->run_all(std::move(tasks)), (std::vector{Kept::kept, Kept::not_kept}));
  EXPECT_EQ(state(id), State::accepted);
  EXPECT_EQ(journal().answer(id)->ciphertext, "answer of ours");
}

TEST_P(JournalContract, NobodyConcludesWhatAnotherHasLeased) {
  const Ulid id = kept(an_intent());
  advance(1min);
  const auto finder = lease(id, "finder");
  EXPECT_EQ(conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)), Kept::not_kept);
  EXPECT_EQ(path(id), std::vector{State::charging});
  EXPECT_FALSE(journal().answer(id));
  EXPECT_EQ(exposure(), 0);
  EXPECT_EQ(conclude(by_party({id, live_forward_token}, State::settled, Outcome::approved, "A")), Kept::not_kept);
  Change none = ended(*finder, State::lapsed, "finder", Outcome::not_done);
  ASSERT_EQ(apply(none), Applied::applied);
  EXPECT_EQ(state(id), State::charging) << "a finder that began before the approval came has not seen it";
}

TEST_P(JournalContract, AConclusionOfAnOrderThatDoesNotExistIsNotKept) {
  EXPECT_EQ(conclude(by_us({an_intent().id, live_forward_token}, State::accepted, now())), Kept::not_kept);
}

TEST_P(JournalContract, OnAFullDiskTheIntentIsAsItWas) {
  const Ulid id = kept(an_intent("k"));
  tested_->disk(DiskFault::full);
  EXPECT_EQ(conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)), Kept::not_kept);
  EXPECT_EQ(tested_->run(journal().rebind({id, live_forward_token}, "backup")), Applied::failed);
  EXPECT_FALSE(tested_->run(journal().set_switch({.upstream = "gateway"})));
  EXPECT_EQ(journal().recall(key_of("k"))->state, State::charging);
  EXPECT_FALSE(journal().recall(key_of("k"))->answered);
  EXPECT_EQ(exposure(), 0);
  tested_->disk(DiskFault::none);
  EXPECT_EQ(conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)), Kept::kept);
  EXPECT_EQ(exposure(), 100);
}

TEST_P(JournalContract, AConclusionWhoseSyncFailedIsToldByTheNextProcess) {
  const Ulid id = kept(an_intent("k"));
  tested_->disk(DiskFault::sync_fails);
  EXPECT_EQ(conclude(by_us({id, live_forward_token}, State::accepted, now() + 1min)), Kept::unknown);
  tested_->disk(DiskFault::none);
  tested_->restart();
  const bool there = journal().recall(key_of("k"))->answered;
  EXPECT_EQ(state(id), there ? State::accepted : State::charging);
  EXPECT_EQ(exposure(), there ? 100 : 0);
  EXPECT_EQ(journal().answer(id).has_value(), there);
}

// --- another party ---

TEST_P(JournalContract, AnIntentThatGoesToAnotherPartyIsBoundToItAfterACrash) {
  const Ulid id = kept(an_intent());
  ASSERT_EQ(tested_->run(journal().rebind({id, live_forward_token}, "backup")), Applied::applied);
  tested_->restart_from_copy();
  EXPECT_EQ(row(id).upstream, "backup");
  ASSERT_EQ(conclude(by_party({id, live_forward_token}, State::settled, Outcome::approved, "A")), Kept::kept);
  EXPECT_EQ(*journal().holder("backup", "A"), id);
}

TEST_P(JournalContract, NothingGoesToAnotherPartyWhileItMayStandAtThisOne) {
  const Ulid id = kept(an_intent());
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::charging, "live", Outcome::unknown)), Applied::applied);
  const auto retry = lease(id, "live");
  ASSERT_TRUE(retry);
  EXPECT_EQ(tested_->run(journal().rebind({id, live_forward_token}, "backup")), Applied::fenced);
  EXPECT_EQ(tested_->run(journal().rebind(*retry, "backup")), Applied::not_allowed);
  EXPECT_EQ(row(id).upstream, "gateway");
  const Ulid done = charged("A");
  EXPECT_EQ(tested_->run(journal().rebind({done, live_forward_token}, "backup")), Applied::not_allowed);
}

}  // namespace standin::contract
