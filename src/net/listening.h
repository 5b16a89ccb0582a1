#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/connection.h"
#include "net/inherited.h"

namespace standin {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol, Executor>;

/// Binds and listens on "host:port", "[::1]:port" or "unix:/path". Names are resolved here and now, for start-up.
Result<std::shared_ptr<Acceptor>> listen_on(const Executor& executor, const std::string& address);

/// An error if some other process listens on "host:port". It may share it, and would get half of the customers.
Result<void> nobody_listens_on(const std::string& address);

/// Accepts on a socket that listens already.
Result<std::shared_ptr<Acceptor>> listen_on(const Executor& executor, Descriptor inherited);

/// A connection that waits to be accepted, in non-blocking mode, and whose it is; an error, also of the connection, if
/// there is none.
Descriptor accept_one(Acceptor& acceptor, SocketAddress& peer, ErrorCode& error);

/// The port it is bound to; 0 on a Unix socket.
std::uint16_t bound_port(const Acceptor& acceptor);

}  // namespace standin
