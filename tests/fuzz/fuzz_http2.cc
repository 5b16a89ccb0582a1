#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/body.h"
#include "net/http2_session.h"
#include "net/session.h"

// Whatever a client sends after the preface of HTTP/2: what reaches the handler could have come in HTTP/1.1, the
// session ends when the client does, and each answer is told once how it ended.

namespace standin {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Heard {
  int requests = 0, undelivered = 0, ended = 0;
  bool over = false;
  boost::asio::io_context io{1};
};

struct Nobody final : Client {
  bool gone() const override { return false; }
  std::string address() const override { return "192.0.2.7"; }
};

bool one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void check_request(const Request& request) {
  ensure(request.target.starts_with('/') || request.target == "*", "a target is a path");
  ensure(one_line(request.target) && !request.target.contains(' '), "and can be told from what surrounds it");
  ensure(request.headers.has("Host"), "a request has a host");
  ensure(!request.headers.has("Transfer-Encoding") && !request.headers.has("Connection"), "it is framed by its frames");
  for (const auto [name, value] : request.headers) {
    ensure(!name.empty() && !name.contains(':') && one_line(name) && one_line(value), "a field is one line");
  }
}

Task<Reply> read_and_answer(Heard* heard, Request request) {
  ++heard->requests;
  check_request(request);
  Reply reply{.response = {.status = 200, .body = request.body}};
  bool more = request.rest != nullptr;
  while (more) {
    const auto piece = co_await request.rest->next();
    more = piece && !piece->empty();
  }
  reply.undelivered = [heard] { ++heard->undelivered; };
  reply.ended = [heard](const StreamEnd&) { ++heard->ended; };
  co_return reply;
}

Task<> drive(std::shared_ptr<Http2Session> session, std::shared_ptr<Connection> connection, Heard* heard) {
  const ErrorCode ended = co_await session->run();
  static_cast<void>(ended);
  for (auto& undelivered : session->take_unconfirmed()) undelivered();
  connection->close();
  co_await session->settle();
  heard->over = true;
  heard->io.stop();
}

void serve(std::string_view bytes) {
  Heard heard;
  int ends[2];
  ensure(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there is a pair of sockets");
  {
    boost::asio::io_context& io = heard.io;
    const ServerLimits limits{.body = 64 * 1024, .streamed_body = 256 * 1024, .head = 8 * 1024};
    const auto sessions = std::make_shared<Sessions>(
        limits,
        [&heard](Request request, std::shared_ptr<const Client>) {
          return read_and_answer(&heard, std::move(request));
        },
        std::make_shared<Door>(Door::Limits{}, [](TurnedAway) {}), std::make_shared<Turns>(io.get_executor()));
    const auto connection = std::make_shared<Connection>(io.get_executor(), Descriptor(ends[0]));
    const auto session = std::make_shared<Http2Session>(sessions, connection, std::make_shared<Nobody>());
    spawn(io.get_executor(), drive(session, connection, &heard));
    const std::string said = std::string(preface).append(bytes);
    ensure(::send(ends[1], said.data(), said.size(), MSG_NOSIGNAL) > 0, "there is room for it");
    ::shutdown(ends[1], SHUT_WR);
    io.run_for(std::chrono::seconds(4));
    ensure(heard.over, "the session ends with its client");
  }
  ::close(ends[1]);
  ensure(heard.ended == heard.requests, "each answer is told how it ended");
  ensure(heard.undelivered <= heard.requests, "and at most once that it did not arrive");
}

}  // namespace
}  // namespace standin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  standin::serve({reinterpret_cast<const char*>(data), size});
  return 0;
}
