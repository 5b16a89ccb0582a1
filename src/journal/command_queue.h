#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/event.h"
#include "base/time.h"
#include "journal/commands.h"

namespace standin {

/// A command on its way to the writer, and the reply on its way back.
class Pending {
 public:
  explicit Pending(Command command) : command_(std::move(command)) {}

  const Command& command() const { return command_; }
  /// The writer's side; any thread. Nobody may be waiting any more.
  void complete(Reply reply);
  /// The waiting side: suspends until the reply is there.
  Task<Reply> reply();
  /// Nobody waits any more, because the coroutine has its reply or its event loop is being destroyed: what would resume
  /// it goes while that loop still exists.
  void abandon();

 private:
  const Command command_;
  std::mutex mutex_;
  std::unique_ptr<OneShot<Reply>> waited_for_ = std::make_unique<OneShot<Reply>>();
};

/// Commands waiting for the writer, first come, first written; at most limits::journal_queue. Any thread.
class CommandQueue {
 public:
  using Batch = std::vector<std::shared_ptr<Pending>>;

  /// False when it is full or closed.
  bool push(std::shared_ptr<Pending> pending);
  /// Up to limits::journal_batch of what is there, at once.
  Batch take();
  /// The same, after waiting for something to be there, at most so long if that is said; empty when the wait or the
  /// queue has come to its end.
  Batch wait_and_take(std::optional<Duration> at_most = std::nullopt);
  bool is_closed() const;
  /// Wakes who waits. What is still there is returned by `take`.
  void close();
  std::size_t size() const;

 private:
  Batch take_locked();

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::shared_ptr<Pending>> waiting_;
  bool closed_ = false;
};

}  // namespace standin
