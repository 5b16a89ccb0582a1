#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/task.h"
#include "base/time.h"

namespace standin {

/// Cancels its callback when destroyed.
class Alarm {
 public:
  virtual ~Alarm() = default;
};

/// One run of the machine: whatever its wall clock is set to meanwhile, processes within it can compare theirs.
struct Boot {
  std::string id;    ///< no other run of any machine has it
  WallTime began{};  ///< by this process's wall clock
};

/// Time as a port. One Clock belongs to one event loop and is used from that loop's thread alone, `now` and `wall` from
/// any. Production: AsioClock. Tests and the simulator: a virtual clock that jumps.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic; never goes back.
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
  /// Calls `ring` on the loop's thread at `when`, or soon after if that has passed; never from inside this call.
  virtual std::unique_ptr<Alarm> at(Instant when, std::move_only_function<void()> ring) = 0;

  Task<> sleep_until(Instant when);
  Task<> sleep_for(Duration span);
};

}  // namespace standin
