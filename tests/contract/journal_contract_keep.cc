// Keeping orders: P1 durable before said, P4 bounded risk, P5 same key, same answer.
#include <set>

#include "contract/journal_contract.h"

namespace standin::contract {
namespace {

Task<bool> keep_and_note(Journal& journal, NewOrder order, std::set<OrderKey>& said_yes) {
  const OrderKey key = order.key;
  const Kept kept = co_await journal.keep(std::move(order));
  if (kept == Kept::kept) said_yes.insert(key);
  co_return kept == Kept::kept;
}

/// The first to hear that its order is kept takes a copy of the storage, while others are still being written.
Task<bool> keep_and_copy_first(TestedJournal& tested, NewOrder order, std::set<OrderKey>& said_yes,
                               std::set<OrderKey>& said_before_copy) {
  const bool kept = co_await keep_and_note(tested.journal(), std::move(order), said_yes);
  if (kept && said_before_copy.empty()) {
    said_before_copy = said_yes;
    tested.take_copy();
  }
  co_return kept;
}

}  // namespace

TEST_P(JournalContract, WhatWasSaidToBeKeptIsThereAfterACrash) {
  std::set<OrderKey> said_yes, said_before_copy;
  std::vector<Task<bool>> tasks;
  for (int i = 0; i < 64; ++i) tasks.push_back(keep_and_copy_first(*tested_, an_order(), said_yes, said_before_copy));
  tested_->run_all(std::move(tasks));
  ASSERT_EQ(said_yes.size(), 64u);
  ASSERT_FALSE(said_before_copy.empty());
  tested_->restart_from_copy();
  for (const OrderKey& key : said_before_copy) {
    const auto known = journal().recall(key);
    ASSERT_TRUE(known);
    EXPECT_TRUE(journal().answer(known->id));
  }
}

TEST_P(JournalContract, RequestAndAnswerAreReadBackByteForByte) {
  const NewOrder order = an_order();
  ASSERT_EQ(keep(order), Kept::kept);
  for (int process = 0; process < 2; ++process) {
    const auto answer = journal().answer(order.id);
    const auto request = journal().request(order.id);
    ASSERT_TRUE(answer && request);
    EXPECT_EQ(answer->ciphertext, order.answer.ciphertext);
    EXPECT_EQ(answer->wrapped_key, order.answer.wrapped_key);
    EXPECT_EQ(request->ciphertext, order.request.ciphertext);
    EXPECT_EQ(request->key_id, order.request.key_id);
    tested_->restart();
  }
}

TEST_P(JournalContract, AnUnknownOrderHasNoAnswer) {
  EXPECT_FALSE(journal().answer(an_order().id));
  EXPECT_FALSE(journal().transitions(an_order().id));
  EXPECT_FALSE(journal().recall(key_of("never seen")));
}

TEST_P(JournalContract, AnOrderIsReadBackAsItWasKept) {
  const NewOrder order = an_order_in_doubt();
  ASSERT_EQ(keep(order), Kept::kept);
  tested_->restart();
  const OrderRow read = row(order.id);
  EXPECT_EQ(read.key, order.key);
  EXPECT_EQ(read.tenant, "acme");
  EXPECT_EQ(read.request_id, order.request_id);
  EXPECT_EQ(read.reference, order.reference);
  EXPECT_EQ(read.config_version, "c0ffee");
  EXPECT_EQ(read.facts.amount, order.facts.amount);
  EXPECT_EQ(read.facts.customer, "carl");
  EXPECT_EQ(read.cause, Cause::timed_out_in_service);
  EXPECT_EQ(read.created, order.created);
  EXPECT_EQ(read.first_sent, order.first_sent);
  EXPECT_EQ(read.due, order.due);
  EXPECT_EQ(read.state, State::accepted);
  EXPECT_EQ(read.token, live_forward_token);
  EXPECT_TRUE(read.accepted);
  EXPECT_TRUE(read.unresolved);
  EXPECT_FALSE(read.done_after_all);
  EXPECT_NE(read.decision.find("floor_limit"), std::string::npos);
}

TEST_P(JournalContract, TheCapIsNeverExceededBySixtyFourAtOnce) {
  std::vector<Task<Kept>> tasks;
  for (int i = 0; i < 64; ++i) {
    NewOrder order = an_order();
    order.caps = {Money{1050, *Currency::parse("USD")}};
    tasks.push_back(journal().keep(std::move(order)));
  }
  const auto results = tested_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count(results, Kept::kept), 10);
  EXPECT_EQ(std::ranges::count(results, Kept::over_cap), 54);
  EXPECT_EQ(exposure(), 1000);
  EXPECT_EQ(tested_->stored_exposure("USD"), 1000);
}

TEST_P(JournalContract, WhatIsOverTheCapIsCertainlyNotWritten) {
  NewOrder order = an_order();
  order.caps = {Money{99, *Currency::parse("USD")}};
  ASSERT_EQ(keep(order), Kept::over_cap);
  EXPECT_FALSE(journal().recall(order.key));
  tested_->restart();
  EXPECT_FALSE(journal().recall(order.key));
  EXPECT_TRUE(journal().orders({.include_shadow = true})->empty());
}

