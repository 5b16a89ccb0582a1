#include "upstream/target_states.h"

#include "base/result.h"
#include "telemetry/metrics.h"

namespace standin {

TargetState::TargetState(std::string upstream, std::string url, const BreakerConfig& breaker, Metrics* metrics)
    : upstream_(std::move(upstream)), url_(std::move(url)), metrics_(metrics), breaker_(breaker) {
  if (metrics_) metrics_->breaker_state(upstream_, url_, standin::name(published_));
}

Breaker::Permit TargetState::admit(Instant now, bool covered) {
  const std::lock_guard lock(mutex_);
  const Breaker::Permit permit = breaker_.admit(now, covered);
  publish_breaker(now);
  return permit;
}

void TargetState::record(const Breaker::Permit& permit, Breaker::End end, Instant now) {
  const std::lock_guard lock(mutex_);
  breaker_.record(permit, end, now);
  publish_breaker(now);
  switch (end) {
    case Breaker::End::good: ++good_; break;
    case Breaker::End::timed_out: ++timeouts_; break;
    case Breaker::End::error:
    case Breaker::End::not_sent: ++errors_; break;
  }
  if (metrics_) metrics_->target_sent(upstream_, url_, standin::name(end), now - permit.given);
}

void TargetState::pinged(bool good, Instant now) {
  const std::lock_guard lock(mutex_);
  health_ = good ? Health::good : Health::bad;
  if (good) breaker_.healthy(now);
  publish_breaker(now);
  if (metrics_) metrics_->target_healthy(upstream_, url_, good);
}

void TargetState::reconfigure(const BreakerConfig& breaker, bool checked) {
  const std::lock_guard lock(mutex_);
  breaker_.reconfigure(breaker);
  if (!checked) health_ = Health::unchecked;
  if (checked && health_ == Health::unchecked) health_ = Health::unknown;
}

void TargetState::enter() {
  const std::lock_guard lock(mutex_);
  ++in_flight_;
  if (metrics_) metrics_->target_in_flight(upstream_, url_, in_flight_);
}

void TargetState::leave() {
  const std::lock_guard lock(mutex_);
  ensure(in_flight_ > 0, "what leaves a target had entered it");
  --in_flight_;
  if (metrics_) metrics_->target_in_flight(upstream_, url_, in_flight_);
}

std::size_t TargetState::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

bool TargetState::healthy() const {
  const std::lock_guard lock(mutex_);
  return health_ != Health::bad;
}

TargetView TargetState::view(Instant now) const {
  const std::lock_guard lock(mutex_);
  return {.upstream = upstream_,
          .url = url_,
          .breaker = std::string(standin::name(breaker_.state(now))),
          .health = std::string(name(health_)),
          .in_flight = in_flight_,
          .good = good_,
          .errors = errors_,
          .timeouts = timeouts_};
}

void TargetState::publish_breaker(Instant now) {
  const Breaker::State state = breaker_.state(now);
  if (state == published_) return;
  published_ = state;
  if (metrics_) metrics_->breaker_state(upstream_, url_, standin::name(state));
}

std::string_view TargetState::name(Health health) {
  switch (health) {
    case Health::unchecked: return "";
    case Health::unknown: return "unknown";
    case Health::good: return "good";
    case Health::bad: return "bad";
  }
  unreachable();
}

bool Places::enter(unsigned limit) {
  unsigned taken = taken_.load(std::memory_order_relaxed);
  while (taken < limit)
    if (taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) return true;
  return false;
}

void Places::leave() {
  ensure(taken_.fetch_sub(1, std::memory_order_relaxed) > 0, "a place that is given back had been taken");
}

std::shared_ptr<TargetState> TargetStates::of(const UpstreamConfig& upstream, const std::string& url) {
  const std::lock_guard lock(mutex_);
  auto& state = states_[{upstream.name, url}];
  if (!state) state = std::make_shared<TargetState>(upstream.name, url, upstream.breaker, metrics_);
  state->reconfigure(upstream.breaker, !upstream.health.path.empty());
  return state;
}

std::shared_ptr<Places> TargetStates::places(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  auto& places = places_[upstream];
  if (!places) places = std::make_shared<Places>();
  return places;
}

std::vector<TargetView> TargetStates::views(Instant now) const {
  const std::lock_guard lock(mutex_);
  std::vector<TargetView> views;
  for (const auto& [key, state] : states_)
    if (state.use_count() > 1) views.push_back(state->view(now));
  return views;
}

}  // namespace standin
