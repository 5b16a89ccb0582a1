#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"

namespace standin {

/// Something that happens once. Any thread may `set` it; any number of coroutines, on any event loop, wait for it and
/// are resumed on their own loop.
class Event {
 public:
  void set();
  bool is_set() const;
  Task<> wait();
  /// True if it happened, false if `deadline` came first.
  Task<bool> wait_until(Clock& clock, Instant deadline);

 private:
  struct Waiter;
  std::shared_ptr<Waiter> enlist(const Executor& executor);

  mutable std::mutex mutex_;
  bool happened_ = false;
  std::vector<std::shared_ptr<Waiter>> waiters_;
};

/// A value that arrives once. The same threads as Event; `set` a second time breaks an invariant.
template <class T>
class OneShot {
 public:
  void set(T value) {
    {
      const std::lock_guard lock(mutex_);
      ensure(!value_.has_value(), "a OneShot is set once");
      value_.emplace(std::move(value));
    }
    event_.set();
  }

  /// The value, if it has arrived.
  std::optional<T> peek() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  Task<T> wait() {
    co_await event_.wait();
    co_return *peek();
  }

  /// The value, or nothing if `deadline` came first: the value may still arrive later, for whoever listens then.
  Task<std::optional<T>> wait_until(Clock& clock, Instant deadline) {
    co_await event_.wait_until(clock, deadline);
    co_return peek();
  }

 private:
  mutable std::mutex mutex_;
  std::optional<T> value_;
  Event event_;
};

}  // namespace standin
