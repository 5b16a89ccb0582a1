#pragma once

#include <optional>

#include "base/clock.h"

namespace standin {

/// The time of every AsioClock.
Instant steady_now();

/// What one event brings about happens at one moment: within it, this thread's `steady_now` and AsioClocks read the
/// machine's clocks when they are first asked, and no more. For handlers of an event loop, which are over soon. A
/// request asked for the time twenty times; that cost a twentieth of it.
class Moment {
 public:
  Moment();
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
};

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
