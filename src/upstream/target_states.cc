#include "upstream/target_states.h"

#include <algorithm>
#include <utility>

#include "base/result.h"
#include "telemetry/metrics.h"

namespace standin {

std::string_view name(Health health) {
  switch (health) {
    case Health::unchecked: return "";
    case Health::unknown: return "unknown";
    case Health::good: return "good";
    case Health::down: return "down";
    case Health::out: return "out";
  }
  unreachable();
}

TargetState::TargetState(const UpstreamConfig& upstream, std::string url, Metrics* metrics)
    : upstream_(upstream.name), url_(std::move(url)), metrics_(metrics), breakers_(upstream.breaker) {
  if (metrics_) metrics_->breaker_state(upstream_, url_, name(published_));
}

TargetBreakers::Clearance TargetState::admit(Instant now, bool covered, const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto clearance = breakers_.admit(now, covered, key);
  publish_breakers(now);
  return clearance;
}

void TargetState::record(const TargetBreakers::Clearance& clearance, Breaker::End end, Instant now) {
  count(end, now);
  if (metrics_) metrics_->target_sent(upstream_, url_, name(end), now - clearance.given());
  const Breaker* const keyed = clearance.breaker_of_key.get();
  const std::lock_guard lock(mutex_);
  const bool was_closed = keyed && keyed->is_closed();
  breakers_.record(clearance, end, now);
  publish_breakers(now);
  if (keyed && keyed->is_closed() != was_closed) publish_keys();
}

void TargetState::withdraw(const TargetBreakers::Clearance& clearance) {
  const std::lock_guard lock(mutex_);
  breakers_.withdraw(clearance);
}

void TargetState::pinged(const Ping& ping, Instant now) {
  const std::lock_guard lock(mutex_);
  shared_.health.store(ping.health, std::memory_order_relaxed);
  if (ping.health == Health::good) breakers_.healthy(now);
  publish_breakers(now);
  if (metrics_) metrics_->target_healthy(upstream_, url_, ping.health == Health::good);
  if (!ping.location.empty()) show_location(ping.location);
  if (ping.certificate_expires) show_certificate(*ping.certificate_expires);
}

void TargetState::found(const ExchangeFindings& findings) {
  if (findings.certificate_expires) {
    const std::lock_guard lock(mutex_);
    show_certificate(*findings.certificate_expires);
  }
  if (!metrics_) return;
  if (findings.connect) metrics_->target_connected(upstream_, url_, *findings.connect);
  if (findings.first_byte) metrics_->target_first_byte(upstream_, url_, *findings.first_byte);
}

void TargetState::reconfigure(const UpstreamConfig& upstream) {
  const std::lock_guard lock(mutex_);
  breakers_.reconfigure(upstream.breaker);
  if (upstream.breaker.key != key_facts_) {
    key_facts_ = upstream.breaker.key;
    publish_keys();
  }
  shared_.forget_errors_after.store(upstream.forget_errors_after.count(), std::memory_order_relaxed);
  const bool checked = !upstream.health.path.empty();
  if (!checked) shared_.health.store(Health::unchecked, std::memory_order_relaxed);
  if (checked && health() == Health::unchecked) shared_.health.store(Health::unknown, std::memory_order_relaxed);
}

void TargetState::enter() { shared_.in_flight.fetch_add(1, std::memory_order_relaxed); }

void TargetState::leave() {
  ensure(shared_.in_flight.fetch_sub(1, std::memory_order_relaxed) > 0, "what leaves a target had entered it");
}

Duration TargetState::forget_errors_after() const {
  return Duration(shared_.forget_errors_after.load(std::memory_order_relaxed));
}

std::uint64_t TargetState::recent_errors(Instant now) const {
  return shared_.recent_errors.count(now, forget_errors_after());
}

void TargetState::count(Breaker::End end, Instant now) {
  switch (end) {
    case Breaker::End::good: shared_.good.fetch_add(1, std::memory_order_relaxed); return;
    case Breaker::End::timed_out: shared_.timeouts.fetch_add(1, std::memory_order_relaxed); break;
    case Breaker::End::error:
    case Breaker::End::not_sent: shared_.errors.fetch_add(1, std::memory_order_relaxed); break;
  }
  shared_.recent_errors.add(now, forget_errors_after());
}

bool TargetState::lets_through(Instant now, const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return breakers_.lets_through(now, key);
}

TargetView TargetState::view(Instant now) const {
  const std::lock_guard lock(mutex_);
  return {.upstream = upstream_,
          .url = url_,
          .breaker = std::string(name(breakers_.own(now))),
          .health = std::string(name(health())),
          .location = location_,
          .in_flight = in_flight(),
          .good = hits(),
          .errors = shared_.errors.load(std::memory_order_relaxed),
          .timeouts = shared_.timeouts.load(std::memory_order_relaxed),
          .recent_errors = recent_errors(now),
          .certificate_expires = certificate_expires_,
          .key_facts = key_facts_,
          .keys = breakers_.troubled(now)};
}

std::vector<std::string> TargetState::keys() const {
  const std::lock_guard lock(mutex_);
  return breakers_.keys();
}

void TargetState::publish(Instant now) const {
  if (!metrics_) return;
  metrics_->scoreboard_errors(upstream_, url_, recent_errors(now));
  metrics_->target_in_flight(upstream_, url_, in_flight());
}

void TargetState::publish_breakers(Instant now) {
  if (!metrics_) return;
  if (const Breaker::State state = breakers_.own(now); state != std::exchange(published_, state)) {
    metrics_->breaker_state(upstream_, url_, name(state));
  }
}

void TargetState::publish_keys() const {
  if (metrics_) metrics_->breaker_keys_open(upstream_, url_, breakers_.keys_not_closed());
}

void TargetState::show_certificate(WallTime expires) {
  certificate_expires_ = expires;
  if (metrics_) metrics_->upstream_certificate_expires(upstream_, url_, expires);
}

void TargetState::show_location(const std::string& location) {
  if (location == location_) return;
  if (metrics_) metrics_->target_location(upstream_, url_, location_, location);
  location_ = location;
}

std::shared_ptr<TargetState> TargetStates::of(const UpstreamConfig& upstream, const std::string& url) {
  const std::lock_guard lock(mutex_);
  auto& state = states_[{upstream.name, url}];
  if (!state) state = std::make_shared<TargetState>(upstream, url, metrics_);
  state->reconfigure(upstream);
  return state;
}

std::shared_ptr<Places> TargetStates::places(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  auto& places = places_[upstream];
  if (!places) places = std::make_shared<Places>(upstream, metrics_);
  return places;
}

std::vector<std::shared_ptr<TargetState>> TargetStates::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<TargetState>> states;
  for (const auto& [key, state] : states_) states.push_back(state);
  return states;
}

