#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/task.h"

namespace standin {

/// One event loop and the thread that runs it.
class LoopThread {
 public:
  explicit LoopThread(std::string name);
  /// Stops the loop, joins the thread, and destroys what was still suspended on it.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;

  Executor executor() const;
  /// The loop runs from now on. Before, its things may be set up from the calling thread.
  void start();
  /// Runs `work` on the loop. Any thread.
  void post(std::move_only_function<void()> work);
  /// Runs `work` on the loop and waits until it is done. Any other thread.
  void post_and_wait(std::move_only_function<void()> work);
  /// The loop runs nothing from now on; its things may be destroyed from the calling thread.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace standin
