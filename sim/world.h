#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace standin {

class World;

/// One simulated thread: an event loop with a clock of its own, which may be wrong. Destroying it is how a process
/// dies: what was under way on it is destroyed without running on, its alarms never ring. Destroy it before what its
/// coroutines refer to, and never from one of its own.
class Loop {
 public:
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Executor executor();
  Clock& clock();
  /// Nothing of it runs before that time of the world: a paused process, a disk that takes long over a write.
  void stall_until(Instant end);

 private:
  friend class World;
  struct State;
  explicit Loop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// How wrong the clock of a loop is. As in production, a wall clock that is set does not show in a process that runs:
/// it reads it once, and counts on.
struct ClockError {
  Duration wall_offset{};  ///< at the loop's start
  double drift = 0;        ///< 0.001: it runs a thousandth faster than the world
};

/// A small world in which time jumps and chance is seeded: event loops that are polled in the order in which they were
/// made, a queue of alarms ordered by (deadline, sequence), a generator. The same seed and the same tasks give the same
/// run, event for event. Used by one thread, and blind to work that other threads do.
///
/// Declare it before what runs in it: coroutines that have not ended are destroyed with the world, without running on.
class World {
 public:
  explicit World(std::uint64_t seed = 1);
  ~World();

  /// The world's own loop, for what is part of no simulated process.
  Executor executor();
  Clock& clock();
  Random& random();
  /// A generator of its own, so that what draws from it does not change what others draw.
  std::unique_ptr<Random> fork_random();

  /// Another loop; it must not outlive the world.
  std::unique_ptr<Loop> make_loop(ClockError error = {});

  Instant now() const;
  /// Sets the wall clock right or wrong: it shows 2026-01-01 UTC plus the time that passed in this world plus `offset`.
  void set_wall_offset(Duration offset);

  /// Lets everything happen that is due by `end`, and stops the clock there.
  void run_until(Instant end);
  void run_for(Duration span) { run_until(now() + span); }
  /// Lets everything happen until nothing is ready and no alarm is set: true; or until the next alarm would be more
  /// than `limit` from the start: false.
  bool run_until_idle(Duration limit);

  /// Runs `task` to its end, and whatever else is due meanwhile. Aborts when `limit` has passed, or when the task waits
  /// for something that nothing in this world will bring.
  void run(Task<> task, Duration limit = std::chrono::hours(24));
  template <class T>
  T run(Task<T> task, Duration limit = std::chrono::hours(24)) {
    std::optional<T> result;
    run(keep(std::move(task), result), limit);
    return std::move(*result);
  }

 private:
  template <class T>
  static Task<> keep(Task<T> task, std::optional<T>& result) {
    T value = co_await std::move(task);
    result.emplace(std::move(value));
  }

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace standin
