#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

TEST(KeptYes, WhoWasToldYesHasIt) { EXPECT_EQ(broken(kept_yes, kept_promise()), nothing); }

TEST(KeptYes, WhoWasToldYesAndHasNothingIsFound) {
  Evidence run = kept_promise();
  run.ledger.clear();
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
  run.journal = {order("cancelled")};
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
}

TEST(KeptYes, BeforeHealingItMayStillBeDelivered) {
  Evidence run = kept_promise();
  run.ledger.clear();
  run.healed = false;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, APersonMayHaveIt) {
  for (const char* const state : {"refused", "held", "cancelling"}) {
    Evidence run = kept_promise();
    run.ledger.clear();
    run.journal = {order(state, "", 1)};
    EXPECT_EQ(broken(kept_yes, run), nothing) << state;
  }
  for (const char* const state : {"collected", "written_off"}) {
    Evidence run = kept_promise();
    run.ledger.clear();
    run.journal = {order(state)};
    EXPECT_EQ(broken(kept_yes, run), nothing) << state;
  }
}

TEST(KeptYes, AVoidThatTheShopperSentMayHaveUndoneIt) {
  Evidence run = kept_promise();
  run.ledger.front().voided = true;
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
  run.purchases.front().void_sent = true;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, AVoidThatUndidNothingExcusesNothing) {
  Evidence run = kept_promise();
  run.ledger.clear();
  run.purchases.front().void_sent = true;
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
}

TEST(KeptYes, ARefundThatTheShopperAskedForMayHaveUndoneIt) {
  Evidence run = kept_promise();
  run.ledger.front().refunded_minor = 2500;
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
  run.purchases.front().refund_sent_minor = 2500;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, ACopiedRefundMayHaveUndoneItAll) {
  Evidence run = kept_promise();
  run.ledger.front().refunded_minor = 2500;
  run.purchases.front().refund_sent_minor = 1250;
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
  run.purchases.front().repeated = true;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, WhatArrivedIsNotWithdrawnAsUndelivered) {
  Evidence run = kept_promise();
  run.ledger.clear();
  run.journal = {order("cancelled")};
  run.journal.front().undelivered = true;
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
  run.purchases.front().told = {neither()};
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, AnotherAmountOrCurrencyIsFound) {
  Evidence run = kept_promise();
  run.ledger.front().amount_minor = 2501;
  EXPECT_EQ(broken(kept_yes, run), Promises{"money"});
  run.ledger.front().amount_minor = 2499;
  EXPECT_EQ(broken(kept_yes, run), Promises{"money"});
  run.ledger.front().amount_minor = 2500;
  run.ledger.front().currency = "EUR";
  EXPECT_EQ(broken(kept_yes, run), Promises{"money"});
}

TEST(KeptYes, APartThatThePartySaidIsLawful) {
  Evidence run = run_of(purchase({yes("R1")}), {charge("R1")}, {order("settled", "R1")});
  run.ledger.front().amount_minor = 1250;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, ThePartThatIsMissingMayBeWithAPerson) {
  Evidence run = kept_promise();
  run.ledger.front().amount_minor = 1250;
  run.journal.front().open_follow_ups = run.journal.front().follow_ups = 1;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

TEST(KeptYes, AnotherPurchasesChargeIsFound) {
  Evidence run = kept_promise();
  run.ledger.push_back(charge("R7"));
  run.ledger.back().purchase = "cart-7";
  run.journal.front().upstream_reference = "R7";
  EXPECT_EQ(broken(kept_yes, run), Promises{"P2"});
}

TEST(KeptYes, ASettledOrderOfADeclinedChargeIsFound) {
  Evidence run = kept_promise();
  run.ledger.push_back(charge("R7"));
  run.ledger.back().approved = false;
  run.journal.front().upstream_reference = "R7";
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
}

TEST(KeptYes, AYesThatACrashMadeStandinForgetIsNotUndone) {
  Evidence run =
      run_of(purchase({yes("ord_1"), no(true, 9000)}, "shop"), {charge("ord_1", "shop")}, {order("reversed", "ord_1")});
  run.ledger.front().voided = true;
  run.crashes = {{.at_ms = 5000, .promised = {}, .found = {}}};
  EXPECT_EQ(broken(kept_yes, run), Promises{"P3"});
}

TEST(KeptYes, AfterTenMinutesTheShopsYesMayBeUndone) {
  Evidence run = run_of(purchase({yes("ord_1"), no(true, 700'000)}, "shop"), {charge("ord_1", "shop")},
                        {order("reversed", "ord_1")});
  run.ledger.front().voided = true;
  run.purchases.front().tries = 2;
  EXPECT_EQ(broken(kept_yes, run), nothing);
}

}  // namespace
}  // namespace standin::sim
