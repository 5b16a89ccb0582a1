#include "rehearsal/load_stats.h"

#include <algorithm>

namespace standin::rehearsal {
namespace {

// Latencies of older seconds are kept as p50 and p99 alone: nothing ends into a second this long gone.
constexpr std::size_t seconds_open = 5;

bool has_latency(const Attempt& attempt) {
  return attempt.ending == Ending::answered || attempt.ending == Ending::timed_out;
}

Duration quantile(std::vector<Duration> values, double fraction) {
  if (values.empty()) return {};
  const auto at = static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

}  // namespace

void LoadCounts::add(const Attempt& attempt) {
  ++attempts;
  retries += attempt.retry ? 1 : 0;
  switch (attempt.ending) {
    case Ending::answered: break;
    case Ending::hung_up: ++hung_up; break;
    case Ending::timed_out: ++timed_out; break;
    case Ending::connection_error: ++connection_errors; break;
    case Ending::local_limit: ++local_limit; break;
  }
  switch (attempt.told) {
    case Told::yes: ++yes; break;
    case Told::no: ++no; break;
    case Told::neither: ++neither; break;
    case Told::nothing: break;
  }
  server_errors += attempt.status >= 500 ? 1 : 0;
}

void LoadCounts::merge(const LoadCounts& other) {
  arrivals += other.arrivals;
  attempts += other.attempts;
  retries += other.retries;
  yes += other.yes;
  no += other.no;
  neither += other.neither;
  hung_up += other.hung_up;
  timed_out += other.timed_out;
  connection_errors += other.connection_errors;
  local_limit += other.local_limit;
  server_errors += other.server_errors;
}

void LoadStats::start(Instant now) {
  const std::lock_guard lock(mutex_);
  start_ = now;
}

void LoadStats::phase(std::string label) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(phases_, label, &PhaseOfLoad::label);
  current_phase_ = static_cast<std::size_t>(found - phases_.begin());
  if (found == phases_.end()) phases_.push_back({.label = std::move(label)});
}

std::string LoadStats::phase() const {
  const std::lock_guard lock(mutex_);
  return phases_[current_phase_].label;
}

void LoadStats::arrived(Instant intended) {
  const std::lock_guard lock(mutex_);
  ++second_at(intended).seen.counts.arrivals;
  ++phases_[current_phase_].counts.arrivals;
}

void LoadStats::ended(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  Second& second = second_at(attempt.intended + attempt.latency);
  second.seen.counts.add(attempt);
  PhaseOfLoad& phase = phase_named(attempt.phase);
  phase.counts.add(attempt);
  if (attempt.status != 0) ++phase.by_status[attempt.status];
  if (attempt.ending == Ending::connection_error) ++phase.by_reason[attempt.why];
  if (has_latency(attempt)) {
    phase.latency.add(attempt.latency);
    second.latencies.push_back(attempt.latency);
  }
  if (keep_attempts_) attempts_.push_back(attempt);
}

LoadSummary LoadStats::summary() const {
  const std::lock_guard lock(mutex_);
  LoadSummary summary{.phases = {}, .total = {.label = "total"}};
  for (const PhaseOfLoad& phase : phases_) {
    if (phase.counts.arrivals + phase.counts.attempts == 0) continue;
    summary.phases.push_back(phase);
    summary.total.counts.merge(phase.counts);
    summary.total.latency.merge(phase.latency);
    for (const auto& [status, count] : phase.by_status) summary.total.by_status[status] += count;
    for (const auto& [reason, count] : phase.by_reason) summary.total.by_reason[reason] += count;
  }
  return summary;
}

std::vector<SecondOfLoad> LoadStats::series(std::size_t seconds) const {
  const std::lock_guard lock(mutex_);
  const std::size_t first = seconds_.size() > seconds ? seconds_.size() - seconds : 0;
  std::vector<SecondOfLoad> series;
  for (std::size_t at = first; at < seconds_.size(); ++at) series.push_back(with_quantiles(seconds_[at]));
  return series;
}

std::vector<Attempt> LoadStats::attempts() const {
  const std::lock_guard lock(mutex_);
  return attempts_;
}

LoadStats::Second& LoadStats::second_at(Instant when) {
  const auto since = std::max<Duration>(when - start_, Duration::zero());
  const auto at = static_cast<std::size_t>(std::chrono::floor<std::chrono::seconds>(since).count());
  while (seconds_.size() <= at) {
    seconds_.push_back({.seen = {.second = static_cast<std::int64_t>(seconds_.size())}});
    if (seconds_.size() <= seconds_open) continue;
    Second& old = seconds_[seconds_.size() - seconds_open - 1];
    old = Second{.seen = with_quantiles(old)};
  }
  return seconds_[at];
}

PhaseOfLoad& LoadStats::phase_named(const std::string& label) {
  const auto found = std::ranges::find(phases_, label, &PhaseOfLoad::label);
  return found == phases_.end() ? phases_[current_phase_] : *found;
}

SecondOfLoad LoadStats::with_quantiles(const Second& second) {
  SecondOfLoad seen = second.seen;
  if (second.latencies.empty()) return seen;
  seen.p50 = quantile(second.latencies, 0.5);
  seen.p99 = quantile(second.latencies, 0.99);
  return seen;
}

}  // namespace standin::rehearsal
