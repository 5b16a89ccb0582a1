#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

TEST(MoneyAddsUp, WhatStandsIsWhatWasSaid) {
  EXPECT_EQ(broken(money, kept_promise()), nothing);
  EXPECT_EQ(broken(money, kept_promise("shop")), nothing);
}

TEST(MoneyAddsUp, TooMuchAndTooLittleDoNotCancelOut) {
  Evidence run = kept_promise();
  run.ledger.front().amount_minor += 100;
  Purchase other = run.purchases.front();
  other.name = "cart-2";
  run.purchases.push_back(other);
  run.ledger.push_back(charge("R2"));
  run.ledger.back().purchase = "cart-2";
  run.ledger.back().amount_minor -= 100;
  const Violations found = found_by(money, run);
  ASSERT_EQ(broken(found), Promises{"money"});
  EXPECT_THAT(found.front().what, testing::AllOf(testing::HasSubstr("+100 cart-1"), testing::HasSubstr("-100 cart-2")));
}

TEST(MoneyAddsUp, EachCurrencyHasItsTotal) {
  Evidence run = kept_promise();
  run.ledger.push_back(charge("R8"));
  run.ledger.back().purchase = "cart-8";
  run.ledger.back().currency = "EUR";
  run.ledger.front().amount_minor = 1;
  EXPECT_EQ(broken(money, run), (Promises{"money", "money"}));
}

TEST(MoneyAddsUp, AChargeForNobodyIsFound) {
  Evidence run = kept_promise();
  run.ledger.push_back(charge("R2"));
  run.ledger.back().purchase = "cart-9";
  EXPECT_EQ(broken(money, run), Promises{"money"});
  run.ledger.back().voided = true;
  EXPECT_EQ(broken(money, run), nothing);
}

TEST(MoneyAddsUp, AGrantedVoidGivesItAllBack) {
  Evidence run = kept_promise();
  run.purchases.front().void_sent = true;
  run.purchases.front().told.push_back(of(yes(own_reference, true, 3000), "void"));
  EXPECT_EQ(broken(money, run), Promises{"money"});
  run.ledger.front().voided = true;
  EXPECT_EQ(broken(money, run), nothing);
}

TEST(MoneyAddsUp, AVoidThatNobodyAnsweredMayBeEither) {
  Evidence run = kept_promise();
  run.purchases.front().void_sent = true;
  EXPECT_EQ(broken(money, run), nothing);
  run.ledger.front().voided = true;
  EXPECT_EQ(broken(money, run), nothing);
}

TEST(MoneyAddsUp, AGrantedRefundIsGivenBackOnce) {
  Evidence run = kept_promise();
  run.purchases.front().refund_sent_minor = run.purchases.front().refund_granted_minor = 500;
  EXPECT_EQ(broken(money, run), Promises{"money"});
  run.ledger.front().refunded_minor = 500;
  EXPECT_EQ(broken(money, run), nothing);
  run.ledger.front().refunded_minor = 1000;
  EXPECT_EQ(broken(money, run), Promises{"money"});
}

TEST(MoneyAddsUp, ARefundThatNobodyAnsweredMayBeEither) {
  Evidence run = kept_promise();
  run.purchases.front().refund_sent_minor = 500;
  EXPECT_EQ(broken(money, run), nothing);
  run.ledger.front().refunded_minor = 500;
  EXPECT_EQ(broken(money, run), nothing);
}

TEST(MoneyAddsUp, WhatNobodyHeardOfMayStandOnce) {
  Evidence run = run_of(purchase({neither()}), {charge("R1")}, {order("settled", "R1")});
  EXPECT_EQ(broken(money, run), nothing);
  run.ledger.push_back(charge("R2"));
  EXPECT_EQ(broken(money, run), Promises{"money"});
}

TEST(MoneyAddsUp, APartThatThePartySaidIsWhatWasSaid) {
  Evidence run = run_of(purchase({yes("R1")}), {charge("R1")}, {order("settled", "R1")});
  run.ledger.front().amount_minor = 1250;
  EXPECT_EQ(broken(money, run), nothing);
  run.purchases.front().refund_sent_minor = run.purchases.front().refund_granted_minor = 250;
  run.ledger.front().refunded_minor = 500;
  EXPECT_EQ(broken(money, run), Promises{"money"});
  run.purchases.front().refund_sent_minor = run.purchases.front().refund_granted_minor = 1250;
  run.ledger.front().refunded_minor = 1250;
  EXPECT_EQ(broken(money, run), nothing) << "all of the part was given back";
}

TEST(MoneyAddsUp, WhatAPersonHasIsExplained) {
  Evidence run = kept_promise();
  run.ledger.clear();
  run.journal = {order("refused", "", 1)};
  EXPECT_EQ(broken(money, run), nothing);
}

TEST(MoneyAddsUp, SeveralKeysAndCopiesAreExplained) {
  Evidence run = kept_promise();
  run.ledger.push_back(charge("R2"));
  EXPECT_EQ(broken(money, run), Promises{"money"});
  run.ledger.back().repeated = true;
  EXPECT_EQ(broken(money, run), nothing);
  run.ledger.back().repeated = false;
  run.purchases.front().honest_key = false;
  EXPECT_EQ(broken(money, run), nothing);
}

}  // namespace
}  // namespace standin::sim
