#include "rehearsal/shoppers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "rehearsal/judge.h"
#include "rehearsal/load.h"
#include "rehearsal/running_shop.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;
using playground::comes_true;
using playground::RunningShop;
using testing::HasSubstr;

/// A hundred shoppers within a tenth of a second.
ShopperOptions hundred(const RunningShop& shop) {
  return {.url = shop.url(), .arrivals = {.rate = 1'000, .span = 100ms}, .timeout = 60s};
}

LoadSummary run(Shoppers& shoppers) {
  shoppers.start();
  EXPECT_TRUE(comes_true([&] { return shoppers.gone().is_set(); }));
  return shoppers.stats().summary();
}

std::uint64_t arrivals(const Shoppers& shoppers) { return shoppers.stats().summary().total.counts.arrivals; }

TEST(Shoppers, AreServedOnceEach) {
  const RunningShop shop;
  auto shoppers = Shoppers::make(hundred(shop));
  ASSERT_TRUE(shoppers.has_value()) << shoppers.error().what;
  const LoadSummary summary = run(*shoppers);
  EXPECT_EQ(summary.total.counts.arrivals, 100u);
  EXPECT_EQ(summary.total.counts.yes, 100u);
  EXPECT_EQ(summary.total.counts.errors(), 0u);
  EXPECT_EQ(summary.total.latency.count(), 100u);
  const Verdict verdict = judge(shoppers->stats().attempts(), shop.books());
  EXPECT_TRUE(verdict.clean());
  EXPECT_EQ(verdict.served, 100u);
}

TEST(Shoppers, ComeWhenTheyComeThoughNobodyIsAnswered) {
  RunningShop shop({.answer = Misbehaviour::hang});
  auto shoppers = Shoppers::make(hundred(shop));
  shoppers->start();
  EXPECT_TRUE(comes_true([&] { return arrivals(*shoppers) == 100; }));
  EXPECT_EQ(shoppers->in_flight(), 100u);
  EXPECT_EQ(shoppers->stats().summary().total.counts.attempts, 0u);
  shop.close();
  shoppers->stop();
  EXPECT_EQ(shoppers->stats().summary().total.counts.connection_errors, 100u);
}

TEST(Shoppers, BeyondTheLimitInFlightFailAndDoNotWait) {
  RunningShop shop({.answer = Misbehaviour::hang});
  ShopperOptions options = hundred(shop);
  options.in_flight_max = 10;
  auto shoppers = Shoppers::make(options);
  shoppers->start();
  EXPECT_TRUE(comes_true([&] { return arrivals(*shoppers) == 100; }));
  EXPECT_TRUE(comes_true([&] { return shoppers->stats().summary().total.counts.local_limit == 90; }));
  EXPECT_EQ(shoppers->in_flight(), 10u);
  shop.close();
}

TEST(Shoppers, MeasureFromWhenARequestWasToStart) {
  RunningShop shop({.answer = Misbehaviour::hang});
  ShopperOptions options = hundred(shop);
  options.timeout = 50ms;
  auto shoppers = Shoppers::make(options);
  const LoadSummary summary = run(*shoppers);
  EXPECT_EQ(summary.total.counts.timed_out, 100u);
  EXPECT_GE(summary.total.latency.quantile(0), 50ms);
  const auto attempts = shoppers->stats().attempts();
  std::set<Instant> intended;
  for (const Attempt& attempt : attempts) intended.insert(attempt.intended);
  EXPECT_EQ(*intended.rbegin() - *intended.begin(), 99ms);  // as planned, however late each really was
}

TEST(Shoppers, WhoHangUpAreToldNothing) {
  const RunningShop shop;
  ShopperOptions options = hundred(shop);
  options.mix.hang_up = 1;
  auto shoppers = Shoppers::make(options);
  const LoadSummary summary = run(*shoppers);
  EXPECT_EQ(summary.total.counts.hung_up, 100u);
  EXPECT_EQ(summary.total.counts.yes, 0u);
  EXPECT_EQ(summary.total.counts.errors(), 0u);
}

TEST(Shoppers, WhoRetrySendTheSameOrderAgain) {
  const RunningShop shop;
  ShopperOptions options = hundred(shop);
  options.arrivals.span = 20ms;
  options.mix.retry = 1;
  auto shoppers = Shoppers::make(options);
  const LoadSummary summary = run(*shoppers);
  EXPECT_EQ(summary.total.counts.arrivals, 20u);
  EXPECT_EQ(summary.total.counts.retries, 20u);
  std::set<std::string> keys;
  for (const Attempt& attempt : shoppers->stats().attempts()) keys.insert(attempt.key);
  EXPECT_EQ(keys.size(), 20u);
  // Nobody makes a Standin-Key of the shoppers' own key here: the shop serves each twice, and the judge sees it.
  EXPECT_EQ(judge(shoppers->stats().attempts(), shop.books()).served_twice.size(), 20u);
}

TEST(Shoppers, WriteEveryAttemptDown) {
  const RunningShop shop;
  ShopperOptions options = hundred(shop);
  options.attempts_file = RunningShop::folder() / "attempts.jsonl";
  options.keep_attempts = false;
  auto shoppers = Shoppers::make(options);
  run(*shoppers);
  std::ifstream file(options.attempts_file);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) EXPECT_THAT(line, HasSubstr(R"("told":"yes")"));
  EXPECT_EQ(lines, 100);
}

TEST(Shoppers, WithNobodyToConnectToHaveConnectionErrors) {
  ShopperOptions options;
  {
    const RunningShop shop;
    options = hundred(shop);
  }
  options.mix.hang_up = 0.5;
  auto shoppers = Shoppers::make(options);
  EXPECT_EQ(run(*shoppers).total.counts.connection_errors, 100u);
}

TEST(Shoppers, CannotBeMadeOfNonsense) {
  EXPECT_FALSE(Shoppers::make({.url = "gopher:shop"}).has_value());
  EXPECT_FALSE(Shoppers::make({.url = "http://127.0.0.1:1", .arrivals = {.rate = 0}}).has_value());
  EXPECT_FALSE(Shoppers::make({.url = "http://127.0.0.1:1", .arrivals = {.rate = 1, .ramp_to = 2}}).has_value());
  EXPECT_FALSE(Shoppers::make({.url = "http://127.0.0.1:1", .attempts_file = "/missing/attempts"}).has_value());
}

TEST(Load, FailsIfAThresholdIsCrossed) {
  const RunningShop shop({.answer = Misbehaviour::status});
  LoadOptions options{
      .shoppers = hundred(shop), .fail_if = {*Threshold::parse("5xx>100")}, .json = true, .progress = false};
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_load(options), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr(R"("5xx":100)"));
  options.fail_if = {*Threshold::parse("5xx>99")};
  testing::internal::CaptureStdout();
  EXPECT_EQ(run_load(options), 1);
  testing::internal::GetCapturedStdout();
}

}  // namespace
}  // namespace standin::rehearsal
