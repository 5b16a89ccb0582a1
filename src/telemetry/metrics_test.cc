#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/metric_family.h"

namespace standin {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

Money usd(std::int64_t minor) { return {minor, *Currency::parse("USD")}; }

void say_everything(Metrics& metrics) {
  metrics.answered("orders", Answered::forwarded, 201, 3ms);
  metrics.received("orders", 1ms);
  metrics.forwarded("orders", Outcome::approved, 2ms);
  metrics.stood_in("orders", Cause::breaker, true);
  metrics.stand_in_resolved("orders", Cause::breaker, false);
  metrics.facts_unreadable("orders", "amount", false);
  metrics.template_compared("orders", true);
  metrics.client_went_away("orders", true);
  metrics.stream_cut("orders", "client");
  metrics.cache_answered("rest", "hit");
  metrics.cache_holds("rest", 1000, 2, 1);
  metrics.late_answer("orders", Outcome::approved);
  metrics.replay_attempt("orders", Outcome::declined);
  metrics.replay_paused("orders", true);
  metrics.journal_commit(2ms, 7);
  metrics.journal_promising(true);
  metrics.pass_through(false);
  metrics.journal_queue(3);
  metrics.exposure(usd(1234), usd(5678));
  metrics.orders_in_state("accepted", 2);
  metrics.follow_ups_open(1);
  metrics.target_sent("shop", "http://127.0.0.1:3000", "good", 2ms);
  metrics.target_connected("shop", "http://127.0.0.1:3000", 1ms);
  metrics.target_first_byte("shop", "http://127.0.0.1:3000", 2ms);
  metrics.upstream_certificate_expires("shop", "http://127.0.0.1:3000", WallTime());
  metrics.target_location("shop", "http://127.0.0.1:3000", "", "ca403");
  metrics.scoreboard_errors("shop", "http://127.0.0.1:3000", 2);
  metrics.breaker_keys_open("shop", "http://127.0.0.1:3000", 1);
  metrics.retried("shop", "not_sent");
  metrics.retry_refused("shop");
  metrics.switches_cut("shop", 1);
  metrics.target_in_flight("shop", "http://127.0.0.1:3000", 4);
  metrics.breaker_state("shop", "http://127.0.0.1:3000", "closed");
  metrics.target_healthy("shop", "http://127.0.0.1:3000", true);
  metrics.connections(5, 2);
  metrics.turned_away("connections");
  metrics.origin_ignored();
  metrics.certificate_expires("127.0.0.1:8443", "shop.pem", WallTime());
  metrics.log_lines_dropped(9);
}

std::set<std::string> names_exposed(const std::string& text) {
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) names.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  return names;
}

