#pragma once

#include "base/time.h"

namespace standin {

/// How fast a route's orders are delivered: the rate rises by a little with each success and halves with each failure
/// (additive increase, multiplicative decrease), so that a recovering upstream is never met with a herd. Pure.
class Pace {
 public:
  /// `rate_max`: orders a second.
  explicit Pace(double rate_max) : rate_max_(rate_max), rate_(rate_max / 4) {}

  void succeeded();
  /// Also waits before the next start, longer after each failure in a row.
  void failed(Instant now);
  /// A person chose another rate.
  void limit(double rate_max);

  /// The next order may start from then on.
  Instant next_start() const { return next_; }
  void started(Instant now);
  /// What was started had nothing to send: the next one takes its place.
  void gave_way();
  double rate() const { return rate_; }

 private:
  Duration gap() const;

  double rate_max_;
  double rate_;
  Instant next_{};
  Duration pause_{};
};

}  // namespace standin
