#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/party_clocks.h"
#include "base/time.h"
#include "config/config.h"
#include "net/client.h"
#include "upstream/breaker.h"
#include "upstream/places.h"
#include "upstream/recent_errors.h"
#include "upstream/switches.h"
#include "upstream/target_breakers.h"

namespace standin {

class Metrics;

/// What the health pings of one target say.
enum class Health {
  unchecked,  ///< none are configured
  unknown,    ///< none has ended yet
  good,
  down,  ///< announced: it usually still takes requests, and is the last resort
  out,   ///< no answer, or none that was expected
};
/// "" for unchecked.
std::string_view name(Health health);

/// How one ping ended.
struct Ping {
  Health health = Health::out;
  std::string location;                         ///< data centre and cluster, as "UP:ca403" tells; "" if it does not
  std::optional<WallTime> certificate_expires;  ///< as ExchangeFindings has it
};

/// One target as `standin upstreams` shows it.
struct TargetView {
  std::string upstream, url, breaker, health, location;
  std::size_t in_flight = 0;
  std::uint64_t good = 0, errors = 0, timeouts = 0;  ///< since the process started
  std::uint64_t recent_errors = 0;                   ///< on the scoreboard: not forgotten yet
  std::optional<WallTime> certificate_expires;       ///< the one that it showed last
  std::vector<std::string> key_facts;                ///< BreakerConfig::key
  std::vector<TargetBreakers::Troubled> keys;        ///< whose breaker is not closed
};

/// What is shared about one target by every event loop, and survives a reload. Any thread.
class TargetState {
 public:
  TargetState(const UpstreamConfig& upstream, std::string url, Metrics* metrics);

  /// See TargetBreakers.
  TargetBreakers::Clearance admit(Instant now, bool covered, const std::string& key = {});
  /// See Breaker::lets_through.
  bool lets_through(Instant now, const std::string& key) const;
  /// Once per clearance, when its exchange ended or its time was up, whichever came first.
  void record(const TargetBreakers::Clearance& clearance, Breaker::End end, Instant now);
  /// In place of `record`: the client ended it.
  void withdraw(const TargetBreakers::Clearance& clearance);
  void pinged(const Ping& ping, Instant now);
  /// The parts of an exchange's time, and the certificate.
  void found(const ExchangeFindings& findings);
  /// The breakers take the new configuration, their state stays.
  void reconfigure(const UpstreamConfig& upstream);

  /// One more in flight, and one less.
  void enter();
  void leave();

  // What a target is chosen by, without a lock.
  Health health() const { return shared_.health.load(std::memory_order_relaxed); }
  std::uint64_t in_flight() const { return shared_.in_flight.load(std::memory_order_relaxed); }
  /// Exchanges that ended well.
  std::uint64_t hits() const { return shared_.good.load(std::memory_order_relaxed); }
  /// Those that did not, within UpstreamConfig::forget_errors_after of each other and of now.
  std::uint64_t recent_errors(Instant now) const;

  TargetView view(Instant now) const;
  /// The breakers' keys met so far.
  std::vector<std::string> keys() const;
  /// The metrics that time changes, or that every request would.
  void publish(Instant now) const;
  const std::string& upstream() const { return upstream_; }
  const std::string& url() const { return url_; }

 private:
  /// On a cache line of its own: read for every choice, on every thread.
  struct alignas(64) Shared {
    std::atomic<Health> health = Health::unchecked;
    std::atomic<std::uint64_t> in_flight = 0;
    std::atomic<std::uint64_t> good = 0, errors = 0, timeouts = 0;
    RecentErrors recent_errors;
    std::atomic<Duration::rep> forget_errors_after = 0;
  };

  Duration forget_errors_after() const;
  void count(Breaker::End end, Instant now);
  void publish_breakers(Instant now);
  void publish_keys() const;
  void show_certificate(WallTime expires);
  void show_location(const std::string& location);

  std::string upstream_, url_;
  Metrics* metrics_;
  Shared shared_;
  mutable std::mutex mutex_;  ///< over what follows
  TargetBreakers breakers_;
  Breaker::State published_ = Breaker::State::closed;
  std::vector<std::string> key_facts_;
  std::string location_;
  std::optional<WallTime> certificate_expires_;
};

class TargetStates {
 public:
  explicit TargetStates(Metrics* metrics = nullptr,
                        std::shared_ptr<PartyClocks> clocks = std::make_shared<PartyClocks>())
      : metrics_(metrics), switches_(std::make_shared<Switches>()), clocks_(std::move(clocks)) {}
  /// The state of that target, made on first use, with the upstream's configuration from now on.
  std::shared_ptr<TargetState> of(const UpstreamConfig& upstream, const std::string& url);
  /// The places of that upstream, made on first use.
  std::shared_ptr<Places> places(const std::string& upstream);
  /// What operators have cut off, of any upstream.
  const std::shared_ptr<Switches>& switches() const { return switches_; }
  const std::shared_ptr<PartyClocks>& clocks() const { return clocks_; }

  /// The targets in use; not those that only an earlier configuration named.
  std::vector<TargetView> views(Instant now) const;
  /// The breakers' keys that requests to any target of that upstream had so far.
  std::vector<std::string> keys(const std::string& upstream) const;
  /// The metrics of targets that are not counted as things happen, and of what is cut off: to be called before they are
  /// told. Any thread.
  void publish(Instant now, WallTime wall);
  /// Targets that only an earlier configuration named, and no exchange under way, lose their state and their metrics;
  /// from time to time. Any thread.
  void forget_unused();

 private:
  std::vector<std::shared_ptr<TargetState>> all() const;
  std::vector<std::shared_ptr<TargetState>> in_use() const;
  void publish_cut(const std::map<std::string, std::size_t>& cut);

  Metrics* metrics_;
  std::shared_ptr<Switches> switches_;
  std::shared_ptr<PartyClocks> clocks_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<TargetState>> states_;
  std::map<std::string, std::shared_ptr<Places>> places_;
  std::map<std::string, std::size_t> published_cut_;
};

}  // namespace standin
