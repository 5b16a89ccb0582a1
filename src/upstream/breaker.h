#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "config/config.h"
#include "upstream/error_window.h"

namespace standin {

/// Decides whether to send to one target. Pure: values and an instant in, a verdict out; the caller locks.
///
/// closed → open: the error rate over at least `minimum` ends within `window`, or `consecutive` requests in a row that
/// no answer came to (timed out, or refused: the window does not forget these, so that two orders a minute trip it
/// too). An error that was answered counts for the rate; in the row it neither counts nor breaks it: only a good end
/// does. open → half-open: after `open_for`, or at a good health ping. half-open → closed: after `successes` good
/// probes, sent one at a time. half-open → open: at a failed probe, or after `half_open_max` without a probe's verdict.
class Breaker {
 public:
  enum class State { closed, open, half_open };
  /// How an exchange ended, as the breaker sees it. A decline by rule of business is `good`.
  enum class End { good, error, timed_out, not_sent };

  /// Leave to send one request, and how its end is to be recorded. A permit whose period is over, because the breaker
  /// changed its state since or took the probe for failed, is recorded without effect.
  struct Permit {
    enum class Kind { refused, normal, probe };
    Kind kind = Kind::refused;
    std::uint64_t period = 0;
    Instant given{};

    bool admitted() const { return kind != Kind::refused; }
  };

  explicit Breaker(const BreakerConfig& config) : config_(config), window_(config.window) {}

  /// `covered`: the order would be stood in for if this fails, so that it may serve as the probe. One that is not may
  /// only once a whole half-open time has brought no verdict: a site that has nothing but plain requests must find back
  /// too.
  Permit admit(Instant now, bool covered);
  /// At most once per permit.
  void record(const Permit& permit, End end, Instant now);
  /// In place of `record`: what the request came to says nothing here. The next may be the probe.
  void withdraw(const Permit& permit);
  /// A good health ping half-opens an open breaker; it never closes one.
  void healthy(Instant now);
  /// The new values hold from now on; the state stays, and what the window counted if its length did.
  void reconfigure(const BreakerConfig& config);

  State state(Instant now) const;
  /// Whether a request that may serve as the probe would have leave now.
  bool lets_through(Instant now) const;
  /// Time alone neither opens nor closes a breaker.
  bool is_closed() const { return state_ == State::closed; }

 private:
  void advance(Instant now);
  void enter(State state, Instant since);
  void record_closed(End end, Instant now);
  void record_probe(End end, Instant now);

  BreakerConfig config_;
  ErrorWindow window_;
  State state_ = State::closed;
  Instant since_{};           ///< of the state; while half-open, of the last probe's good verdict
  std::uint64_t period_ = 1;  ///< a new one with each change of state and each probe
  bool probing_ = false;
  bool anyone_may_probe_ = false;
  unsigned unanswered_in_a_row_ = 0;
  unsigned good_probes_ = 0;
};

std::string_view name(Breaker::State state);
std::string_view name(Breaker::End end);

}  // namespace standin
