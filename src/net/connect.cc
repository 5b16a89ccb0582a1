#include "net/connect.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <vector>

#include "net/asio_clock.h"
#include "net/net_limits.h"

namespace standin {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

/// An address that is silent must leave the others their time.
Instant fair_part(Instant deadline, std::size_t left) {
  const Duration part = (deadline - steady_now()) / static_cast<std::int64_t>(left);
  return std::min(deadline, steady_now() + std::max(part, limits::address_connect_min));
}

Task<Result<std::vector<SocketAddress>>> addresses_of(Endpoint endpoint, std::shared_ptr<Resolver> resolver,
                                                      Instant deadline) {
  std::vector<SocketAddress> addresses;
  if (endpoint.port == 0) {
    const auto path = unix_address(endpoint.host);
    if (!path) co_return std::unexpected(path.error());
    addresses.push_back(*path);
    co_return addresses;
  }
  const auto resolved = co_await resolver->resolve(endpoint.host, deadline);
  if (!resolved) co_return std::unexpected(resolved.error());
  for (const auto& address : *resolved) addresses.push_back(socket_address(address, endpoint.port));
  if (addresses.size() > limits::addresses_tried) addresses.resize(limits::addresses_tried);
  co_return addresses;
}

/// Nothing if `connection` is ready; else why it is not.
Task<std::string> try_address(std::shared_ptr<Connection> connection, const Endpoint& endpoint,
                              std::shared_ptr<TlsClient> tls, SocketAddress address, Instant deadline) {
  ErrorCode error = co_await connection->connect(std::move(address), deadline);
  if (error || !tls) co_return error ? error.message() : std::string();
  error = co_await connection->secure(tls->session(endpoint.host, endpoint.port, TlsCheck::required));
  if (!error) co_return std::string();
  const std::string problem = connection->tls()->peer().problem;
  connection->close();
  co_return fmt::format("TLS failed: {}", problem.empty() ? error.message() : problem);
}

}  // namespace

SocketAddress socket_address(const asio::ip::address& address, std::uint16_t port) {
  return Tcp::endpoint(address, port);
}

Result<SocketAddress> unix_address(const std::string& path) {
  try {
    return asio::local::stream_protocol::endpoint(path);
  } catch (const boost::system::system_error& too_long) {
    return failure(fmt::format("{} is no path for a socket: {}", path, too_long.code().message()), path);
  }
}

asio::ip::address numeric_address(const SocketAddress& address) {
  const int family = address.protocol().family();
  if (family != AF_INET && family != AF_INET6) return {};
  Tcp::endpoint endpoint;
  endpoint.resize(address.size());
  std::copy_n(reinterpret_cast<const char*>(address.data()), address.size(), reinterpret_cast<char*>(endpoint.data()));
  return endpoint.address();
}

Task<Result<std::shared_ptr<Connection>>> connect_to(Endpoint endpoint, std::shared_ptr<Resolver> resolver,
                                                     std::shared_ptr<TlsClient> tls, Instant deadline) {
  const Executor executor = co_await this_executor();
  const auto addresses = co_await addresses_of(endpoint, resolver, deadline);
  if (!addresses) co_return failure(addresses.error().what, endpoint.url);
  std::string why;
  for (std::size_t i = 0; i < addresses->size() && (i == 0 || steady_now() < deadline); ++i) {
    const auto connection = std::make_shared<Connection>(executor);
    const Instant until = fair_part(deadline, addresses->size() - i);
    const std::string problem = co_await try_address(connection, endpoint, tls, (*addresses)[i], until);
    if (problem.empty()) co_return connection;
    // Each address's own: a bad certificate at one is not hidden by the next one's refusal.
    if (!why.contains(problem)) why += (why.empty() ? "" : "; ") + problem;
  }
  resolver->unreachable(endpoint.host);
  co_return failure(fmt::format("cannot connect: {}", why), endpoint.url);
}

}  // namespace standin
