#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "upstream/breaker.h"

namespace standin {

class Metrics;

/// One target as `standin upstreams` shows it.
struct TargetView {
  std::string upstream, url, breaker, health;  ///< health: "good", "bad", "unknown", or "" without checks
  std::size_t in_flight = 0;
  std::uint64_t good = 0, errors = 0, timeouts = 0;  ///< since the process started
};

/// What is shared about one target by every event loop, and survives a reload. Any thread.
class TargetState {
 public:
  TargetState(std::string upstream, std::string url, const BreakerConfig& breaker, Metrics* metrics);

  Breaker::Permit admit(Instant now, bool covered);
  void record(Breaker::Permit permit, Breaker::End end, Instant now);
  void pinged(bool good, Instant now);
  /// The breaker takes the new configuration, its state stays.
  void reconfigure(const BreakerConfig& breaker);

  /// Takes one of `limit` places among those in flight; false if there is none.
  bool enter(unsigned limit);
  void leave();
  std::size_t in_flight() const;

  TargetView view(Instant now) const;
  const std::string& url() const { return url_; }

 private:
  std::string upstream_, url_;
  Metrics* metrics_;
  mutable std::mutex mutex_;
  Breaker breaker_;
};

class TargetStates {
 public:
  explicit TargetStates(Metrics* metrics = nullptr) : metrics_(metrics) {}
  /// The state of that target, made on first use.
  std::shared_ptr<TargetState> of(const UpstreamConfig& upstream, const std::string& url);
  std::vector<TargetView> views(Instant now) const;

 private:
  Metrics* metrics_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<TargetState>> states_;
};

}  // namespace standin
