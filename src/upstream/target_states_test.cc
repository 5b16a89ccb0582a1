#include "upstream/target_states.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "telemetry/metrics.h"
#include "upstream/threads_test_support.h"

namespace standin {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr Instant beginning{1h};
constexpr const char* target_url = "http://shop:1";

UpstreamConfig shop() { return {.name = "shop", .targets = {target_url}}; }

void trip(TargetState& target) {
  for (int i = 0; i < 3; ++i) target.record(target.admit(beginning, true), Breaker::End::timed_out, beginning);
}

TEST(TargetStates, GiveEveryThreadTheSameState) {
  TargetStates states;
  std::mutex mutex;
  std::set<std::shared_ptr<TargetState>> seen;
  on_four_threads([&] {
    const auto state = states.of(shop(), target_url);
    const std::lock_guard lock(mutex);
    seen.insert(state);
  });
  EXPECT_EQ(seen.size(), 1u);
}

TEST(TargetStates, TellTheSameUrlOfTwoUpstreamsApart) {
  TargetStates states;
  UpstreamConfig other = shop();
  other.name = "other";
  EXPECT_NE(states.of(shop(), target_url), states.of(other, target_url));
}

TEST(TargetStates, ListWhatIsInUse) {
  TargetStates states;
  const auto used = states.of(shop(), target_url);
  states.of(shop(), "http://gone:1");
  const auto views = states.views(beginning);
  ASSERT_EQ(views.size(), 1u);
  EXPECT_EQ(views[0].upstream, "shop");
  EXPECT_EQ(views[0].url, target_url);
  EXPECT_EQ(views[0].breaker, "closed");
}

TEST(TargetState, LetsOneProbeThroughOverAllThreads) {
  TargetStates states;
  const auto target = states.of(shop(), target_url);
  trip(*target);
  std::atomic<int> probes = 0;
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i)
      if (target->admit(beginning + 5s, true).admitted()) ++probes;
  });
  EXPECT_EQ(probes, 1);
}

TEST(TargetState, CountsWhatIsInFlightOverAllThreads) {
  TargetStates states;
  const auto target = states.of(shop(), target_url);
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i) target->enter();
    for (int i = 0; i < 999; ++i) target->leave();
  });
  EXPECT_EQ(target->in_flight(), 4u);
}

TEST(TargetState, CountsHowExchangesEnded) {
  TargetStates states;
  const auto target = states.of(shop(), target_url);
  for (const auto end : {Breaker::End::good, Breaker::End::good, Breaker::End::good, Breaker::End::error,
                         Breaker::End::not_sent, Breaker::End::timed_out})
    target->record(target->admit(beginning, true), end, beginning);
  const TargetView view = target->view(beginning);
  EXPECT_EQ(view.good, 3u);
  EXPECT_EQ(view.errors, 2u);
  EXPECT_EQ(view.timeouts, 1u);
}

TEST(TargetState, ShowsItsBreakerAndHealthAsMetrics) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto target = states.of(shop(), target_url);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="closed",target="http://shop:1",upstream="shop"} 1)"));
  trip(*target);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="open",target="http://shop:1",upstream="shop"} 1)"));
  target->pinged({.health = Health::good}, beginning);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="half-open",target="http://shop:1",upstream="shop"} 1)"));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_target_healthy{target="http://shop:1",upstream="shop"} 1)"));
}

