#include "net/listening.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <vector>

#include "net/net_limits.h"

namespace standin {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr std::string_view unix_prefix = "unix:";

std::unexpected<Error> cannot_listen(const std::string& address, const ErrorCode& error) {
  const bool taken = error == asio::error::address_in_use;
  const std::string_view advice = taken ? "; end what listens there, or listen elsewhere" : "";
  return failure(fmt::format("cannot listen on {}: {}{}", address, error.message(), advice), address);
}

/// Whether other sockets may be bound to the same address.
enum class Sharing { shared, alone };

/// Accepted connections inherit TCP_NODELAY from the listening socket: a system call less for each.
ErrorCode bind_tcp(Acceptor& acceptor, const Tcp::endpoint& endpoint, Sharing sharing) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(sharing == Sharing::shared), error);
  if (!error) acceptor.set_option(Tcp::no_delay(true), error);
  if (!error) acceptor.bind(endpoint, error);
  return error;
}

Result<std::vector<Tcp::endpoint>> resolve_now(const Executor& executor, const std::string& address) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (colon == std::string::npos || host.empty()) {
    return failure(fmt::format("'{}' is no address to listen on; expected host:port or unix:/path", address), address);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ErrorCode error;
  asio::ip::basic_resolver<Tcp, Executor> resolver(executor);
  const auto found = resolver.resolve(host, address.substr(colon + 1), Tcp::resolver::passive, error);
  if (error) return cannot_listen(address, error);
  std::vector<Tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  return endpoints;
}

Result<void> bind_name(Acceptor& acceptor, const std::string& address, Sharing sharing) {
  const auto endpoints = resolve_now(acceptor.get_executor(), address);
  if (!endpoints) return std::unexpected(endpoints.error());
  ErrorCode error;
  for (const Tcp::endpoint& endpoint : *endpoints) {
    error = bind_tcp(acceptor, endpoint, sharing);
    if (!error) return {};
    ErrorCode ignored;
    acceptor.close(ignored);
  }
  return cannot_listen(address, error);
}

/// Removes a socket file that nobody accepts on any more; anything else there is left, and reported by the bind.
void remove_stale(const Executor& executor, const asio::local::stream_protocol::endpoint& endpoint) {
  struct stat status{};
  if (::lstat(endpoint.path().c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  Socket probe(executor);
  if (probe.connect(SocketAddress(endpoint)) == asio::error::connection_refused) ::unlink(endpoint.path().c_str());
}

/// The mode is set before anybody can connect: until listen(2) the socket refuses.
Result<void> bind_unix(Acceptor& acceptor, const std::string& address) {
  const std::string path = address.substr(unix_prefix.size());
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return failure(fmt::format("'{}' is no path for a Unix socket: it must have 1 to {} characters", path,
                               sizeof(sockaddr_un::sun_path) - 1),
                   address);
  }
  const asio::local::stream_protocol::endpoint endpoint(path);
  remove_stale(acceptor.get_executor(), endpoint);
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(SocketAddress(endpoint), error);
  if (!error && ::chmod(path.c_str(), 0600) != 0) error = ErrorCode(errno, boost::system::system_category());
  if (error) return cannot_listen(address, error);
  return {};
}

/// Asio leaves a socket that it made itself in its epoll set when it closes it, trusting that nobody else has it open.
/// A process that takes ours over has: events would come for an acceptor that is gone.
void expect_it_shared(Acceptor& acceptor, ErrorCode& error) {
  const auto protocol = acceptor.local_endpoint(error).protocol();
  if (error) return;
  const int descriptor = acceptor.release(error);
  if (!error) acceptor.assign(protocol, descriptor, error);
}

}  // namespace

Result<void> nobody_listens_on(const std::string& address) {
  asio::io_context io{1};
  Acceptor probe(io.get_executor());
  return bind_name(probe, address, Sharing::alone);
}

Result<std::shared_ptr<Acceptor>> listen_on(const Executor& executor, Descriptor inherited) {
  auto acceptor = std::make_shared<Acceptor>(executor);
  sockaddr_storage local{};
  socklen_t size = sizeof(local);
  ErrorCode error;
  if (::getsockname(inherited.number(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return cannot_listen("an inherited socket", ErrorCode(errno, boost::system::system_category()));
  }
  acceptor->assign(asio::generic::stream_protocol(local.ss_family, 0), inherited.release(), error);
  if (!error && local.ss_family != AF_UNIX) acceptor->set_option(Tcp::no_delay(true), error);
  if (!error) acceptor->non_blocking(true, error);
  if (error) return cannot_listen("an inherited socket", error);
  return acceptor;
}

Result<std::shared_ptr<Acceptor>> listen_on(const Executor& executor, const std::string& address) {
  auto acceptor = std::make_shared<Acceptor>(executor);
  const auto bound =
      address.starts_with(unix_prefix) ? bind_unix(*acceptor, address) : bind_name(*acceptor, address, Sharing::shared);
  if (!bound) return std::unexpected(bound.error());
  ErrorCode error;
  acceptor->listen(limits::accept_backlog, error);
  if (!error) expect_it_shared(*acceptor, error);
  if (!error) acceptor->non_blocking(true, error);
  if (error) return cannot_listen(address, error);
  return acceptor;
}

Descriptor accept_one(Acceptor& acceptor, SocketAddress& peer, ErrorCode& error) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  Descriptor accepted(
      ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  error = accepted ? ErrorCode() : ErrorCode(errno, boost::system::system_category());
  if (accepted) peer = SocketAddress(&address, size);
  return accepted;
}

std::uint16_t bound_port(const Acceptor& acceptor) {
  ErrorCode error;
  const SocketAddress local = acceptor.local_endpoint(error);
  if (error) return 0;
  if (local.data()->sa_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(local.data())->sin_port);
  if (local.data()->sa_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(local.data())->sin6_port);
  return 0;
}

}  // namespace standin
