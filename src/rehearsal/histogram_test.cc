#include "rehearsal/histogram.h"

#include <gtest/gtest.h>

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, IsExactForShortLatencies) {
  Histogram histogram;
  for (int us = 1; us <= 100; ++us) histogram.add(std::chrono::microseconds(us));
  EXPECT_EQ(histogram.quantile(0.5), 50us);
  EXPECT_EQ(histogram.quantile(0.9), 90us);
  EXPECT_EQ(histogram.quantile(0.99), 99us);
  EXPECT_EQ(histogram.quantile(1), 100us);
  EXPECT_EQ(histogram.max(), 100us);
}

TEST(Histogram, IsNeverBelowTheTruthAndAtMostAHundredAndTwentyEighthAbove) {
  Histogram histogram;
  for (int ms = 1; ms <= 20'000; ++ms) histogram.add(std::chrono::milliseconds(ms));
  for (const double fraction : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const double truth = fraction * 20;
    EXPECT_GE(seconds(histogram.quantile(fraction)), truth - 1e-9) << fraction;
    EXPECT_LE(seconds(histogram.quantile(fraction)), truth * (1 + 1.0 / 128) + 1e-6) << fraction;
  }
}

TEST(Histogram, NeverAnswersMoreThanTheMaximum) {
  Histogram histogram;
  histogram.add(15'001ms);
  EXPECT_EQ(histogram.quantile(0.5), 15'001ms);
  EXPECT_EQ(histogram.max(), 15'001ms);
}

TEST(Histogram, HoldsTheExtremes) {
  Histogram histogram;
  histogram.add(-1ns);
  histogram.add(1'000h);
  EXPECT_EQ(histogram.quantile(0.5), 0ns);
  EXPECT_GE(histogram.quantile(1), 19h);
  EXPECT_EQ(histogram.max(), 1'000h);
}

TEST(Histogram, MergesAsIfAllHadBeenAddedToOne) {
  Histogram low;
  Histogram high;
  for (int us = 1; us <= 50; ++us) low.add(std::chrono::microseconds(us));
  for (int us = 51; us <= 100; ++us) high.add(std::chrono::microseconds(us));
  low.merge(high);
  EXPECT_EQ(low.count(), 100u);
  EXPECT_EQ(low.quantile(0.5), 50us);
  EXPECT_EQ(low.max(), 100us);
}

TEST(Histogram, IsZeroWhenEmpty) { EXPECT_EQ(Histogram().quantile(0.99), 0ns); }

}  // namespace
}  // namespace standin::rehearsal
