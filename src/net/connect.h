#pragma once

#include <memory>

#include "base/result.h"
#include "net/client.h"
#include "net/connection.h"
#include "net/resolver.h"
#include "net/tls.h"

namespace standin {

/// Connects to `endpoint`, and agrees on TLS if `tls` is given: resolves its name, and tries its addresses in turn
/// until `deadline`, each for a fair part of what is left. No error of this has sent anything.
Task<Result<std::shared_ptr<Connection>>> connect_to(Endpoint endpoint, std::shared_ptr<Resolver> resolver,
                                                     std::shared_ptr<TlsClient> tls, Instant deadline);

/// Where a numeric address of an endpoint is; nothing if a Unix socket's path is too long.
SocketAddress socket_address(const boost::asio::ip::address& address, std::uint16_t port);
Result<SocketAddress> unix_address(const std::string& path);
/// The numeric address that a connection leads to; unspecified over a Unix socket.
boost::asio::ip::address numeric_address(const SocketAddress& address);

}  // namespace standin
