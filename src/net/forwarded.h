#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/message.h"

namespace standin {

/// One hop that `Forwarded` tells of (RFC 7239, 4).
struct ForwardedHop {
  std::string node = "unknown";  ///< an address as IpAddress::text(), "unknown", or an identifier such as "_gazonk"
  std::string proto;             ///< "" if it is not told
  std::string host;
};

/// The value of `Forwarded`, the client's hop first; nothing if any of it is malformed, or names more than
/// limits::forwarded_hops.
std::optional<std::vector<ForwardedHop>> parse_forwarded(std::string_view value);

/// The node in one element of `X-Forwarded-For`: an address, with a port or without, or "unknown".
std::optional<std::string> parse_forwarded_for(std::string_view element);

/// The end of a client's connection.
struct ConnectionEnd {
  std::string address;  ///< "" on a Unix socket
  bool secure = false;  ///< it connected under TLS
};

/// Where a request comes from, as far as nobody's word was taken but that of proxies we trust.
struct Origin {
  /// The client first, then the trusted proxies; the last one is the peer. None on a Unix socket of which nobody told.
  std::vector<std::string> nodes;
  std::string proto;          ///< as the client spoke it: "http" or "https"
  std::string host;           ///< as the client named it; "" if it did not
  bool peer_trusted = false;  ///< what the peer says besides counts too; so it does on a Unix socket
  bool malformed = false;     ///< the peer is trusted, but what it said was malformed, and is ignored

  /// Its address as text, or what else is known of it; "" for nothing.
  std::string_view client() const { return nodes.empty() ? std::string_view() : nodes.front(); }
};

/// Reads what a trusted peer says in `X-Forwarded-For`, else in `Forwarded`: from the right, until a node that is not
/// trusted, which is the client.
Origin origin_of(const Headers& headers, const ConnectionEnd& peer, const AddressBlocks& trusted);

/// Removes what says where a request comes from. Of a trusted peer, other fields called X-Forwarded-* stay.
void remove_forwarded(Headers& headers, bool peer_trusted);
/// Adds `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded`, none of which is there.
void add_forwarded(Headers& headers, const Origin& origin);

/// Adds to `Via` that we passed it on (RFC 9110, 7.6.3).
void add_via(Headers& headers);
/// How many times it has passed a standin already, by its `Via`.
std::size_t times_passed_on(const Headers& headers);

}  // namespace standin
