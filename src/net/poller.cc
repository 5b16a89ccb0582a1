#include "net/poller.h"

#include <sys/epoll.h>

#include <cerrno>

#include "base/result.h"
#include "net/asio_clock.h"

namespace standin {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

Poller::Poller(asio::io_context& loop)
    : asio::execution_context::service(loop), epoll_(loop.get_executor(), ::epoll_create1(EPOLL_CLOEXEC)) {}

Poller::~Poller() = default;

Poller& Poller::of(const Executor& executor) { return asio::use_service<Poller>(executor.context()); }

int Poller::watch(Watched& what, int descriptor, std::uint32_t events) {
  epoll_event wanted{.events = events | EPOLLET, .data = {.ptr = &what}};
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &wanted) != 0) return errno;
  watched_.push_back(what);
  return 0;
}

int Poller::watch_also(Watched& what, int descriptor, std::uint32_t events) {
  epoll_event wanted{.events = events | EPOLLET, .data = {.ptr = &what}};
  return ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, descriptor, &wanted) == 0 ? 0 : errno;
}

/// Of it nothing is told any more, also of what has happened already.
void Poller::forget(Watched& what, int descriptor) {
  epoll_event ignored{};
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, descriptor, &ignored);
  what.unlink();
  for (std::size_t i = told_; i < happened_; ++i) {
    if (events_[i].data.ptr == &what) events_[i].data.ptr = nullptr;
  }
}

void Poller::begin_wait() {
  if (++waiting_ == 1 && !telling_) listen();
}

void Poller::end_wait() {
  if (--waiting_ > 0 || !std::exchange(listening_, false)) return;
  ++listened_;
  ErrorCode ignored;
  epoll_.cancel(ignored);
}

/// An end of the wait that was taken back may already be on its way: it is told by its number.
void Poller::listen() {
  if (std::exchange(listening_, true)) return;
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this, number = ++listened_](const ErrorCode& error) {
    if (error || number != listened_) return;
    listening_ = false;
    tell();
  });
}

void Poller::tell() {
  const int count = ::epoll_wait(epoll_.native_handle(), events_.data(), events_a_turn, 0);
  telling_ = true;
  happened_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (told_ = 0; told_ < happened_;) {
    const epoll_event event = events_[told_++];
    const Moment moment;
    if (event.data.ptr != nullptr) static_cast<Watched*>(event.data.ptr)->happened(event.events);
  }
  telling_ = false;
  if (waiting_ > 0) listen();
}

void Poller::shutdown() {
  while (!watched_.empty()) {
    Watched& next = watched_.front();
    watched_.pop_front();
    next.loop_ended();
  }
}

}  // namespace standin
