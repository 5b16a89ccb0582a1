#include "net/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/net_limits.h"

namespace standin {

namespace asio = boost::asio;

void ReceiveBuffer::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

std::span<char> ReceiveBuffer::space() {
  // A read into a sliver would cost a second system call for the rest.
  if (capacity_ - end_ < limits::receive_buffer / 4) make_room();
  return {data_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::make_room() {
  const std::size_t size = end_ - begin_;
  if (size > capacity_ / 2 || capacity_ == 0) {
    capacity_ = std::max(limits::receive_buffer, capacity_ * 2);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (size > 0) std::memcpy(larger.get(), data_.get() + begin_, size);
    data_ = std::move(larger);
  } else if (size > 0) {
    std::memmove(data_.get(), data_.get() + begin_, size);
  }
  begin_ = 0;
  end_ = size;
}

void Outgoing::sent(std::size_t count) {
  sent_ += count;
  for (auto& part : parts_) {
    const std::size_t of_part = std::min(count, part.size());
    part += of_part;
    count -= of_part;
  }
}

Connection::Connection(Socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {}

void Connection::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

void Connection::set_deadline(Instant at) {
  deadline_ = at;
  expired_ = false;
  if (at < armed_) arm(at);
}

void Connection::arm(Instant at) {
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->ring();
  });
}

void Connection::ring() {
  armed_ = Instant::max();
  if (deadline_ == Instant::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) return arm(deadline_);
  expired_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

Task<ErrorCode> Connection::read() {
  if (expired_) co_return asio::error::timed_out;
  const std::span<char> space = buffer_.space();
  ErrorCode error;
  const std::size_t count =
      co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), asio::redirect_error(use_task, error));
  buffer_.received(count);
  if (error && expired_) co_return asio::error::timed_out;
  co_return error;
}

ErrorCode Connection::read_now() {
  const std::span<char> space = buffer_.space();
  ErrorCode error;
  buffer_.received(socket_.read_some(asio::buffer(space.data(), space.size()), error));
  return error;
}

/// The handler of the outstanding read. When the event loop is destroyed it is never called: then whoever waits for it
/// goes too, or the waiting coroutine and the connection would keep each other alive.
struct Connection::Listener {
  explicit Listener(std::shared_ptr<Connection> owner) : connection(std::move(owner)) {}
  Listener(Listener&&) = default;
  ~Listener() {
    if (connection) connection->waiter_ = nullptr;
  }
  void operator()(const ErrorCode& error, std::size_t count) {
    const auto self = std::move(connection);
    self->hear(error, count);
  }

  std::shared_ptr<Connection> connection;
};

void Connection::listen() {
  listening_ = true;
  const std::span<char> space = buffer_.space();
  socket_.async_read_some(asio::buffer(space.data(), space.size()), Listener(shared_from_this()));
}

void Connection::hear(const ErrorCode& error, std::size_t count) {
  listening_ = false;
  buffer_.received(count);
  heard_ = error;
  if (error && expired_) heard_ = asio::error::timed_out;
  if (auto waiter = std::exchange(waiter_, nullptr)) waiter();
}

Task<ErrorCode> Connection::heard() {
  if (listening_ && expired_) co_return asio::error::timed_out;
  if (listening_) {
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
        [this](auto&& handler) { waiter_ = std::forward<decltype(handler)>(handler); }, use_task);
  }
  co_return heard_;
}

ErrorCode Connection::write_now(Outgoing& out) {
  ErrorCode error;
  while (!out.done() && !error) out.sent(socket_.write_some(out.parts(), error));
  return error;
}

Task<ErrorCode> Connection::write_rest(Outgoing& out) {
  ErrorCode error;
  while (!out.done() && !error && !expired_) {
    const std::size_t count = co_await socket_.async_write_some(out.parts(), asio::redirect_error(use_task, error));
    out.sent(count);
  }
  if (!out.done() && expired_) co_return asio::error::timed_out;
  co_return error;
}

bool Connection::gone() const {
  pollfd poll_for{.fd = const_cast<Socket&>(socket_).native_handle(), .events = 0, .revents = 0};
  if (poll_for.fd < 0) return true;
  const int ready = ::poll(&poll_for, 1, 0);
  return ready > 0 && (poll_for.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

bool Connection::stale() const {
  char byte = 0;
  const ssize_t count = ::recv(const_cast<Socket&>(socket_).native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace standin
