#include "upstream/places.h"

#include <algorithm>

#include "base/limits.h"
#include "base/result.h"
#include "telemetry/metrics.h"

namespace standin {
namespace {

bool take(std::atomic<unsigned>& places, unsigned limit) {
  unsigned taken = places.load(std::memory_order_relaxed);
  while (taken < limit)
    if (places.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) return true;
  return false;
}

void give_back(std::atomic<unsigned>& places) {
  ensure(places.fetch_sub(1, std::memory_order_relaxed) > 0, "a place that is given back had been taken");
}

}  // namespace

bool Places::enter(unsigned limit) { return take(taken_, limit); }

void Places::leave() { give_back(taken_); }

bool Places::enter_retry() {
  const double share = limits::retry_share * taken_.load(std::memory_order_relaxed);
  const bool taken = take(retries_, std::max(limits::retries_min, static_cast<unsigned>(share)));
  if (!taken && metrics_) metrics_->retry_refused(upstream_);
  return taken;
}

void Places::leave_retry() { give_back(retries_); }

void Places::count_retry(std::string_view after) const {
  if (metrics_) metrics_->retried(upstream_, after);
}

}  // namespace standin