std::set<std::string> names_documented() {
  std::set<std::string> names;
  std::ifstream page(STANDIN_SOURCE_DIR "/docs/metrics.md");
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `standin_")) names.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return names;
}

TEST(Metrics, ThePageListsExactlyWhatIsExposed) {
  Metrics metrics;
  say_everything(metrics);
  EXPECT_FALSE(names_documented().empty());
  EXPECT_EQ(names_exposed(metrics.expose()), names_documented());
}

TEST(Metrics, ThePageNamesEveryLabel) {
  Metrics metrics;
  say_everything(metrics);
  std::ifstream file(STANDIN_SOURCE_DIR "/docs/metrics.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string text = metrics.expose();
  for (std::size_t at = text.find("=\""); at != std::string::npos; at = text.find("=\"", at + 1)) {
    const std::size_t from = text.find_last_of("{,", at) + 1;
    const std::string label = text.substr(from, at - from);
    if (label != "le") EXPECT_THAT(page, HasSubstr("`" + label + "`"));
  }
}

TEST(Metrics, CountersMoveByWhatHappened) {
  Metrics metrics;
  metrics.answered("orders", Answered::accepted, 201, 3ms);
  metrics.answered("orders", Answered::accepted, 201, 700ms);
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr(R"(standin_requests_total{answered="accepted",route="orders",status="2xx"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(standin_request_seconds_bucket{answered="accepted",route="orders",le="0.005"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(standin_request_seconds_count{answered="accepted",route="orders"} 2)"));
}

TEST(Metrics, AnErrorIsToldFromAFailure) {
  Metrics metrics;
  metrics.forwarded("orders", Outcome::declined, 1ms);
  metrics.forwarded("orders", Outcome::unknown, 1ms);
  metrics.forwarded("orders", Outcome::not_done, 1ms);
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr(R"({kind="failure",outcome="declined",route="orders"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"({kind="error",outcome="unknown",route="orders"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(standin_forward_seconds_count{kind="error",route="orders"} 2)"));
}

TEST(Metrics, OneStateOfABreakerIsOneAtATime) {
  Metrics metrics;
  metrics.breaker_state("shop", "a", "open");
  metrics.breaker_state("shop", "a", "half-open");
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr(R"({state="open",target="a",upstream="shop"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"({state="half-open",target="a",upstream="shop"} 1)"));
}

TEST(Metrics, NothingIsSaidOfATargetThatIsGone) {
  Metrics metrics;
  say_everything(metrics);
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(target=")"));
  metrics.target_gone("shop", "http://127.0.0.1:3000");
  EXPECT_THAT(metrics.expose(), Not(HasSubstr(R"(target=")")));
}

TEST(Metrics, ATargetThatIsGoneTakesNoOthersMetricsAlong) {
  Metrics metrics;
  const std::string both[][2] = {{"shop", "b"}, {"bank", "a"}};
  for (const auto& [upstream, target] : both) {
    metrics.breaker_state(upstream, target, "open");
    metrics.upstream_certificate_expires(upstream, target, WallTime());
  }
  const std::string before = metrics.expose();
  metrics.breaker_state("shop", "a", "open");
  metrics.upstream_certificate_expires("shop", "a", WallTime());
  EXPECT_NE(metrics.expose(), before);
  metrics.target_gone("shop", "a");
  EXPECT_EQ(metrics.expose(), before);
}

TEST(Metrics, ATargetThatCameBackIsMeasuredAnew) {
  Metrics metrics;
  metrics.target_sent("shop", "a", "good", 2ms);
  metrics.target_gone("shop", "a");
  metrics.target_sent("shop", "a", "good", 2ms);
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_target_requests_total{end="good",target="a",upstream="shop"} 1)"));
}

TEST(Metrics, AJournalThatStopsPromisingShowsAsZero) {
  Metrics metrics;
  EXPECT_THAT(metrics.expose(), Not(HasSubstr("standin_journal_promising")));
  metrics.journal_promising(false);
  EXPECT_THAT(metrics.expose(), HasSubstr("standin_journal_promising 0"));
}

TEST(Metrics, ExposureIsInMinorUnitsPerCurrency) {
  Metrics metrics;
  metrics.exposure(usd(1234), usd(5678));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_exposure_minor{currency="USD"} 1234)"));
  EXPECT_THAT(metrics.expose(), HasSubstr(R"(standin_exposure_peak_minor{currency="USD"} 5678)"));
}

TEST(Metrics, DroppedLinesAreATotalHoweverOftenItIsTold) {
  Metrics metrics;
  metrics.log_lines_dropped(9);
  metrics.log_lines_dropped(9);
  metrics.log_lines_dropped(12);
  EXPECT_THAT(metrics.expose(), HasSubstr("standin_log_lines_dropped_total 12"));
}

TEST(Metrics, ThreadsThatMeetALabelAtOnceLoseNoCount) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 500; ++j) metrics.stood_in("orders", Cause::forced, true);
      });
    }
  }
  EXPECT_THAT(metrics.expose(), HasSubstr(R"({cause="forced",decision="accepted",route="orders"} 2000)"));
}

TEST(Metrics, NothingIsLostOrCountedTwiceWhileItIsExposed) {
  Metrics metrics;
  std::atomic<int> left = 3;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 2000; ++j) metrics.answered("orders", Answered::forwarded, 200, 4ms);
        --left;
      });
    }
    while (left > 0) static_cast<void>(metrics.expose());
  }
  const std::string text = metrics.expose();
  EXPECT_THAT(text, HasSubstr(R"(standin_requests_total{answered="forwarded",route="orders",status="2xx"} 6000)"));
  EXPECT_THAT(text, HasSubstr(R"(standin_request_seconds_count{answered="forwarded",route="orders"} 6000)"));
  EXPECT_THAT(text, HasSubstr(R"(standin_request_seconds_bucket{answered="forwarded",route="orders",le="0.0025"} 0)"));
  EXPECT_THAT(text,
              HasSubstr(R"(standin_request_seconds_bucket{answered="forwarded",route="orders",le="0.005"} 6000)"));
}

TEST(Metrics, ATallyCountsAsTheLibraryDoes) {
  const prometheus::Histogram::BucketBoundaries upper{0.5, 1, 2};
  prometheus::Histogram tallied(upper), observed(upper);
  Tally<prometheus::Histogram> tally(upper);
  for (const double value : {0.0, 0.5, 0.6, 1.0, 1.5, 2.0, 2.5, 1e9}) {
    tally.add(value);
    observed.Observe(value);
  }
  tally.hand_over(tallied);
  EXPECT_TRUE(tally.empty());
  tally.hand_over(tallied);
  const auto is = tallied.Collect().histogram;
  const auto should = observed.Collect().histogram;
  EXPECT_EQ(is.sample_count, should.sample_count);
  EXPECT_EQ(is.sample_sum, should.sample_sum);
  ASSERT_EQ(is.bucket.size(), should.bucket.size());
  for (std::size_t i = 0; i < is.bucket.size(); ++i) {
    EXPECT_EQ(is.bucket[i].cumulative_count, should.bucket[i].cumulative_count) << i;
  }
}

TEST(Metrics, WhatWasTalliedOfATargetGoesWithIt) {
  Metrics metrics;
  metrics.target_sent("shop", "a", "good", 2ms);
  std::jthread([&] { metrics.target_sent("shop", "a", "good", 2ms); }).join();
  metrics.target_gone("shop", "a");
  EXPECT_THAT(metrics.expose(), Not(HasSubstr(R"(target="a")")));
}

}  // namespace
}  // namespace standin
