#include "rehearsal/raw_session.h"

#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "base/text.h"
#include "base/use_task.h"
#include "rehearsal/shop.h"

namespace standin::rehearsal {
namespace {

namespace asio = boost::asio;

// An order is a few hundred bytes: more than this is no shopper.
constexpr std::size_t head_size_max = 32 * 1024;
constexpr std::size_t body_size_max = 1024 * 1024;
constexpr std::string_view end_of_head = "\r\n\r\n";

/// The body's length that the head announces: 0 if none, nothing if it is unreadable, too long, or chunked.
std::optional<std::size_t> body_size(std::string_view head) {
  std::size_t size = 0;
  for (const std::string_view line : split(head, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (equal_ignoring_case(name, "Transfer-Encoding")) return std::nullopt;
    if (!equal_ignoring_case(name, "Content-Length")) continue;
    const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (wrong != std::errc() || end != value.data() + value.size() || size > body_size_max) return std::nullopt;
  }
  return size;
}

bool wants_close(std::string_view head, const Request& request) {
  const std::string_view first_line = head.substr(0, head.find('\r'));
  return first_line.ends_with("HTTP/1.0") ||
         equal_ignoring_case(request.headers.find("Connection").value_or(""), "close");
}

}  // namespace

Task<std::optional<Request>> RawSession::read() {
  std::size_t head_end = received_.find(end_of_head);
  while (head_end == std::string::npos) {
    const bool more = co_await receive();
    if (!more || received_.size() > head_size_max + body_size_max) co_return std::nullopt;
    head_end = received_.find(end_of_head);
  }
  idle_ = false;
  head_end += end_of_head.size();
  const auto size = body_size(std::string_view(received_).substr(0, head_end));
  if (!size || head_end > head_size_max) co_return std::nullopt;
  while (received_.size() < head_end + *size) {
    const bool more = co_await receive();
    if (!more) co_return std::nullopt;
  }
  auto request = request_from_wire(std::string_view(received_).substr(0, head_end + *size));
  if (request) last_ = wants_close(std::string_view(received_).substr(0, head_end), *request);
  received_.erase(0, head_end + *size);
  co_return request;
}

Task<bool> RawSession::receive() {
  constexpr std::size_t chunk = 16 * 1024;
  const std::size_t had = received_.size();
  received_.resize(had + chunk);
  boost::system::error_code wrong;
  const std::size_t got = co_await socket_.async_read_some(asio::buffer(received_.data() + had, chunk),
                                                           asio::redirect_error(use_task, wrong));
  received_.resize(had + got);
  co_return !wrong && got > 0;
}

Task<bool> RawSession::write(RawAnswer answer) {
  if (answer.then == RawAnswer::Then::die) ::_exit(died_exit_status);
  boost::system::error_code wrong;
  co_await asio::async_write(socket_, asio::buffer(answer.bytes), asio::redirect_error(use_task, wrong));
  idle_ = true;
  switch (answer.then) {
    case RawAnswer::Then::keep_open: co_return !wrong && !last_ && !finishing_;
    case RawAnswer::Then::close: co_return false;
    case RawAnswer::Then::reset: reset(); co_return false;
    case RawAnswer::Then::hang: co_await wait_for_end(); co_return false;
    case RawAnswer::Then::die: break;
  }
  unreachable();
}

Task<> RawSession::wait_for_end() {
  bool more = !finishing_;
  while (more) {
    received_.clear();
    more = co_await receive();
  }
}

void RawSession::close() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void RawSession::finish() {
  finishing_ = true;
  if (idle_) close();
}

void RawSession::reset() {
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);  // its close sends RST, not FIN
  socket_.close(ignored);
}

}  // namespace standin::rehearsal
