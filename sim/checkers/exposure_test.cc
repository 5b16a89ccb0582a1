#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

Evidence sampled(std::vector<ExposureSample> samples) {
  Evidence run;
  run.exposure = std::move(samples);
  return run;
}

TEST(Exposure, UpToTheCapIsLawful) {
  EXPECT_EQ(broken(exposure, sampled({{1, "USD", 900, 1000}, {2, "USD", 1000, 1000}})), nothing);
}

TEST(Exposure, OverTheCapIsFound) {
  EXPECT_EQ(broken(exposure, sampled({{1, "USD", 1001, 1000}})), Promises{"P4"});
  EXPECT_EQ(broken(exposure, sampled({{1, "USD", 900, 1000}, {2, "USD", 1001, 1000}})), Promises{"P4"});
}

TEST(Exposure, EachCurrencyHasItsOwn) {
  EXPECT_EQ(broken(exposure, sampled({{1, "USD", 900, 1000}, {2, "EUR", 900, 1000}})), nothing);
}

TEST(Exposure, ACapThatWasLoweredBindsWhatComesThen) {
  EXPECT_EQ(broken(exposure, sampled({{1, "USD", 900, 1000}, {2, "USD", 950, 500}, {3, "USD", 800, 500}})), nothing);
  EXPECT_EQ(broken(exposure, sampled({{1, "USD", 900, 1000}, {2, "USD", 900, 500}, {3, "USD", 901, 500}})),
            Promises{"P4"});
}

}  // namespace
}  // namespace standin::sim
