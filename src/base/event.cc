#include "base/event.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/use_task.h"

namespace standin {
namespace {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace

/// A timer that never expires: being an Asio operation, the waiting coroutine dies with its event loop, as a crash in
/// the simulator needs, and not with whoever still holds the Event. The coroutine alone owns the timer, because a timer
/// must not outlive its loop; the Event only knows of it.
struct Event::Waiter {
  explicit Waiter(const Executor& executor)
      : owned(std::make_shared<Timer>(executor, std::chrono::steady_clock::time_point::max())), timer(owned) {}

  std::shared_ptr<Timer> owned;  ///< taken by the coroutine, on its loop's thread
  const std::weak_ptr<Timer> timer;
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
  for (const auto& waiter : waiters) {
    auto timer = waiter->timer.lock();
    if (!timer) continue;
    const Executor executor = timer->get_executor();
    boost::asio::post(executor, [timer = std::move(timer)] { timer->cancel(); });
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
  const auto timer = std::move(waiter->owned);
  boost::system::error_code ignored;
  co_await timer->async_wait(boost::asio::redirect_error(use_task, ignored));
}

Task<bool> Event::wait_until(Clock& clock, Instant deadline) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto waiter = enlist(executor);
  if (!waiter) co_return true;
  const auto timer = std::move(waiter->owned);
  const auto alarm = clock.at(deadline, [timer] { timer->cancel(); });
  boost::system::error_code ignored;
  co_await timer->async_wait(boost::asio::redirect_error(use_task, ignored));
  const std::lock_guard lock(mutex_);
  if (!happened_) std::erase(waiters_, waiter);
  co_return happened_;
}

}  // namespace standin
