#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "base/task.h"
#include "base/time.h"

namespace standin {

/// Which requests of a loop are begun next when many come at once. A turn of the loop begins a few; what goes on with
/// those that were begun comes first, and so a request under way does not wait for all that have only just arrived. Of
/// these, who has not asked for a while goes before who asks without a break, however much that is. A connection waits
/// once at most, so that the limit on connections is the queues' as well. Its loop's thread alone.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  explicit Turns(Executor executor) : executor_(std::move(executor)) {}

  /// True if a request may begin at once, and is counted. Otherwise it waits.
  bool begin();
  /// Calls `begin` when it is its turn; never if the loop ends before. `rested`: its connection has not asked for a
  /// while.
  void wait(bool rested, std::move_only_function<void()> begin);
  /// The same, awaited.
  Task<> wait(bool rested);

 private:
  struct Next;

  void count_one();
  void go_on();
  std::move_only_function<void()> next();

  const Executor executor_;
  std::size_t begun_ = 0;  ///< in this turn
  bool more_ = false;      ///< another turn is to come
  std::deque<std::move_only_function<void()>> rested_;
  std::deque<std::move_only_function<void()>> busy_;
};

/// Whether a connection that asks at `now`, and had its last answer at `answered`, has rested.
bool has_rested(Instant answered, Instant now);

}  // namespace standin
