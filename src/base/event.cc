#include "base/event.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace standin {
namespace {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
constexpr boost::asio::use_awaitable_t<Executor> use_task;

}  // namespace

/// A timer that never expires: being an Asio operation, the waiting coroutine dies with its event loop, as a crash in the
/// simulator needs, and not with whoever still holds the Event.
struct Event::Waiter {
  explicit Waiter(const Executor& executor) : timer(executor, std::chrono::steady_clock::time_point::max()) {}

  void wake() {
    timer.cancel();
  }

  Timer timer;
};

std::shared_ptr<Event::Waiter> Event::enlist(const Executor& executor) {
  const std::lock_guard lock(mutex_);
  if (happened_) return nullptr;
  return waiters_.emplace_back(std::make_shared<Waiter>(executor));
}

void Event::set() {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    happened_ = true;
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters) {
    const Executor executor = waiter->timer.get_executor();
    boost::asio::post(executor, [waiter = std::move(waiter)] { waiter->wake(); });
  }
}

bool Event::is_set() const {
  const std::lock_guard lock(mutex_);
  return happened_;
}

Task<> Event::wait() {
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto waiter = enlist(executor);
  if (!waiter) co_return;
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(boost::asio::redirect_error(use_task, ignored));
}

Task<bool> Event::wait_until(Clock& clock, Instant deadline) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto waiter = enlist(executor);
  if (!waiter) co_return true;
  const auto alarm = clock.at(deadline, [waiter] { waiter->wake(); });
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(boost::asio::redirect_error(use_task, ignored));
  const std::lock_guard lock(mutex_);
  if (!happened_) std::erase(waiters_, waiter);
  co_return happened_;
}

}  // namespace standin
