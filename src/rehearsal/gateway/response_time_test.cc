#include "rehearsal/gateway/response_time.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rehearsal/seeded_random.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;

std::vector<Duration> drawn(const std::string& text, int count = 4000) {
  const auto time = ResponseTime::parse(text);
  EXPECT_TRUE(time.has_value()) << text;
  SeededRandom chance(1);
  std::vector<Duration> all;
  for (int n = 0; n < count; ++n) all.push_back(time->draw(chance));
  std::ranges::sort(all);
  return all;
}

TEST(ResponseTime, ConstantIsAlwaysTheSame) {
  const auto all = drawn("constant:20");
  EXPECT_EQ(all.front(), 20ms);
  EXPECT_EQ(all.back(), 20ms);
}

TEST(ResponseTime, LognormalHasItsMedianAndItsTail) {
  const auto all = drawn("lognormal:median=180,sigma=0.6");
  EXPECT_NEAR(seconds(all[2000]), 0.180, 0.01);
  EXPECT_NEAR(seconds(all[3364]), 0.328, 0.03);  // one sigma up: 180 ms * e^0.6
}

TEST(ResponseTime, BimodalIsSlowForItsPart) {
  const auto all = drawn("bimodal:fast=150,slow=4000,slow_part=0.1");
  EXPECT_NEAR(seconds(all[1800]), 0.150, 0.02);
  EXPECT_LT(all[3500], 500ms);
  EXPECT_GT(all[3700], 1500ms);
}

TEST(ResponseTime, FollowsPercentiles) {
  const auto all = drawn("percentiles:0=10,50=120,100=1000");
  EXPECT_GE(all.front(), 10ms);
  EXPECT_LE(all.back(), 1000ms);
  EXPECT_NEAR(seconds(all[2000]), 0.120, 0.02);
  EXPECT_EQ(ResponseTime::from_percentiles("# measured\n0 10\n50 120\n\n100 1000\n")->text(),
            "percentiles:0=10,50=120,100=1000");
}

TEST(ResponseTime, RefusesWhatItCannotRead) {
  for (const std::string text :
       {"", "constant", "constant:", "constant:-1", "constant:nan", "constant:1e9", "lognormal:median=1",
        "bimodal:fast=9,slow=1,slow_part=0.1", "percentiles:", "percentiles:50=100,40=120", "percentiles:50=100,60=90",
        "percentiles:101=3", "sulk:1"}) {
    EXPECT_FALSE(ResponseTime::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace standin::rehearsal
