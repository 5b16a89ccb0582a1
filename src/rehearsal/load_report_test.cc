#include "rehearsal/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Instant start{};

Attempt answered(Duration intended, Duration latency, Told told = Told::yes, int status = 201) {
  return {.intended = start + intended, .latency = latency, .status = status, .told = told, .phase = "all"};
}

TEST(LoadStats, CountsWhatBecameOfAttempts) {
  LoadStats stats(true);
  stats.start(start);
  for (int n = 0; n < 5; ++n) stats.arrived(start);
  stats.ended(answered(0s, 10ms));
  stats.ended(answered(0s, 10ms, Told::no, 422));
  stats.ended(answered(0s, 10ms, Told::neither, 503));
  Attempt attempt = answered(0s, 10ms, Told::nothing, 0);
  attempt.ending = Ending::timed_out;
  stats.ended(attempt);
  attempt.ending = Ending::local_limit;
  stats.ended(attempt);
  attempt.ending = Ending::hung_up;
  stats.ended(attempt);
  const LoadSummary summary = stats.summary();
  const LoadCounts& counts = summary.total.counts;
  EXPECT_EQ(counts.arrivals, 5u);
  EXPECT_EQ(counts.attempts, 6u);
  EXPECT_EQ(counts.yes, 1u);
  EXPECT_EQ(counts.no, 1u);
  EXPECT_EQ(counts.neither, 1u);
  EXPECT_EQ(counts.hung_up, 1u);
  EXPECT_EQ(counts.errors(), 3u);  // 503, the timeout, the local limit
  EXPECT_EQ(summary.total.by_status.at(201), 1u);
  EXPECT_EQ(summary.total.latency.count(), 4u);  // a shopper who left has no latency
  EXPECT_EQ(stats.attempts().size(), 6u);
}

TEST(LoadStats, KeepsPhasesApart) {
  LoadStats stats(false);
  stats.start(start);
  Attempt attempt = answered(0s, 10ms);
  for (const char* label : {"healthy", "outage", "healthy"}) {
    stats.phase(label);
    stats.arrived(start);
    attempt.phase = stats.phase();
    attempt.latency = attempt.phase == "outage" ? 1s : 10ms;
    stats.ended(attempt);
  }
  const LoadSummary summary = stats.summary();
  ASSERT_EQ(summary.phases.size(), 2u);
  EXPECT_EQ(summary.phases[0].label, "healthy");
  EXPECT_EQ(summary.phases[0].counts.yes, 2u);
  EXPECT_EQ(summary.phases[0].latency.max(), 10ms);
  EXPECT_EQ(summary.phases[1].latency.max(), 1s);
  EXPECT_EQ(summary.total.counts.arrivals, 3u);
  EXPECT_TRUE(stats.attempts().empty());
}

TEST(LoadStats, ShowsEachSecondAlsoOnceItIsOld) {
  LoadStats stats(false);
  stats.start(start);
  for (int second = 0; second < 20; ++second) {
    stats.arrived(start + std::chrono::seconds(second));
    stats.ended(answered(std::chrono::seconds(second), std::chrono::milliseconds(second + 1)));
  }
  const auto series = stats.series(100);
  ASSERT_EQ(series.size(), 20u);
  for (int second = 0; second < 20; ++second) {
    EXPECT_EQ(series[second].second, second);
    EXPECT_EQ(series[second].counts.arrivals, 1u);
    EXPECT_EQ(series[second].counts.yes, 1u);
    EXPECT_EQ(series[second].p99, std::chrono::milliseconds(second + 1));
  }
  EXPECT_EQ(stats.series(3).front().second, 17);
}

TEST(LoadStats, AnAnswerCountsInTheSecondInWhichItCame) {
  LoadStats stats(false);
  stats.start(start);
  stats.arrived(start);
  stats.ended(answered(0s, 2500ms));
  const auto series = stats.series(10);
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(series[0].counts.arrivals, 1u);
  EXPECT_EQ(series[0].counts.yes, 0u);
  EXPECT_EQ(series[2].counts.yes, 1u);
}

PhaseOfLoad slow_run() {
  PhaseOfLoad total;
  for (int n = 0; n < 100; ++n) total.latency.add(21s);
  total.counts.timed_out = 2;
  return total;
}

TEST(Threshold, IsCrossedBeyondItsBoundAlone) {
  EXPECT_TRUE(Threshold::parse("p99>20s")->crossed(slow_run()));
  EXPECT_TRUE(Threshold::parse("p50 > 20999ms")->crossed(slow_run()));
  EXPECT_FALSE(Threshold::parse("max>21s")->crossed(slow_run()));
  EXPECT_TRUE(Threshold::parse("max>=21s")->crossed(slow_run()));
  EXPECT_TRUE(Threshold::parse("errors>0")->crossed(slow_run()));
  EXPECT_FALSE(Threshold::parse("timeouts>2")->crossed(slow_run()));
  EXPECT_FALSE(Threshold::parse("5xx>0")->crossed(slow_run()));
}

TEST(Threshold, AMisspeltMeasureIsAnErrorThatSuggestsTheRightOne) {
  EXPECT_THAT(Threshold::parse("error>0").error().what, HasSubstr("\"errors\"?"));
}

TEST(Threshold, NeedsTheUnitOfItsMeasure) {
  EXPECT_FALSE(Threshold::parse("p99>20").has_value());
  EXPECT_FALSE(Threshold::parse("p99>20h").has_value());
  EXPECT_FALSE(Threshold::parse("errors>5ms").has_value());
  EXPECT_FALSE(Threshold::parse("errors>").has_value());
  EXPECT_FALSE(Threshold::parse("errors=0").has_value());
}

TEST(LoadReport, IsOneJsonObject) {
  LoadStats stats(false);
  stats.start(start);
  stats.arrived(start);
  stats.ended(answered(0s, 10ms));
  const std::string json = to_json(stats.summary());
  EXPECT_THAT(json, HasSubstr(R"("by_status":{"201":1})"));
  EXPECT_THAT(json, HasSubstr(R"("p99":1E1)"));
}

TEST(LoadReport, AnAttemptIsOneLineOfJson) {
  Attempt attempt = answered(0s, 10ms);
  attempt.key = "run-1";
  attempt.reference = "ord_1";
  const std::string json = to_json(attempt);
  EXPECT_THAT(json, HasSubstr(R"("key":"run-1")"));
  EXPECT_THAT(json, HasSubstr(R"("told":"yes","reference":"ord_1")"));
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace standin::rehearsal
