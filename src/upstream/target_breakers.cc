#include "upstream/target_breakers.h"

#include <algorithm>

#include "base/limits.h"

namespace standin {
namespace {

/// Countries and card networks are short. What is longer was made up by a client, and is not kept.
constexpr std::size_t key_bytes_max = 64;

}  // namespace

bool TargetBreakers::Clearance::is_probe() const {
  return own.kind == Breaker::Permit::Kind::probe || keyed.kind == Breaker::Permit::Kind::probe;
}

TargetBreakers::Clearance TargetBreakers::admit(Instant now, bool covered, const std::string& key) {
  if (config_.key.empty()) return {.own = own_.admit(now, covered)};
  Clearance clearance{.breaker_of_key = breaker_of(key)};
  clearance.keyed = clearance.breaker_of_key->admit(now, covered);
  if (!clearance.keyed.admitted()) return {};
  clearance.own = own_.admit(now, covered);
  if (!clearance.own.admitted()) clearance.breaker_of_key->withdraw(clearance.keyed);
  return clearance;
}

void TargetBreakers::record(const Clearance& clearance, Breaker::End end, Instant now) {
  if (!clearance.breaker_of_key) return own_.record(clearance.own, end, now);
  switch (end) {
    case Breaker::End::not_sent:
      own_.record(clearance.own, end, now);
      clearance.breaker_of_key->withdraw(clearance.keyed);
      return;
    case Breaker::End::good:
    case Breaker::End::error:
    case Breaker::End::timed_out:
      own_.record(clearance.own, Breaker::End::good, now);
      clearance.breaker_of_key->record(clearance.keyed, end, now);
      return;
  }
}

void TargetBreakers::withdraw(const Clearance& clearance) {
  own_.withdraw(clearance.own);
  if (clearance.breaker_of_key) clearance.breaker_of_key->withdraw(clearance.keyed);
}

void TargetBreakers::healthy(Instant now) {
  own_.healthy(now);
  for (const auto& [key, breaker] : keyed_) breaker->healthy(now);
}

void TargetBreakers::reconfigure(const BreakerConfig& config) {
  if (config.key != config_.key) keyed_.clear();
  config_ = config;
  own_.reconfigure(config);
  for (const auto& [key, breaker] : keyed_) breaker->reconfigure(config);
}

bool TargetBreakers::lets_through(Instant now, const std::string& key) const {
  if (!own_.lets_through(now)) return false;
  if (config_.key.empty()) return true;
  auto found = keyed_.find(key);
  if (found == keyed_.end()) found = keyed_.find(the_rest);
  return found == keyed_.end() || found->second->lets_through(now);
}

std::vector<TargetBreakers::Troubled> TargetBreakers::troubled(Instant now) const {
  std::vector<Troubled> troubled;
  for (const auto& [key, breaker] : keyed_) {
    if (!breaker->is_closed()) troubled.push_back({key, breaker->state(now)});
  }
  return troubled;
}

std::size_t TargetBreakers::keys_not_closed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(keyed_, [](const auto& one) { return !one.second->is_closed(); }));
}

std::vector<std::string> TargetBreakers::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, breaker] : keyed_) keys.push_back(key);
  return keys;
}

std::shared_ptr<Breaker> TargetBreakers::breaker_of(const std::string& key) {
  if (const auto found = keyed_.find(key); found != keyed_.end()) return found->second;
  // One place is left for the one that the rest share.
  const bool room = key.size() <= key_bytes_max && keyed_.size() + 1 < limits::breaker_keys;
  auto& breaker = keyed_[room ? key : the_rest];
  if (!breaker) breaker = std::make_shared<Breaker>(config_);
  return breaker;
}

}  // namespace standin
