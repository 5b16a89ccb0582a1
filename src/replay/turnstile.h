#pragma once

#include <deque>
#include <memory>

#include "base/event.h"

namespace standin {

/// Lets so many through at once; the others wait in the order in which they came. Used on one event loop.
class Turnstile {
 public:
  explicit Turnstile(std::size_t places) : free_(places) {}

  /// Every `enter` is followed by one `leave`: see Entered.
  Task<> enter() {
    if (free_ > 0) {
      --free_;
      co_return;
    }
    const auto turn = waiting_.emplace_back(std::make_shared<Event>());
    co_await turn->wait();
  }

  void leave() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    waiting_.front()->set();
    waiting_.pop_front();
  }

 private:
  std::size_t free_;
  std::deque<std::shared_ptr<Event>> waiting_;
};

/// Leaves when it goes.
class Entered {
 public:
  explicit Entered(std::shared_ptr<Turnstile> turnstile) : turnstile_(std::move(turnstile)) {}
  ~Entered() { turnstile_->leave(); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  std::shared_ptr<Turnstile> turnstile_;
};

}  // namespace standin
