#include "rehearsal/hang_up.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "base/use_task.h"

namespace standin::rehearsal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Resolver = asio::ip::basic_resolver<tcp, Executor>;

/// Closed by its alarm at the deadline: whatever is being waited for on it then fails.
struct Connection {
  explicit Connection(const Executor& executor) : resolver(executor), socket(executor) {}
  void end() {
    boost::system::error_code ignored;
    resolver.cancel();
    socket.close(ignored);
  }
  Resolver resolver;
  Socket socket;
};

Task<Result<void>> connect(std::shared_ptr<Connection> connection, Endpoint endpoint) {
  boost::system::error_code wrong;
  const auto addresses = co_await connection->resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                                                                     asio::redirect_error(use_task, wrong));
  if (wrong) co_return failure("not resolved: " + wrong.message(), endpoint.url);
  co_await asio::async_connect(connection->socket, addresses, asio::redirect_error(use_task, wrong));
  if (wrong) co_return failure("not connected: " + wrong.message(), endpoint.url);
  co_return Result<void>();
}

}  // namespace

Task<Result<void>> hang_up_on(Clock& clock, Endpoint endpoint, std::string bytes, HangUp how, Instant deadline) {
  const Executor executor = co_await this_executor();
  const auto connection = std::make_shared<Connection>(executor);
  const auto alarm = clock.at(deadline, [connection] { connection->end(); });
  auto connected = co_await connect(connection, endpoint);
  if (!connected) co_return connected;
  boost::system::error_code wrong;
  co_await asio::async_write(connection->socket, asio::buffer(bytes), asio::redirect_error(use_task, wrong));
  if (wrong) co_return failure("not sent: " + wrong.message(), endpoint.url, Sent::maybe);
  if (how.during_answer) {
    std::array<char, 16> first_bytes;
    co_await connection->socket.async_read_some(asio::buffer(first_bytes), asio::redirect_error(use_task, wrong));
    if (wrong && clock.now() < deadline) co_return failure("no answer: " + wrong.message(), endpoint.url, Sent::maybe);
  } else {
    co_await clock.sleep_for(how.after);
  }
  if (how.reset) connection->socket.set_option(asio::socket_base::linger(true, 0), wrong);
  connection->end();
  co_return Result<void>();
}

}  // namespace standin::rehearsal
