#pragma once

#include <optional>

#include "base/clock.h"

namespace standin {

/// The time of every AsioClock.
Instant steady_now();

/// The real time, on one event loop.
class AsioClock final : public Clock {
 public:
  explicit AsioClock(Executor executor) : executor_(std::move(executor)) {}
  Instant now() const override;
  WallTime wall() const override;
  std::unique_ptr<Alarm> at(Instant when, std::move_only_function<void()> ring) override;

  /// Nothing where the system does not name it.
  static std::optional<Boot> boot();

 private:
  Executor executor_;
};

}  // namespace standin
