#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "config/config.h"

namespace standin {

/// Decides whether to send to one target. Pure: values and an instant in, a verdict out; the caller locks.
class Breaker {
 public:
  enum class State { closed, open, half_open };
  /// Leave to send one request, and how its end is to be recorded.
  enum class Permit { refused, normal, probe };
  /// How an exchange ended, as the breaker sees it. A decline by rule of business is `good`.
  enum class End { good, error, timed_out, not_sent };

  explicit Breaker(const BreakerConfig& config) : config_(config) {}

  /// `covered`: the order would be stood in for if this fails, so that it may serve as the probe.
  Permit admit(Instant now, bool covered);
  void record(Permit permit, End end, Instant now);
  /// A good health ping half-opens an open breaker; it never closes one.
  void healthy(Instant now);

  State state(Instant now);

 private:
  BreakerConfig config_;
};

std::string_view name(Breaker::State state);

}  // namespace standin
