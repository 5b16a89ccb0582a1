#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

Evidence charged_twice(std::string side = "till") {
  Evidence run = kept_promise(side);
  run.ledger.push_back(charge("R2", run.ledger.front().party));
  return run;
}

TEST(ChargedOnce, OneStandingChargeIsLawful) { EXPECT_EQ(broken(charged_once, kept_promise()), nothing); }

TEST(ChargedOnce, TwoAtOneGatewayAreFound) { EXPECT_EQ(broken(charged_once, charged_twice()), Promises{"P2"}); }

TEST(ChargedOnce, TwoOverTwoGatewaysAreFound) {
  Evidence run = kept_promise();
  run.ledger.push_back(charge("ch_9", "backupgate"));
  EXPECT_EQ(broken(charged_once, run), Promises{"P2"});
}

TEST(ChargedOnce, TwoOrdersInTheShopAreFound) {
  EXPECT_EQ(broken(charged_once, charged_twice("shop")), Promises{"P2"});
}

TEST(ChargedOnce, AnOrderInTheShopAndItsChargeAtAGatewayAreOnePurchase) {
  Evidence run = kept_promise("shop");
  run.ledger.push_back(charge("R2", "cardgate"));
  EXPECT_EQ(broken(charged_once, run), nothing);
}

TEST(ChargedOnce, WhatWasVoidedRefundedOrDeclinedDoesNotStand) {
  Evidence run = charged_twice();
  run.ledger.back().voided = true;
  run.ledger.push_back(charge("R3"));
  run.ledger.back().refunded_minor = 2500;
  run.ledger.push_back(charge("R4"));
  run.ledger.back().approved = false;
  EXPECT_EQ(broken(charged_once, run), nothing);
}

TEST(ChargedOnce, ASecondOneThatAPersonHasIsKnown) {
  Evidence run = charged_twice();
  JournalEntry second = order("reversing", "R2", 1);
  second.about_another = true;
  run.journal.push_back(second);
  EXPECT_EQ(broken(charged_once, run), nothing);
  run.ledger.push_back(charge("R3"));
  EXPECT_EQ(broken(charged_once, run), Promises{"P2"});
}

TEST(ChargedOnce, ASecondOneThatAPersonHadIsKnown) {
  Evidence run = charged_twice();
  run.journal.front().follow_ups = run.journal.front().closed_by_person = 1;
  EXPECT_EQ(broken(charged_once, run), nothing);
}

TEST(ChargedOnce, ACaseThatClosedByItselfExcusesNothing) {
  Evidence run = charged_twice();
  run.journal.front().follow_ups = 1;
  EXPECT_EQ(broken(charged_once, run), Promises{"P2"});
}

TEST(ChargedOnce, SeveralKeysAreSeveralIntents) {
  Evidence run = charged_twice();
  run.purchases.front().honest_key = false;
  run.ledger.back().key = "key-2";
  EXPECT_EQ(broken(charged_once, run), nothing);
  run.ledger.back().key = "key-1";
  EXPECT_EQ(broken(charged_once, run), Promises{"P2"});
}

TEST(ChargedOnce, WhatACopiedRequestChargesIsNobodysDoing) {
  Evidence run = charged_twice();
  run.ledger.back().repeated = true;
  EXPECT_EQ(broken(charged_once, run), nothing);
}

TEST(ChargedOnce, BeforeHealingASecondMayBeOnItsWayBack) {
  Evidence run = charged_twice();
  run.healed = false;
  EXPECT_EQ(broken(charged_once, run), nothing);
}

TEST(ChargedOnce, ACarelessShopDoublesByItself) {
  Evidence run = charged_twice("shop");
  run.careless_shop = true;
  run.deliveries = {{.purchase = "cart-1", .party = "shop", .began_ms = 1}};
  EXPECT_EQ(broken(charged_once, run), nothing);
}

TEST(ChargedOnce, ACarelessShopIsNotSentOneRequestTwice) {
  Evidence run = charged_twice("shop");
  run.careless_shop = true;
  run.deliveries = {{.purchase = "cart-1", .party = "shop", .began_ms = 1},
                    {.purchase = "cart-1", .party = "shop", .mark = "t=1,order=01A,v1=x", .began_ms = 90000}};
  EXPECT_EQ(broken(charged_once, run), Promises{"P2"});
  run.deliveries.back().repeated = true;
  EXPECT_EQ(broken(charged_once, run), nothing);
  run.deliveries.back().repeated = false;
  run.purchases.front().tries = 2;  // its client asked it twice
  EXPECT_EQ(broken(charged_once, run), nothing);
}

}  // namespace
}  // namespace standin::sim
