#include "upstream/target_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "telemetry/metrics.h"

namespace standin {
namespace {

using testing::HasSubstr;

constexpr Instant start{1h};
constexpr const char* url = "http://shop:1";

UpstreamConfig shop() { return {.name = "shop", .targets = {url}}; }

void trip(TargetState& target) {
  for (int i = 0; i < 3; ++i) target.record(target.admit(start, true), Breaker::End::timed_out, start);
}

template <class Function>
void on_four_threads(const Function& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
}

TEST(TargetStates, GiveEveryThreadTheSameState) {
  TargetStates states;
  std::mutex mutex;
  std::set<std::shared_ptr<TargetState>> seen;
  on_four_threads([&] {
    const auto state = states.of(shop(), url);
    const std::lock_guard lock(mutex);
    seen.insert(state);
  });
  EXPECT_EQ(seen.size(), 1u);
}

TEST(TargetStates, TellTheSameUrlOfTwoUpstreamsApart) {
  TargetStates states;
  UpstreamConfig other = shop();
  other.name = "other";
  EXPECT_NE(states.of(shop(), url), states.of(other, url));
}

TEST(TargetStates, ListWhatIsInUse) {
  TargetStates states;
  const auto used = states.of(shop(), url);
  states.of(shop(), "http://gone:1");
  const auto views = states.views(start);
  ASSERT_EQ(views.size(), 1u);
  EXPECT_EQ(views[0].upstream, "shop");
  EXPECT_EQ(views[0].url, url);
  EXPECT_EQ(views[0].breaker, "closed");
}

TEST(TargetState, LetsOneProbeThroughOverAllThreads) {
  TargetStates states;
  const auto target = states.of(shop(), url);
  trip(*target);
  std::atomic<int> probes = 0;
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i)
      if (target->admit(start + 5s, true).admitted()) ++probes;
  });
  EXPECT_EQ(probes, 1);
}

TEST(TargetState, CountsWhatIsInFlightOverAllThreads) {
  TargetStates states;
  const auto target = states.of(shop(), url);
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i) target->enter();
    for (int i = 0; i < 999; ++i) target->leave();
  });
  EXPECT_EQ(target->in_flight(), 4u);
}

TEST(TargetState, CountsHowExchangesEnded) {
  TargetStates states;
  const auto target = states.of(shop(), url);
  for (const auto end : {Breaker::End::good, Breaker::End::good, Breaker::End::good, Breaker::End::error,
                         Breaker::End::not_sent, Breaker::End::timed_out})
    target->record(target->admit(start, true), end, start);
  const TargetView view = target->view(start);
  EXPECT_EQ(view.good, 3u);
  EXPECT_EQ(view.errors, 2u);
  EXPECT_EQ(view.timeouts, 1u);
}

TEST(TargetState, ShowsItsBreakerAndHealthAsMetrics) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto target = states.of(shop(), url);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="closed",target="http://shop:1",upstream="shop"} 1)"));
  trip(*target);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="open",target="http://shop:1",upstream="shop"} 1)"));
  target->pinged(true, start);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="half-open",target="http://shop:1",upstream="shop"} 1)"));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_target_healthy{target="http://shop:1",upstream="shop"} 1)"));
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

}  // namespace
}  // namespace standin
