#include "upstream/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/limits.h"
#include "telemetry/metrics.h"
#include "upstream/threads_test_support.h"

namespace standin {
namespace {

unsigned retries_allowed(Places& places) {
  unsigned allowed = 0;
  while (places.enter_retry()) ++allowed;
  return allowed;
}

TEST(Places, AreNeverMoreThanTheLimitOverAllThreads) {
  Places places;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i) {
      if (!places.enter(2)) continue;
      const int now = ++inside;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      --inside;
      places.leave();
    }
  });
  EXPECT_LE(most, 2);
  EXPECT_TRUE(places.enter(2));
  EXPECT_TRUE(places.enter(2));
  EXPECT_FALSE(places.enter(2));
}

TEST(Places, AllowAFewRetriesToASmallShop) {
  Places places;
  ASSERT_TRUE(places.enter(1));
  EXPECT_EQ(retries_allowed(places), limits::retries_min);
}

TEST(Places, AllowRetriesForAFifthOfWhatIsInFlight) {
  Places places;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(places.enter(100));
  EXPECT_EQ(retries_allowed(places), 20u);
  places.leave_retry();
  EXPECT_TRUE(places.enter_retry());
  EXPECT_FALSE(places.enter_retry());
}

TEST(Places, KeepTheBudgetOverAllThreads) {
  Places places;
  std::atomic<unsigned> taken = 0;
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i)
      if (places.enter_retry()) ++taken;
  });
  EXPECT_EQ(taken, limits::retries_min);
}

TEST(Places, CountRetriesAndThoseThatTheBudgetRefused) {
  Metrics metrics;
  Places places("shop", &metrics);
  places.count_retry("unknown");
  retries_allowed(places);
  EXPECT_THAT(metrics.expose(), testing::HasSubstr(R"(standin_retries_total{after="unknown",upstream="shop"} 1)"));
  EXPECT_THAT(metrics.expose(), testing::HasSubstr(R"(standin_retries_refused_total{upstream="shop"} 1)"));
}

}  // namespace
}  // namespace standin
