#include "net/connect.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <vector>

#include "base/event.h"
#include "net/asio_clock.h"

namespace standin {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Resolver = asio::ip::basic_resolver<Tcp, Executor>;

struct Resolved {
  ErrorCode error;
  std::vector<SocketAddress> addresses;
};

Task<> resolve_into(std::shared_ptr<OneShot<Resolved>> result, std::string host, std::uint16_t port) {
  const Executor executor = co_await this_executor();
  Resolver resolver(executor);
  Resolved resolved;
  const auto found = co_await resolver.async_resolve(host, std::to_string(port), Resolver::numeric_service,
                                                     asio::redirect_error(use_task, resolved.error));
  for (const auto& entry : found) resolved.addresses.emplace_back(entry.endpoint());
  result->set(std::move(resolved));
}

/// getaddrinfo(3) cannot be interrupted: at the deadline it is left to finish by itself.
Task<Resolved> resolve_by(std::string host, std::uint16_t port, Instant deadline) {
  const Executor executor = co_await this_executor();
  AsioClock clock(executor);
  const auto result = std::make_shared<OneShot<Resolved>>();
  spawn(executor, resolve_into(result, std::move(host), port));
  auto resolved = co_await result->wait_until(clock, deadline);
  if (!resolved) co_return Resolved{.error = asio::error::timed_out, .addresses = {}};
  co_return std::move(*resolved);
}

Resolved unix_address(const std::string& path) {
  try {
    return {.error = {}, .addresses = {asio::local::stream_protocol::endpoint(path)}};
  } catch (const boost::system::system_error& too_long) {
    return {.error = too_long.code(), .addresses = {}};
  }
}

Task<Resolved> addresses_of(Endpoint endpoint, Instant deadline) {
  if (endpoint.port == 0) co_return unix_address(endpoint.host);
  ErrorCode not_numeric;
  const auto address = asio::ip::make_address(endpoint.host, not_numeric);
  if (!not_numeric) co_return Resolved{.error = {}, .addresses = {Tcp::endpoint(address, endpoint.port)}};
  co_return co_await resolve_by(endpoint.host, endpoint.port, deadline);
}

ErrorCode prepare(Socket& socket, const SocketAddress& address) {
  ErrorCode error;
  socket.open(address.protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (!error && address.protocol().family() != AF_UNIX) socket.set_option(Tcp::no_delay(true), error);
  return error;
}

Task<ErrorCode> try_address(std::shared_ptr<Connection> connection, SocketAddress address, Instant deadline) {
  ErrorCode error = prepare(connection->socket(), address);
  if (error) co_return error;
  connection->set_deadline(deadline);
  co_await connection->socket().async_connect(address, asio::redirect_error(use_task, error));
  if (error && connection->expired()) co_return asio::error::timed_out;
  co_return error;
}

}  // namespace

Task<Result<std::shared_ptr<Connection>>> connect_to(Endpoint endpoint, Duration per_address, Instant give_up) {
  const Executor executor = co_await this_executor();
  const auto deadline = [&] { return std::min(std::chrono::steady_clock::now() + per_address, give_up); };
  const Resolved resolved = co_await addresses_of(endpoint, deadline());
  if (resolved.error) {
    co_return failure(fmt::format("cannot resolve {}: {}", endpoint.host, resolved.error.message()), endpoint.url);
  }
  ErrorCode error = asio::error::host_not_found;
  for (const SocketAddress& address : resolved.addresses) {
    const auto connection = std::make_shared<Connection>(Socket(executor));
    error = co_await try_address(connection, address, deadline());
    if (!error) co_return connection;
  }
  co_return failure(fmt::format("cannot connect: {}", error.message()), endpoint.url);
}

}  // namespace standin
