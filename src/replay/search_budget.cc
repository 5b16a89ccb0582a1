#include "replay/search_budget.h"

#include <algorithm>
#include <cmath>

namespace standin {
namespace {

constexpr double at_once = 0.25;
constexpr double for_restarts = 0.1;
constexpr double at_start = 0.01;
/// Sums of fractions that should be whole fall short of it by rounding.
constexpr double nearly = 1 - 1e-9;

}  // namespace

SearchBudget::SearchBudget(const std::vector<SearchLimit>& limits, Instant now) {
  for (const SearchLimit& limit : limits) buckets_.push_back(bucket(limit, now));
}

SearchBudget::Bucket SearchBudget::bucket(const SearchLimit& limit, Instant now) {
  const double count = std::max(1u, limit.count);
  const double capacity = std::max(1.0, std::floor(count * at_once));
  const double comes_back = std::max(1.0, count - capacity - std::floor(count * for_restarts));
  return {.capacity = capacity,
          .per_second = comes_back / std::max(1e-3, seconds(limit.per)),
          .filled = std::clamp(std::floor(count * at_start), 1.0, capacity),
          .at = now};
}

double SearchBudget::Bucket::at_time(Instant now) const {
  return std::min(capacity, filled + per_second * seconds(std::max(Duration(0), now - at)));
}

Instant SearchBudget::next(Instant now) const {
  Instant when = now;
  for (const Bucket& bucket : buckets_) {
    const double lacking = 1 - bucket.at_time(now);
    if (lacking <= 1 - nearly) continue;
    const std::chrono::duration<double> wait(lacking / bucket.per_second);
    when = std::max(when, now + std::chrono::ceil<std::chrono::milliseconds>(wait));
  }
  return when;
}

void SearchBudget::spend(Instant now) {
  for (Bucket& bucket : buckets_) {
    bucket.filled = std::max(0.0, bucket.at_time(now) - 1);
    bucket.at = now;
  }
}

void SearchBudget::exhaust(Instant now) {
  for (Bucket& bucket : buckets_) {
    bucket.filled = 0;
    bucket.at = now;
  }
}

}  // namespace standin
