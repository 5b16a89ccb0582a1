#pragma once

#include <atomic>
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
  /// Once per permit, when its exchange ended or its time was up, whichever came first.
  void record(const Breaker::Permit& permit, Breaker::End end, Instant now);
  void pinged(bool good, Instant now);
  /// The breaker takes the new configuration, its state stays. `checked`: health pings are configured.
  void reconfigure(const BreakerConfig& breaker, bool checked);

  /// One more in flight, and one less.
  void enter();
  void leave();
  std::size_t in_flight() const;
  /// False once a health ping failed, until one is good again.
  bool healthy() const;

  TargetView view(Instant now) const;
  const std::string& url() const { return url_; }

 private:
  enum class Health { unchecked, unknown, good, bad };

  void publish_breaker(Instant now);
  static std::string_view name(Health health);

  std::string upstream_, url_;
  Metrics* metrics_;
  mutable std::mutex mutex_;
  Breaker breaker_;
  Breaker::State published_ = Breaker::State::closed;
  Health health_ = Health::unchecked;
  std::size_t in_flight_ = 0;
  std::uint64_t good_ = 0, errors_ = 0, timeouts_ = 0;
};

/// The places of one upstream among those in flight, over all its targets and all event loops. Any thread.
class Places {
 public:
  /// Takes one of `limit` places; false if there is none.
  bool enter(unsigned limit);
  void leave();

 private:
  std::atomic<unsigned> taken_ = 0;
};

class TargetStates {
 public:
  explicit TargetStates(Metrics* metrics = nullptr) : metrics_(metrics) {}
  /// The state of that target, made on first use, with the upstream's breaker configuration from now on.
  std::shared_ptr<TargetState> of(const UpstreamConfig& upstream, const std::string& url);
  /// The places of that upstream, made on first use.
  std::shared_ptr<Places> places(const std::string& upstream);
  /// The targets in use; not those that only an earlier configuration named.
  std::vector<TargetView> views(Instant now) const;

 private:
  Metrics* metrics_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<TargetState>> states_;
  std::map<std::string, std::shared_ptr<Places>> places_;
};

}  // namespace standin