TEST(TargetState, ShowsWhatWasFoundOfAnExchangeAndNothingElse) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto target = states.of(shop(), target_url);
  target->found({});
  for (const char* name : {"connect", "first_byte", "certificate"})
    EXPECT_THAT(metrics.expose(), testing::Not(HasSubstr(fmt::format("_{}_", name)))) << name;
  target->found({.connect = 2s, .first_byte = 3s, .certificate_expires = wall_time(4'000)});
  target->found({.connect = {}, .first_byte = 4s, .certificate_expires = {}});
  const std::string of_target = R"({target="http://shop:1",upstream="shop"} )";
  EXPECT_THAT(metrics.expose(), HasSubstr("standin_target_connect_seconds_sum" + of_target + "2\n"));
  EXPECT_THAT(metrics.expose(), HasSubstr("standin_target_first_byte_seconds_sum" + of_target + "7\n"));
  EXPECT_THAT(metrics.expose(), HasSubstr("standin_upstream_certificate_expiry_seconds" + of_target + "4\n"));
}

TEST(TargetState, ShowsTheCertificateThatAPingMet) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto target = states.of(shop(), target_url);
  target->pinged({.health = Health::out, .certificate_expires = wall_time(4'000)}, beginning);
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_upstream_certificate_expiry_seconds{target="http://shop:1",upstream="shop"} 4)"
                        "\n"));
  EXPECT_EQ(target->view(beginning).certificate_expires, wall_time(4'000));
}

TEST(TargetState, KeepsTheCertificateThatWasShownLast) {
  TargetStates states;
  const auto target = states.of(shop(), target_url);
  EXPECT_FALSE(target->view(beginning).certificate_expires);
  target->found({.certificate_expires = wall_time(4'000)});
  target->found({});
  target->pinged({}, beginning);
  EXPECT_EQ(target->view(beginning).certificate_expires, wall_time(4'000));
  target->found({.certificate_expires = wall_time(9'000)});
  EXPECT_EQ(target->view(beginning).certificate_expires, wall_time(9'000));
}

TEST(TargetState, ForgetsAllItsErrorsOnceTheLastIsOldEnough) {
  TargetStates states;
  UpstreamConfig config = shop();
  config.forget_errors_after = 30min;
  const auto target = states.of(config, target_url);
  const auto fail = [&](Instant at) { target->record(target->admit(at, true), Breaker::End::error, at); };
  fail(beginning);
  fail(beginning + 20min);
  EXPECT_EQ(target->recent_errors(beginning + 49min), 2u);
  EXPECT_EQ(target->recent_errors(beginning + 50min), 0u);
  fail(beginning + 51min);
  EXPECT_EQ(target->recent_errors(beginning + 51min), 1u) << "what was forgotten does not come back";
}

TEST(TargetState, CountsRecentErrorsOverAllThreads) {
  TargetStates states;
  const auto target = states.of(shop(), target_url);
  on_four_threads([&] {
    for (int i = 0; i < 1000; ++i) target->record({}, Breaker::End::error, beginning);
  });
  EXPECT_EQ(target->recent_errors(beginning), 4000u);
}

TEST(TargetState, KeepsTheLocationThatItsPingNamedLast) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto target = states.of(shop(), target_url);
  target->pinged({.health = Health::good, .location = "ca403"}, beginning);
  target->pinged({.health = Health::down, .location = "ny102"}, beginning);
  target->pinged({.health = Health::out}, beginning);
  EXPECT_EQ(target->view(beginning).location, "ny102");
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(location="ny102")"));
  EXPECT_THAT(metrics.expose(), testing::Not(HasSubstr(R"(location="ca403")")));
}

TEST(TargetStates, ShowWhatTimeChangesAsMetrics) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto target = states.of(shop(), target_url);
  target->record(target->admit(beginning, true), Breaker::End::error, beginning);
  states.switches()->cut({.upstream = "shop", .key = "FR", .until = wall_time(1000)});
  states.publish(beginning, wall_time(0));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_scoreboard_errors{target="http://shop:1",upstream="shop"} 1)"));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_switches_cut{upstream="shop"} 1)"));
  states.publish(beginning + 30min, wall_time(1000));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_scoreboard_errors{target="http://shop:1",upstream="shop"} 0)"));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_switches_cut{upstream="shop"} 0)"));
}

TEST(TargetStates, SayNothingMoreOfATargetThatNobodyUses) {
  Metrics metrics;
  TargetStates states(&metrics);
  const auto used = states.of(shop(), target_url);
  auto removed = states.of(shop(), "http://removed:1");
  trip(*removed);
  removed->found({.certificate_expires = wall_time(4'000)});
  removed->pinged({.health = Health::down, .location = "ca403"}, beginning);
  states.publish(beginning, wall_time(0));
  states.forget_unused();
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(target="http://removed:1")")) << "it is used still";
  removed.reset();
  states.forget_unused();
  states.publish(beginning, wall_time(0));
  EXPECT_THAT(metrics.expose(), testing::Not(HasSubstr("http://removed:1")));
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="closed",target="http://shop:1",upstream="shop"} 1)"));
}

TEST(TargetStates, ShowATargetThatCameBack) {
  Metrics metrics;
  TargetStates states(&metrics);
  trip(*states.of(shop(), target_url));
  states.forget_unused();
  const auto back = states.of(shop(), target_url);
  EXPECT_EQ(back->view(beginning).breaker, "closed");
  EXPECT_THAT(metrics.expose(),
              HasSubstr(R"(standin_breaker_state{state="closed",target="http://shop:1",upstream="shop"} 1)"));
}

TEST(TargetStates, SayNothingMoreOfTheSwitchesOfAnUpstreamThatNobodyUses) {
  Metrics metrics;
  TargetStates states(&metrics);
  auto target = states.of(shop(), target_url);
  states.switches()->cut({.upstream = "shop", .key = "FR", .until = wall_time(1000)});
  states.publish(beginning, wall_time(0));
  target.reset();
  states.publish(beginning, wall_time(0));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_switches_cut{upstream="shop"} 1)")) << "it is cut still";
  states.publish(beginning, wall_time(1000));
  EXPECT_THAT(metrics.expose(), testing::Not(HasSubstr("standin_switches_cut{")));
}

TEST(TargetStates, CountTheKeysWhoseBreakerIsNotClosed) {
  Metrics metrics;
  TargetStates states(&metrics);
  UpstreamConfig config = shop();
  config.breaker.key = {"merchant_country"};
  const auto target = states.of(config, target_url);
  for (int i = 0; i < 3; ++i) target->record(target->admit(beginning, true, "FR"), Breaker::End::timed_out, beginning);
  target->record(target->admit(beginning, true, "DE"), Breaker::End::good, beginning);
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_breaker_keys_open{target="http://shop:1",upstream="shop"} 1)"));
  EXPECT_THAT(states.keys("shop"), testing::ElementsAre("DE", "FR"));
  config.breaker.key = {"card_network"};
  states.of(config, target_url);
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_breaker_keys_open{target="http://shop:1",upstream="shop"} 0)"));
}

}  // namespace
}  // namespace standin
