#include "net/turns.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/use_task.h"
#include "net/asio_clock.h"
#include "net/net_limits.h"

namespace standin {

/// The next turn of the loop. If that never comes, nobody's turn does: who waits goes too, or would keep alive what
/// waits for it.
struct Turns::Next {
  explicit Next(std::shared_ptr<Turns> of) : turns(std::move(of)) {}
  Next(Next&&) = default;
  ~Next() {
    if (!turns) return;
    // What is destroyed here may come back to ask.
    const auto rested = std::exchange(turns->rested_, {});
    const auto busy = std::exchange(turns->busy_, {});
  }
  void operator()() { std::exchange(turns, nullptr)->go_on(); }

  std::shared_ptr<Turns> turns;
};

bool Turns::begin() {
  if (begun_ >= limits::begun_a_turn || !rested_.empty() || !busy_.empty()) return false;
  count_one();
  return true;
}

/// Its turn ends with the next one.
void Turns::count_one() {
  ++begun_;
  if (std::exchange(more_, true)) return;
  boost::asio::post(executor_, Next(shared_from_this()));
}

void Turns::wait(bool rested, std::move_only_function<void()> begin) {
  (rested ? rested_ : busy_).push_back(std::move(begin));
}

Task<> Turns::wait(bool rested) {
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>&, void()>(
      [this, rested](auto&& handler) { wait(rested, std::forward<decltype(handler)>(handler)); }, use_task);
}

/// Some of each turn are the busy ones', who else might wait for ever.
std::move_only_function<void()> Turns::next() {
  const bool for_busy = begun_ >= limits::begun_a_turn - limits::begun_busy && !busy_.empty();
  auto& queue = rested_.empty() || for_busy ? busy_ : rested_;
  if (queue.empty()) return nullptr;
  auto begin = std::move(queue.front());
  queue.pop_front();
  return begin;
}

void Turns::go_on() {
  more_ = false;
  begun_ = 0;
  while (begun_ < limits::begun_a_turn) {
    auto begin = next();
    if (!begin) return;
    count_one();
    const Moment moment;
    begin();
  }
}

bool has_rested(Instant answered, Instant now) { return now - answered > limits::rest; }

}  // namespace standin
