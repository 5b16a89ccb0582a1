#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/result.h"
#include "rehearsal/load_stats.h"
#include "rehearsal/shopper.h"

namespace standin::rehearsal {

/// At 15 s of deadline it carries some 600 arrivals a second through a complete outage; an arrival that finds it full
/// fails.
constexpr std::size_t load_in_flight_max = 10'000;

struct ShopperOptions {
  std::string url;  ///< "http://127.0.0.1:8080/orders"; without a path it is /orders
  Arrivals arrivals;
  ShopperMix mix;
  Duration timeout = std::chrono::seconds(30);  ///< from the intended start; no answer by then is a timeout
  std::size_t in_flight_max = load_in_flight_max;
  std::uint64_t seed = 1;
  std::string run;            ///< begins every key; empty: one by chance
  bool keep_attempts = true;  ///< for `stats().attempts()`; about 300 bytes each
  std::string attempts_file;  ///< one line of JSON per attempt; empty: none
};

/// Shoppers who come when they come (open loop): a slow or missing answer never delays the next arrival, and latency
/// counts from when a request was to start. They have a thread of their own; all members may be called from any thread,
/// start and stop from one.
class Shoppers {
 public:
  /// An error is a URL that cannot be used or a file that cannot be written.
  static Result<Shoppers> make(ShopperOptions options);
  Shoppers(Shoppers&&) noexcept;
  /// Stops.
  ~Shoppers();

  void start();
  /// No more arrivals and retries; does not wait.
  void ask_to_stop();
  /// Asks, and waits until every shopper under way has an answer or a timeout: at most `timeout` and a little.
  void stop();
  /// Set when the arrivals are over and the last shopper is gone. Valid as long as the Shoppers.
  Event& gone();

  void phase(std::string label);
  const LoadStats& stats() const;
  std::size_t in_flight() const;

 private:
  struct State;
  explicit Shoppers(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace standin::rehearsal
