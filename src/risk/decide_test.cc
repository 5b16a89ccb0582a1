#include "risk/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace standin {
namespace {

using testing::HasSubstr;

Money money(std::string_view text) { return parse_money(text).value(); }

Policy policy() {
  return {.name = "default",
          .version = "v1",
          .floor_limit = {money("25.00 USD"), money("20.00 EUR")},
          .exposure_total = {money("5000.00 USD"), money("100.00 EUR")}};
}

Facts order_of(std::string_view amount) { return {.amount = money(amount)}; }

Decision decide_with(const Facts& facts, const std::vector<Money>& exposure = {}) {
  Decision decision = decide(facts, nullptr, {.exposure = exposure}, policy(), wall_time(0));
  EXPECT_EQ(accepts(facts, nullptr, {.exposure = exposure}, policy(), wall_time(0)), decision.accept);
  return decision;
}

const Verdict& verdict(const Decision& decision, std::string_view rule) {
  for (const Verdict& verdict : decision.verdicts) {
    if (verdict.rule == rule) return verdict;
  }
  throw std::runtime_error("no such rule");
}

TEST(Decide, AcceptsUpToAndIncludingTheFloorLimit) {
  EXPECT_TRUE(decide_with(order_of("25.00 USD")).accept);
  EXPECT_FALSE(decide_with(order_of("25.01 USD")).accept);
}

TEST(Decide, AnOrderOfNothingIsWithinTheFloorLimit) { EXPECT_TRUE(decide_with(order_of("0.00 USD")).accept); }

TEST(Decide, ExplainsWithTheFiguresCompared) {
  const Decision decision = decide_with(order_of("30.00 USD"));
  EXPECT_EQ(verdict(decision, "floor_limit").why, "30.00 USD is over the floor limit of 25.00 USD");
}

TEST(Decide, DeclinesACurrencyWithoutAFloorLimit) {
  const Decision decision = decide_with(order_of("1 JPY"));
  EXPECT_FALSE(decision.accept);
  EXPECT_EQ(verdict(decision, "floor_limit").why, "the policy has no floor limit in JPY");
}

TEST(Decide, DeclinesACurrencyWithoutATotalExposure) {
  Policy unbounded = policy();
  unbounded.exposure_total.clear();
  const Decision decision = decide(order_of("1.00 USD"), nullptr, {}, unbounded, wall_time(0));
  EXPECT_FALSE(decision.accept);
  EXPECT_FALSE(verdict(decision, "exposure").accept);
}

TEST(Decide, DeclinesWithoutAnAmount) {
  const Decision decision = decide_with(Facts{});
  EXPECT_FALSE(decision.accept);
  EXPECT_EQ(verdict(decision, "facts").why, "the request has no amount");
}

TEST(Decide, DeclinesANegativeAmount) {
  const Decision decision = decide_with({.amount = Money{-100, money("1 USD").currency}});
  EXPECT_FALSE(decision.accept);
  EXPECT_FALSE(verdict(decision, "facts").accept);
}

TEST(Decide, ExposureMayReachItsTotalAndNotPassIt) {
  EXPECT_TRUE(decide_with(order_of("20.00 USD"), {money("4980.00 USD")}).accept);
  const Decision over = decide_with(order_of("20.01 USD"), {money("4980.00 USD")});
  EXPECT_FALSE(over.accept);
  EXPECT_THAT(verdict(over, "exposure").why, HasSubstr("is 5000.01 USD, over the total of 5000.00 USD"));
}

TEST(Decide, CountsEachCurrencyByItself) {
  EXPECT_TRUE(decide_with(order_of("20.00 EUR"), {money("5000.00 USD"), money("80.00 EUR")}).accept);
  EXPECT_FALSE(decide_with(order_of("20.00 EUR"), {money("80.01 EUR")}).accept);
}

TEST(Decide, AnExposureThatCannotBeCountedDeclines) {
  const Decision decision = decide_with(order_of("20.00 USD"), {Money{INT64_MAX, money("1 USD").currency}});
  EXPECT_FALSE(decision.accept);
}

TEST(Decide, RecordsEveryRuleAlsoAfterOneDeclined) {
  const Decision decision = decide_with(order_of("30.00 USD"));
  ASSERT_EQ(decision.verdicts.size(), 3u);
  EXPECT_TRUE(verdict(decision, "facts").accept);
  EXPECT_FALSE(verdict(decision, "floor_limit").accept);
  EXPECT_TRUE(verdict(decision, "exposure").accept);
}

TEST(Decide, SaysTheSameOfTheSameValues) {
  const Decision first = decide_with(order_of("24.99 USD"), {money("1.00 USD")});
  const Decision second = decide_with(order_of("24.99 USD"), {money("1.00 USD")});
  EXPECT_EQ(explain(first), explain(second));
  EXPECT_EQ(first.policy_version, "v1");
}

TEST(Decide, UnreadableFactsAreDeclinedWithTheReason) {
  const Decision decision = decline_unreadable("amount: not digits", policy());
  EXPECT_FALSE(decision.accept);
  EXPECT_EQ(explain(decision), "facts: decline: amount: not digits");
  EXPECT_EQ(decision.policy_version, "v1");
}

TEST(Decide, TheCapReachedBeforeKeepingTurnsAnAcceptanceIntoADecline) {
  const Decision decision = decline_over_cap(decide_with(order_of("1.00 USD")));
  EXPECT_FALSE(decision.accept);
  EXPECT_EQ(decision.verdicts.size(), 3u);
  EXPECT_FALSE(verdict(decision, "exposure").accept);
  EXPECT_TRUE(verdict(decision, "floor_limit").accept);
}

TEST(Decide, ExplanationHasOneLinePerRule) {
  EXPECT_EQ(explain(decide_with(order_of("5.00 USD"), {money("10.00 USD")})),
            "facts: accept: the amount is 5.00 USD\n"
            "floor_limit: accept: 5.00 USD is within the floor limit of 25.00 USD\n"
            "exposure: accept: 10.00 USD promised and 5.00 USD more is 15.00 USD, within the total of 5000.00 USD");
}

}  // namespace
}  // namespace standin
