#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

Evidence answers(std::vector<Told> told) { return run_of(purchase(std::move(told)), {}, {order("settled", "R1")}); }

TEST(SameAnswer, TheSameYesAgainIsLawful) {
  EXPECT_EQ(broken(same_answer, answers({yes(own_reference, true), yes(own_reference, true, 9000)})), nothing);
}

TEST(SameAnswer, AnotherYesIsFound) {
  EXPECT_EQ(broken(same_answer, answers({yes(own_reference, true), yes("gateway-down-01B", true, 9000)})),
            Promises{"P5"});
  EXPECT_EQ(broken(same_answer, answers({yes(own_reference, true), yes("R1", false, 9000)})), Promises{"P5"});
}

TEST(SameAnswer, ANoAfterAYesIsFound) {
  EXPECT_EQ(broken(same_answer, answers({yes(own_reference, true), no(false, 9000)})), Promises{"P5"});
  EXPECT_EQ(broken(same_answer, answers({by_facts(yes(own_reference, true)), by_facts(no(true, 9000))})),
            Promises{"P5"});
}

TEST(SameAnswer, OtherBytesAreFound) {
  Told again = yes(own_reference, true, 9000);
  again.body += " ";
  EXPECT_EQ(broken(same_answer, answers({yes(own_reference, true), again})), Promises{"P5"});
}

TEST(SameAnswer, TheMarkOfADuplicateMayDiffer) {
  Told first = yes("1763", true), again = yes("1763", true, 9000);
  first.body = "UMresult=A&UMisDuplicate=N&UMrefNum=1763";
  again.body = "UMresult=A&UMisDuplicate=Y&UMrefNum=1763";
  EXPECT_EQ(broken(same_answer, answers({first, again})), nothing);
}

TEST(SameAnswer, NeitherIsAlwaysAllowed) {
  EXPECT_EQ(broken(same_answer, answers({neither(), yes(own_reference, true, 3000), neither(6000)})), nothing);
}

TEST(SameAnswer, AYesAfterStandinsNoToTheClientsKeyIsFound) {
  EXPECT_EQ(broken(same_answer, answers({no(true), yes("R1", false, 9000)})), Promises{"P5"});
}

TEST(SameAnswer, StandinsNoIsKnownByTheJournalToo) {
  Evidence run = answers({no(), yes("R1", false, 9000)});
  EXPECT_EQ(broken(same_answer, run), nothing);  // the party said no, and was asked again
  run.journal.push_back(order("declined"));
  EXPECT_EQ(broken(same_answer, run), Promises{"P5"});
  run.crashes = {{.at_ms = 5000, .promised = {}, .found = {}}};
  EXPECT_EQ(broken(same_answer, run), nothing);
}

TEST(SameAnswer, ADeclineUnderAKeyOfFactsEndsItsIntent) {
  EXPECT_EQ(broken(same_answer, answers({by_facts(no(true)), by_facts(yes("R1", false, 9000))})), nothing);
}

TEST(SameAnswer, AVoidInBetweenEndsIt) {
  Evidence run = answers({yes(own_reference, true), no(false, 9000)});
  run.purchases.front().void_sent = true;
  EXPECT_EQ(broken(same_answer, run), nothing);
}

TEST(SameAnswer, AnotherKeyIsAnotherQuestion) {
  Told other = yes("R9", false, 9000);
  other.key = "k-2";
  Evidence run = answers({yes(own_reference, true), other});
  run.purchases.front().honest_key = false;
  EXPECT_EQ(broken(same_answer, run), nothing);
}

TEST(SameAnswer, AnotherPayloadMayReadAsANo) {
  Evidence run = answers({yes(own_reference, true), no(false, 9000)});
  run.purchases.front().honest_key = false;
  EXPECT_EQ(broken(same_answer, run), nothing);
}

TEST(SameAnswer, ThePartysOwnWordIsThePartys) {
  EXPECT_EQ(broken(same_answer, answers({no(), yes("R1", false, 9000)})), nothing);
  EXPECT_EQ(broken(same_answer, answers({yes("R1"), yes(own_reference, true, 9000)})), nothing);
}

TEST(SameAnswer, TwoUnderWayAtOnceAreNotInOrder) {
  EXPECT_EQ(broken(same_answer, answers({yes(own_reference, true), no(false, 1200)})), nothing);
}

}  // namespace
}  // namespace standin::sim
