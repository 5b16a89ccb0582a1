#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

Evidence with(JournalEntry entry) { return run_of(purchase({neither()}), {}, {std::move(entry)}); }

TEST(Ends, EveryEndIsLawful) {
  for (const char* const state :
       {"settled", "matched", "cancelled", "declined", "reversed", "collected", "written_off", "lapsed"}) {
    EXPECT_EQ(broken(ends, with(order(state))), nothing) << state;
  }
}

TEST(Ends, WhatIsUnderWayAfterHealingIsStuck) {
  for (const char* const state : {"accepted", "replaying", "charging", "refused", "held", "reversing", "cancelling"}) {
    EXPECT_EQ(broken(ends, with(order(state))), Promises{"P3"}) << state;
  }
}

TEST(Ends, WhatAPersonHasIsNotStuck) {
  for (const char* const state : {"refused", "held", "reversing", "cancelling"}) {
    EXPECT_EQ(broken(ends, with(order(state, "", 1))), nothing) << state;
  }
}

TEST(Ends, ACaseExcusesNothingThatIsStandinsOwnWork) {
  for (const char* const state : {"accepted", "replaying", "charging"}) {
    EXPECT_EQ(broken(ends, with(order(state, "", 1))), Promises{"P3"}) << state;
  }
}

TEST(Ends, ShadowsNeverEnd) {
  JournalEntry shadow = order("accepted");
  shadow.shadow = true;
  EXPECT_EQ(broken(ends, with(shadow)), nothing);
}

TEST(Ends, NothingIsStuckBeforeHealing) {
  Evidence run = with(order("accepted"));
  run.healed = false;
  EXPECT_EQ(broken(ends, run), nothing);
}

TEST(Ends, ARefundWaitsForAChargeThatAPersonHas) {
  JournalEntry refund = order("accepted");
  refund.id = "01B";
  refund.about_another = true;
  refund.behind = "01A";
  Evidence run = run_of(purchase({neither()}), {}, {order("held", "", 1), refund});
  EXPECT_EQ(broken(ends, run), nothing);
  run.journal.front() = order("settled", "R1");
  EXPECT_EQ(broken(ends, run), Promises{"P3"});
}

TEST(Ends, ARefundWaitsForOneBeforeItThatAPersonHas) {
  JournalEntry first = order("held", "", 1), second = order("accepted");
  first.id = "01B", second.id = "01C";
  first.about_another = second.about_another = true;
  first.behind = second.behind = "01A";
  EXPECT_EQ(broken(ends, run_of(purchase({}), {}, {order("settled", "R1"), first, second})), nothing);
}

TEST(Ends, AChargeThatTheJournalTakesForNothingIsForgotten) {
  for (const char* const state : {"lapsed", "cancelled", "reversed", "declined"}) {
    Evidence run = with(order(state));
    run.ledger = {charge("R1")};
    EXPECT_EQ(broken(ends, run), Promises{"P3"}) << state;
  }
}

TEST(Ends, AChargeThatTheJournalKnowsIsNot) {
  Evidence run = with(order("lapsed"));
  run.ledger = {charge("R1")};
  run.journal.push_back(order("settled", "R1"));
  EXPECT_EQ(broken(ends, run), nothing);
  run.journal.back() = order("lapsed", "", 1);  // "charged though lapsed"
  EXPECT_EQ(broken(ends, run), nothing);
}

TEST(Ends, WhatMayNotHaveBeenWrittenDownIsNotForgotten) {
  Evidence run = with(order("lapsed"));
  run.ledger = {charge("R1")};
  run.ledger.front().keyed = true;
  EXPECT_EQ(broken(ends, run), nothing);
  run.ledger.front().keyed = false;
  run.purchases.front().told.push_back(yes("R1"));
  EXPECT_EQ(broken(ends, run), nothing);
}

TEST(Ends, TheShopsSideIsNotWrittenDown) {
  Evidence run = run_of(purchase({neither()}, "shop"), {charge("ord_1", "shop")}, {order("declined")});
  EXPECT_EQ(broken(ends, run), nothing);
}

}  // namespace
}  // namespace standin::sim
