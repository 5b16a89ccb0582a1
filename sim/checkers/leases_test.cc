#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

Delivery delivery(std::int64_t began_ms, std::int64_t ended_ms, std::string mark = "") {
  return {
      .purchase = "cart-1", .party = "cardgate", .mark = std::move(mark), .began_ms = began_ms, .ended_ms = ended_ms};
}
const std::string first_mark = "t=1,order=01A,v1=aa", second_mark = "t=9,order=01A,v1=bb";

Evidence delivered(std::vector<Delivery> deliveries) {
  Evidence run = kept_promise();
  run.deliveries = std::move(deliveries);
  run.lease_ms = 60'000;
  return run;
}

TEST(Leases, OneAfterTheOtherIsLawful) {
  EXPECT_EQ(
      broken(leases, delivered({delivery(0, 900), delivery(900, 1500, first_mark), delivery(1500, 2000, second_mark)})),
      nothing);
}

TEST(Leases, TwoReplaysAtOnceAreFound) {
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 9000, first_mark), delivery(5000, 6000, second_mark)})),
            Promises{"lease"});
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 9000, first_mark), delivery(5000, 6000, first_mark)})),
            Promises{"lease"});
}

TEST(Leases, AReplayWhileTheForwardIsListenedToIsFound) {
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 40'000), delivery(5000, 6000, first_mark)})), Promises{"lease"});
}

TEST(Leases, ALaterOneIsHeldAgainstAllThatAreUnderWay) {
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 40'000), delivery(2000, 3000), delivery(5000, 6000, first_mark)})),
            Promises{"lease"});
}

TEST(Leases, ALostLeaseMayBeTakenOver) {
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 90'000, first_mark), delivery(61'000, 70'000, second_mark)})),
            nothing);
}

TEST(Leases, ACrashEndsAllLeases) {
  Evidence run = delivered({delivery(1000, 9000, first_mark), delivery(5000, 6000, second_mark)});
  run.crashes = {{.at_ms = 3000, .promised = {}, .found = {}}};
  EXPECT_EQ(broken(leases, run), nothing);
}

TEST(Leases, AListenerThatStandsStillLetsGoOfNothing) {
  Evidence run = delivered({delivery(1000, 90'000), delivery(25'000, 26'000, first_mark)});
  EXPECT_EQ(broken(leases, run), Promises{"lease"});
  run.stood_still_ms = {10'000};
  EXPECT_EQ(broken(leases, run), nothing);
  run.deliveries.front().mark = second_mark;
  EXPECT_EQ(broken(leases, run), Promises{"lease"}) << "a replay has its lease for this";
}

TEST(Leases, WithoutALengthNothingIsJudged) {
  Evidence run = delivered({delivery(1000, 9000, first_mark), delivery(5000, 6000, second_mark)});
  run.lease_ms = 0;
  EXPECT_EQ(broken(leases, run), nothing);
}

TEST(Leases, TwoOrdersAboutOnePurchaseAreTwo) {
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 9000, first_mark), delivery(5000, 6000, "t=9,order=01B,v1=cc")})),
            nothing);
}

TEST(Leases, ACopyIsNobodysDoing) {
  Evidence run = delivered({delivery(1000, 9000, first_mark), delivery(1001, 9000, first_mark)});
  run.deliveries.back().repeated = true;
  EXPECT_EQ(broken(leases, run), nothing);
}

TEST(Leases, TwoIntentsOfOneShopperMayMeet) {
  Evidence run = delivered({delivery(1000, 40'000), delivery(5000, 6000, first_mark)});
  run.purchases.front().honest_key = false;
  EXPECT_EQ(broken(leases, run), nothing);
}

TEST(Leases, LiveForwardsMayMeet) {
  EXPECT_EQ(broken(leases, delivered({delivery(1000, 9000), delivery(5000, 6000)})), nothing);
}

}  // namespace
}  // namespace standin::sim
