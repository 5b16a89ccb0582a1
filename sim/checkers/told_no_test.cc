#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

Evidence charged_though(std::vector<Told> told, std::string side = "till") {
  return run_of(purchase(std::move(told), side), {charge("R1", side == "shop" ? "shop" : "cardgate")}, {});
}

TEST(ToldNo, WhoWasToldNoAndIsNotChargedIsLawful) {
  Evidence run = charged_though({no(true)});
  run.ledger.front().voided = true;
  EXPECT_EQ(broken(told_no, run), nothing);
}

TEST(ToldNo, WhoWasToldNoAndIsChargedIsFound) {
  EXPECT_EQ(broken(told_no, charged_though({no(true)})), Promises{"P10"});
  EXPECT_EQ(broken(told_no, charged_though({no()})), Promises{"P10"});
  EXPECT_EQ(broken(told_no, charged_though({by_facts(no(true))})), Promises{"P10"});
  EXPECT_EQ(broken(told_no, charged_though({neither(), no(true, 9000)}, "shop")), Promises{"P10"});
}

TEST(ToldNo, APersonMayHaveTheCase) {
  Evidence run = charged_though({no(true)});
  run.journal = {order("reversing", "R1", 1)};
  EXPECT_EQ(broken(told_no, run), nothing);
}

TEST(ToldNo, BeforeHealingItMayStillBeUndone) {
  Evidence run = charged_though({no(true)});
  run.healed = false;
  EXPECT_EQ(broken(told_no, run), nothing);
}

TEST(ToldNo, WhoWasToldYesIsJudgedElsewhere) {
  EXPECT_EQ(broken(told_no, charged_though({by_facts(no(true)), by_facts(yes("R1", false, 9000))})), nothing);
}

TEST(ToldNo, WhoWasToldNeitherMayBeCharged) { EXPECT_EQ(broken(told_no, charged_though({neither()})), nothing); }

TEST(ToldNo, ATryAfterItMayHaveBeenChargedUnheard) {
  EXPECT_EQ(broken(told_no, charged_though({by_facts(no(true)), by_facts(neither(9000))})), nothing);
  Evidence run = charged_though({by_facts(no(true))});
  run.purchases.front().last_try_ms = 9000;  // hung up
  EXPECT_EQ(broken(told_no, run), nothing);
}

TEST(ToldNo, ATryBesideItMayHaveBeenChargedUnheard) {
  Evidence run = charged_though({by_facts(no(true))});
  run.purchases.front().unheard_until_ms = run.purchases.front().told.back().at_ms;
  EXPECT_EQ(broken(told_no, run), Promises{"P10"}) << "it had ended before";
  run.purchases.front().unheard_until_ms += 1;
  EXPECT_EQ(broken(told_no, run), nothing);
}

TEST(ToldNo, ATryBesideItThatEndedAsNeitherMayHaveBeenCharged) {
  Told beside = by_facts(neither(9000));
  beside.asked_ms = 0;
  EXPECT_EQ(broken(told_no, charged_though({by_facts(no(true)), beside})), nothing);
}

TEST(ToldNo, StandinsNoToTheClientsKeyHoldsForEver) {
  EXPECT_EQ(broken(told_no, charged_though({no(true), neither(9000)})), Promises{"P10"});
}

TEST(ToldNo, ACopyOfTheRequestMayBeANewTry) {
  Evidence run = charged_though({by_facts(no(true))});
  run.purchases.front().repeated = true;
  EXPECT_EQ(broken(told_no, run), nothing);
}

TEST(ToldNo, ACrashForgetsWhatTheShopMayHaveDone) {
  Evidence run = charged_though({neither(), no(true, 9000)}, "shop");
  run.crashes = {{.at_ms = 5000, .promised = {}, .found = {}}};
  EXPECT_EQ(broken(told_no, run), nothing);
  run.purchases.front().side = "till";
  run.ledger.front().party = "cardgate";
  EXPECT_EQ(broken(told_no, run), Promises{"P10"});
}

TEST(ToldNo, ACarelessShopContradictsItself) {
  Evidence run = charged_though({neither(), no(false, 9000)}, "shop");
  run.careless_shop = true;
  EXPECT_EQ(broken(told_no, run), nothing);
}

}  // namespace
}  // namespace standin::sim