std::vector<std::shared_ptr<TargetState>> TargetStates::in_use() const {
  auto used = all();
  std::erase_if(used, [](const auto& state) { return state.use_count() <= 2; });  // the map's, and this one
  return used;
}

std::vector<TargetView> TargetStates::views(Instant now) const {
  std::vector<TargetView> views;
  for (const auto& state : in_use()) views.push_back(state->view(now));
  return views;
}

std::vector<std::string> TargetStates::keys(const std::string& upstream) const {
  std::vector<std::string> all;
  for (const auto& state : in_use()) {
    if (state->upstream() == upstream) std::ranges::copy(state->keys(), std::back_inserter(all));
  }
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

void TargetStates::publish(Instant now, WallTime wall) {
  if (!metrics_) return;
  std::map<std::string, std::size_t> cut;
  for (const auto& state : all()) state->publish(now);  // also what an exchange under way left behind
  for (const auto& state : in_use()) cut[state->upstream()];
  for (const Cut& one : switches_->in_force(wall)) ++cut[one.upstream];
  publish_cut(cut);
}

void TargetStates::publish_cut(const std::map<std::string, std::size_t>& cut) {
  const std::lock_guard lock(mutex_);
  for (const auto& [upstream, count] : cut) metrics_->switches_cut(upstream, count);
  for (const auto& [upstream, count] : std::exchange(published_cut_, cut)) {
    if (!cut.contains(upstream)) metrics_->switches_gone(upstream);
  }
}

// Under the lock nobody can take up a state that the map alone holds, so that nobody says anything of the target.
void TargetStates::forget_unused() {
  const std::lock_guard lock(mutex_);
  for (auto entry = states_.begin(); entry != states_.end();) {
    if (entry->second.use_count() > 1) {
      ++entry;
      continue;
    }
    const auto [upstream, url] = entry->first;
    entry = states_.erase(entry);  // first: with it, what its last user did is done, as seen from here
    if (metrics_) metrics_->target_gone(upstream, url);
  }
}

}  // namespace standin
