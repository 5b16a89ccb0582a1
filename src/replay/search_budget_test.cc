#include "replay/search_budget.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

using namespace std::chrono_literals;

/// When requests leave that are all wanted at once and for ever, until `end`. Begins anew every `restart`.
std::vector<Instant> spent(const std::vector<SearchLimit>& limits, Duration end, Duration restart = Duration::max()) {
  std::vector<Instant> all;
  Instant began{};
  SearchBudget budget(limits, began);
  Instant now{};
  while (true) {
    Instant when = budget.next(now);
    if (restart != Duration::max() && when >= began + restart) {
      began += restart;
      budget = SearchBudget(limits, began);
      now = began;
      continue;
    }
    if (when - Instant{} >= end) return all;
    now = when;
    budget.spend(now);
    all.push_back(now);
  }
}

std::size_t most_within(const std::vector<Instant>& times, Duration span) {
  std::size_t most = 0, first = 0;
  for (std::size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= span) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

struct LimitCase {
  unsigned count;
  Duration per;
};
class BudgetOf : public testing::TestWithParam<LimitCase> {};
TEST_P(BudgetOf, HoldsOverEverySpan) {
  const auto [count, per] = GetParam();
  const auto times = spent({{count, per}}, 5 * per);
  EXPECT_LE(most_within(times, per), count);
  EXPECT_GE(times.size(), std::max<std::size_t>(4, 2 * count)) << "and what is allowed is used";
}
INSTANTIATE_TEST_SUITE_P(SearchBudget, BudgetOf,
                         testing::Values(LimitCase{1, 1min}, LimitCase{2, 1min}, LimitCase{3, 1min},
                                         LimitCase{45, 1min}, LimitCase{5000, 24h}));

TEST(SearchBudget, AllLimitsHoldAtOnce) {
  const auto times = spent({{45, 1min}, {500, 24h}}, 48h);
  EXPECT_LE(most_within(times, 1min), 45u);
  EXPECT_LE(most_within(times, 24h), 500u);
}

TEST(SearchBudget, TenRestartsADayStayWithinTheDay) {
  EXPECT_LE(most_within(spent({{5000, 24h}}, 72h, 145min), 24h), 5000u);
}

TEST(SearchBudget, WithoutLimitsNothingWaits) {
  SearchBudget budget;
  budget.spend(Instant(5s));
  EXPECT_EQ(budget.next(Instant(5s)), Instant(5s));
}

TEST(SearchBudget, BeginsSoonAfterAStart) {
  EXPECT_EQ(SearchBudget({{45, 1min}, {5000, 24h}}, Instant(7s)).next(Instant(7s)), Instant(7s));
}

TEST(SearchBudget, WhenThePartySaysEnoughItWaits) {
  SearchBudget budget({{45, 1min}}, Instant{});
  budget.exhaust(Instant(1h));
  EXPECT_GT(budget.next(Instant(1h)), Instant(1h));
}

}  // namespace
}  // namespace standin
