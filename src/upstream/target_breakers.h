#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "upstream/breaker.h"

namespace standin {

/// The breakers of one target: its own, and one for each combination of the facts that BreakerConfig::key names. Pure:
/// the caller locks.
///
/// Without such facts the target's own breaker hears of everything. With them a request needs leave from both, and they
/// hear of different things. What became of a request that was sent is told to its key's breaker alone: behind one
/// location of a gateway stand many acquirers, and an outage of one says nothing about the others. The target's own
/// hears whether the target could be reached: whatever was sent is good for it, whether or not it was answered;
/// whatever could not be sent is bad for it, and says nothing to the key's.
class TargetBreakers {
 public:
  /// Leave to send one request, and how its end is to be recorded.
  struct Clearance {
    Breaker::Permit own, keyed;
    std::shared_ptr<Breaker> breaker_of_key;  ///< none where no facts are named

    bool admitted() const { return own.admitted(); }
    bool is_probe() const;
    Instant given() const { return own.given; }
  };

  /// One that lets not everything through.
  struct Troubled {
    std::string key;  ///< the_rest for the one that keys beyond limits::breaker_keys share
    Breaker::State state;
  };
  static constexpr const char* the_rest = "(others)";

  explicit TargetBreakers(const BreakerConfig& config) : config_(config), own_(config) {}

  /// See Breaker::admit; `key` as breaker_key() makes it.
  Clearance admit(Instant now, bool covered, const std::string& key);
  /// At most once per clearance.
  void record(const Clearance& clearance, Breaker::End end, Instant now);
  /// In place of `record`: how it ended says nothing about the target.
  void withdraw(const Clearance& clearance);
  /// A good health ping half-opens them all.
  void healthy(Instant now);
  /// The states stay, but for the keys' when they are made of other facts than before.
  void reconfigure(const BreakerConfig& config);

  /// See Breaker::lets_through.
  bool lets_through(Instant now, const std::string& key) const;
  Breaker::State own(Instant now) const { return own_.state(now); }
  std::vector<Troubled> troubled(Instant now) const;
  std::size_t keys_not_closed() const;
  /// Those met so far.
  std::vector<std::string> keys() const;

 private:
  std::shared_ptr<Breaker> breaker_of(const std::string& key);

  BreakerConfig config_;
  Breaker own_;
  std::map<std::string, std::shared_ptr<Breaker>> keyed_;
};

}  // namespace standin
