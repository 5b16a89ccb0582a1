#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

TEST(Durable, AYesThatIsInTheJournalIsDurable) { EXPECT_EQ(broken(durable, kept_promise()), nothing); }

TEST(Durable, AYesWithoutAnOrderIsFound) {
  Evidence run = kept_promise();
  run.journal.clear();
  EXPECT_EQ(broken(durable, run), Promises{"P1"});
}

TEST(Durable, AYesWhoseOrderSaysNoIsFound) {
  for (const char* const state : {"declined", "reversing", "reversed", "lapsed", "charging"}) {
    Evidence run = kept_promise();
    run.journal = {order(state)};
    EXPECT_EQ(broken(durable, run), Promises{"P1"}) << state;
  }
}

TEST(Durable, AShadowKeepsNoPromise) {
  Evidence run = kept_promise();
  run.journal.front().shadow = true;
  EXPECT_EQ(broken(durable, run), Promises{"P1"});
}

TEST(Durable, WhatThePartyItselfSaidIsNotStandinsToKeep) {
  Evidence run = run_of(purchase({yes("ord_1")}, "shop"), {charge("ord_1", "shop")}, {});
  EXPECT_EQ(broken(durable, run), nothing);
}

TEST(Durable, NamesOfOneObjectAreOneReference) {
  Evidence run = kept_promise();
  run.purchases.front().told.front().reference = "pi_standin01A";
  run.journal.front().reference = "standin01A";
  run.crashes = {{.at_ms = 1, .promised = {"ch_standin01A"}, .found = {"standin01A"}}};
  EXPECT_EQ(broken(durable, run), nothing);
}

TEST(Durable, AnAnswerToAVoidMayHaveAReferenceOfItsOwn) {
  Evidence run = kept_promise();
  run.purchases.front().told.push_back(of(yes("gateway-down-01B", true, 3000), "void"));
  EXPECT_EQ(broken(durable, run), nothing);
}

TEST(Durable, AGrantedRefundIsAPromiseToo) {
  Evidence run = kept_promise();
  run.purchases.front().told.push_back(of(yes("gateway-down-01B", true, 3000), "refund"));
  EXPECT_EQ(broken(durable, run), Promises{"P1"});
}

TEST(Durable, AnOrderThatACrashLostIsFound) {
  Evidence run = kept_promise();
  run.crashes = {{.at_ms = 2000, .promised = {own_reference, "gateway-down-01B"}, .found = {own_reference}}};
  const Violations found = found_by(durable, run);
  ASSERT_EQ(broken(found), Promises{"P1"});
  EXPECT_THAT(found.front().what, testing::HasSubstr("gateway-down-01B"));
}

TEST(Durable, MoreThanWasPromisedMayBeFoundAfterACrash) {
  Evidence run = kept_promise();
  run.crashes = {{.at_ms = 2000, .promised = {own_reference}, .found = {own_reference, "gateway-down-01B"}}};
  EXPECT_EQ(broken(durable, run), nothing);
}

}  // namespace
}  // namespace standin::sim
