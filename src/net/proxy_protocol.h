#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/address.h"
#include "net/reader.h"

namespace standin {

/// What a proxy says at the beginning of a connection about whose it is (the PROXY protocol of HAProxy, version 1 or 2:
/// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
struct ProxyHeader {
  /// `more` while it is not whole, `refused` if it is none, or longer than limits::proxy_header.
  Reading reading = Reading::more;
  std::size_t size = 0;  ///< bytes, once complete; the client's own follow
  /// The client's; nothing where the connection is the proxy's own (a health check), or its client is not known.
  std::optional<IpAddress> client;
};

/// `bytes`: all that the connection has brought so far.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace standin
