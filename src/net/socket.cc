#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/use_task.h"

namespace standin {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t end_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

ErrorCode system_error(int number) { return {number, boost::system::system_category()}; }

/// The kernel takes one short piece faster than it takes the description of several.
ssize_t send_parts(int socket, std::span<const asio::const_buffer> parts) {
  std::array<char, 2048> joined;
  if (asio::buffer_size(parts) <= joined.size()) {
    const std::size_t size = asio::buffer_copy(asio::buffer(joined), parts);
    return ::send(socket, joined.data(), size, MSG_NOSIGNAL);
  }
  std::array<iovec, 4> pieces{};
  const std::size_t taken = std::min(parts.size(), pieces.size());
  for (std::size_t i = 0; i < taken; ++i) pieces[i] = {const_cast<void*>(parts[i].data()), parts[i].size()};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = taken;
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

/// Resumes a coroutine, which finds the error where it wanted it.
template <class Awaiter>
auto resume(Awaiter awaiter, ErrorCode& into) {
  return [awaiter = std::move(awaiter), &into](const ErrorCode& error) mutable {
    into = error;
    awaiter();
  };
}

}  // namespace

Socket::Socket(Executor executor, Descriptor descriptor)
    : executor_(std::move(executor)), poller_(Poller::of(executor_)), descriptor_(std::move(descriptor)) {}

Socket::~Socket() { close(); }

ErrorCode Socket::connect(const SocketAddress& address) {
  const int family = address.protocol().family();
  descriptor_ = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor_) return system_error(errno);
  const int yes = 1;
  if (family != AF_UNIX) ::setsockopt(native_handle(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const auto size = static_cast<socklen_t>(address.size());
  if (::connect(native_handle(), address.data(), size) == 0) return {};
  // A Unix socket whose peer accepts nobody now says EAGAIN, and does not begin to connect.
  return errno == EINPROGRESS || errno == EINTR ? asio::error::would_block : system_error(errno);
}

ErrorCode Socket::connected() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return system_error(error);
}

// After a read that took less than it could, the next bytes are told of (epoll(7), question 9). The peer's end is told
// of once, with or before the last bytes, and is still to be read after them.
std::size_t Socket::read_some(std::span<char> into, ErrorCode& error) {
  ssize_t count = -1;
  do count = ::recv(native_handle(), into.data(), into.size(), 0);
  while (count < 0 && errno == EINTR);
  error = count < 0 ? system_error(errno) : ErrorCode();
  if (count == 0) error = asio::error::eof;
  reading_.ready = ended_ ? error != asio::error::would_block : count == static_cast<ssize_t>(into.size());
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t Socket::write_some(std::span<const asio::const_buffer> parts, ErrorCode& error) {
  ssize_t count = -1;
  do count = send_parts(native_handle(), parts);
  while (count < 0 && errno == EINTR);
  error = count < 0 ? system_error(errno) : ErrorCode();
  if (error == asio::error::would_block) writing_.ready = false;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

/// Few sockets ever have to wait for room: the others are not told of it.
void Socket::when_writable(Ready ready) {
  const bool watched = is_linked();
  const bool also = !std::exchange(watches_writing_, true);
  if (watched && also) poller_.watch_also(*this, native_handle(), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  wait(writing_, std::move(ready));
}

// Not coroutines: they only begin what is awaited.
Task<> Socket::readable(ErrorCode& error) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [this, &error](auto&& awaiter) { when_readable(resume(std::forward<decltype(awaiter)>(awaiter), error)); },
      use_task);
}

Task<> Socket::writable(ErrorCode& error) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [this, &error](auto&& awaiter) { when_writable(resume(std::forward<decltype(awaiter)>(awaiter), error)); },
      use_task);
}

ErrorCode Socket::watch() {
  if (!is_open()) return asio::error::bad_descriptor;
  if (is_linked()) return {};
  const std::uint32_t events = EPOLLIN | EPOLLRDHUP | (watches_writing_ ? std::uint32_t{EPOLLOUT} : 0U);
  return system_error(poller_.watch(*this, native_handle(), events));
}

void Socket::wait(Side& side, Ready ready) {
  const ErrorCode error = watch();
  if (error || side.ready) {
    asio::post(executor_, [ready = std::move(ready), error]() mutable { ready(error); });
    return;
  }
  side.waiter = std::move(ready);
  poller_.begin_wait();
}

Socket::Ready Socket::take(Side& side) {
  if (side.waiter) poller_.end_wait();
  return std::exchange(side.waiter, nullptr);
}

void Socket::happened(std::uint32_t events) {
  ended_ = ended_ || (events & end_events) != 0;
  if ((events & (EPOLLIN | end_events)) != 0) reading_.ready = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writing_.ready = true;
  auto reader = reading_.ready ? take(reading_) : nullptr;
  auto writer = writing_.ready ? take(writing_) : nullptr;
  // The first may end this socket.
  if (reader) reader({});
  if (writer) writer({});
}

void Socket::abort(Side& side) {
  if (!side.waiter) return;
  asio::post(executor_, [waiter = take(side)]() mutable { waiter(asio::error::operation_aborted); });
}

void Socket::cancel() {
  abort(reading_);
  abort(writing_);
}

void Socket::loop_ended() {
  const auto reader = std::exchange(reading_.waiter, nullptr);
  const auto writer = std::exchange(writing_.waiter, nullptr);
}

void Socket::shutdown(int how) {
  ::shutdown(native_handle(), how);
  if (how == SHUT_RD) ended_ = reading_.ready = true;
}

void Socket::close() {
  if (!is_open()) return;
  if (is_linked()) poller_.forget(*this, native_handle());
  descriptor_ = Descriptor();
  cancel();
}

void Socket::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

}  // namespace standin