TEST_P(JournalContract, ACapCountsItsOwnCurrencyAlone) {
  NewOrder dollars = an_order();
  dollars.caps = {Money{100, *Currency::parse("USD")}, Money{100, *Currency::parse("EUR")}};
  NewOrder euros = an_order();
  euros.caps = dollars.caps;
  euros.facts.amount = Money{100, *Currency::parse("EUR")};
  EXPECT_EQ(keep(dollars), Kept::kept);
  EXPECT_EQ(keep(euros), Kept::kept);
}

TEST_P(JournalContract, DeclinesAndShadowsReserveNothing) {
  kept(a_decline("no", true));
  NewOrder shadow = an_order();
  shadow.shadow = true;
  kept(shadow);
  EXPECT_EQ(exposure(), 0);
  tested_->restart();
  EXPECT_EQ(exposure(), 0);
}

TEST_P(JournalContract, ExposureOutlivesTheProcessAndFallsWithTheSettlement) {
  const Ulid id = kept(an_order());
  kept(an_order());
  EXPECT_EQ(exposure(), 200);
  tested_->restart();
  EXPECT_EQ(exposure(), 200);
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved, "A")), Applied::applied);
  EXPECT_EQ(exposure(), 100);
  EXPECT_EQ(journal().exposure_peak().front().minor, 200);
}

TEST_P(JournalContract, AKeyIsRecalledAfterARestartYesAndNo) {
  const Ulid yes = kept(an_order("yes"));
  const Ulid no = kept(a_decline("no", true));
  const Ulid facts = kept(a_decline("facts", false));
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(journal().recall(key_of("yes"))->id, yes);
    EXPECT_EQ(journal().recall(key_of("yes"))->payload.bytes[0], 7);
    EXPECT_EQ(journal().recall(key_of("no"))->id, no);
    EXPECT_EQ(journal().recall(key_of("no"))->state, State::declined);
    EXPECT_TRUE(journal().recall(key_of("no"))->key_from_client);
    EXPECT_EQ(journal().recall(key_of("facts"))->id, facts);
    EXPECT_FALSE(journal().recall(key_of("facts"))->key_from_client);
    tested_->restart();
  }
}

TEST_P(JournalContract, ARecalledOrderIsInTheStateItIsInNow) {
  const Ulid id = kept(an_order("k"));
  ASSERT_EQ(apply(ended({id, live_forward_token}, State::settled, "live", Outcome::approved)), Applied::applied);
  EXPECT_EQ(journal().recall(key_of("k"))->state, State::settled);
}

TEST_P(JournalContract, AShadowIsNeverRecalledAndTakesNoKey) {
  NewOrder shadow = an_order("k");
  shadow.shadow = true;
  kept(shadow);
  EXPECT_FALSE(journal().recall(key_of("k")));
  const Ulid id = kept(an_order("k"));
  NewOrder second = an_order("k");
  second.shadow = true;
  kept(second);
  tested_->restart();
  EXPECT_EQ(journal().recall(key_of("k"))->id, id);
  EXPECT_EQ(journal().orders({})->size(), 1u);
  EXPECT_EQ(journal().orders({.include_shadow = true})->size(), 3u);
}

TEST_P(JournalContract, ADeclineUnderAKeyOfFactsGivesWayToANewTry) {
  const Ulid declined = kept(a_decline("invoice", false));
  const Ulid accepted = kept(an_order("invoice"));
  for (int process = 0; process < 2; ++process) {
    EXPECT_EQ(journal().recall(key_of("invoice"))->id, accepted);
    EXPECT_EQ(state(declined), State::declined);
    tested_->restart();
  }
}

TEST_P(JournalContract, ADeclineThatMayStandGivesWayToNothing) {
  NewOrder doubtful = a_decline("invoice", false);
  doubtful.state = State::reversing;
  doubtful.forward = Outcome::unknown;
  const Ulid id = kept(doubtful);
  EXPECT_EQ(keep(an_order("invoice")), Kept::not_kept);
  EXPECT_EQ(journal().recall(key_of("invoice"))->id, id);
  ASSERT_EQ(apply(ended(*lease(id, "finder"), State::reversed, "finder", Outcome::not_done)), Applied::applied);
  EXPECT_EQ(keep(an_order("invoice")), Kept::kept);
}

TEST_P(JournalContract, DeclinesUnderAKeyOfFactsGiveWayWithinOneBatch) {
  std::vector<Task<Kept>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(journal().keep(a_decline("invoice", false)));
  NewOrder last = an_order("invoice");
  const Ulid id = last.id;
  tasks.push_back(journal().keep(std::move(last)));
  EXPECT_EQ(std::ranges::count(tested_->run_all(std::move(tasks)), Kept::kept), 5);
  EXPECT_EQ(journal().recall(key_of("invoice"))->id, id);
}

TEST_P(JournalContractDeathTest, AKeyThatWasAnsweredIsNeverAnsweredAgain) {
  EXPECT_DEATH(
      {
        kept(an_order("k"));
        keep(an_order("k"));
      },
      "answered");
  EXPECT_DEATH(
      {
        kept(a_decline("k", true));
        keep(an_order("k"));
      },
      "answered");
}

}  // namespace standin::contract
