#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "rehearsal/histogram.h"
#include "rehearsal/shopper.h"

namespace standin::rehearsal {

enum class Ending : std::uint8_t {
  answered,
  hung_up,           ///< the shopper left, as planned
  timed_out,         ///< no whole answer in time
  connection_error,  ///< refused, reset, closed, or bytes that are no answer
  local_limit,       ///< never sent: the generator had its limit of requests in flight
};

/// One request of one shopper, and what came of it.
struct Attempt {
  std::string key;
  std::string cart_id;
  bool retry = false;
  std::int64_t amount_minor = 0;
  WallTime when;       ///< it was to start
  Instant intended;    ///< the same moment
  Duration latency{};  ///< since then
  Ending ending = Ending::answered;
  int status = 0;  ///< 0: none
  Told told = Told::nothing;
  std::string reference;
  std::string phase;
  std::string why;  ///< of a connection error
};

/// Counts of attempts; `arrivals` counts shoppers.
struct LoadCounts {
  std::uint64_t arrivals = 0;
  std::uint64_t attempts = 0;
  std::uint64_t retries = 0;
  std::uint64_t yes = 0;
  std::uint64_t no = 0;
  std::uint64_t neither = 0;
  std::uint64_t hung_up = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t connection_errors = 0;
  std::uint64_t local_limit = 0;
  std::uint64_t server_errors = 0;  ///< 5xx

  std::uint64_t errors() const { return timed_out + connection_errors + local_limit + server_errors; }
  void add(const Attempt& attempt);
  void merge(const LoadCounts& other);
};

/// Of one second: arrivals by when they were to start, the rest by when it ended.
struct SecondOfLoad {
  std::int64_t second = 0;  ///< since the start
  LoadCounts counts;
  Duration p50{};
  Duration p99{};
};

struct PhaseOfLoad {
  std::string label;
  LoadCounts counts;
  std::map<int, std::uint64_t> by_status;
  std::map<std::string, std::uint64_t> by_reason;  ///< of connection errors
  Histogram latency;                               ///< of the attempts that were answered or timed out
};

struct LoadSummary {
  std::vector<PhaseOfLoad> phases;
  PhaseOfLoad total;
};

/// What a run has seen so far. Any thread.
class LoadStats {
 public:
  explicit LoadStats(bool keep_attempts) : keep_attempts_(keep_attempts), phases_(1) { phases_[0].label = "all"; }

  void start(Instant now);
  /// Attempts that are to start from now on belong to the phase `label`; a label used before is taken up again.
  void phase(std::string label);
  std::string phase() const;
  void arrived(Instant intended);
  void ended(const Attempt& attempt);

  LoadSummary summary() const;
  /// The last seconds, oldest first, the one under way included.
  std::vector<SecondOfLoad> series(std::size_t seconds) const;
  /// Those kept, in the order they ended.
  std::vector<Attempt> attempts() const;

 private:
  struct Second {
    SecondOfLoad seen;
    std::vector<Duration> latencies;  ///< until the second is old
  };
  Second& second_at(Instant when);
  PhaseOfLoad& phase_named(const std::string& label);
  static SecondOfLoad with_quantiles(const Second& second);

  mutable std::mutex mutex_;
  const bool keep_attempts_;
  Instant start_;
  std::vector<PhaseOfLoad> phases_;
  std::size_t current_phase_ = 0;
  std::vector<Second> seconds_;
  std::vector<Attempt> attempts_;
};

}  // namespace standin::rehearsal
