#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace standin {

/// The most specific route for a request, or null. `path` is compared by its raw bytes: nothing is decoded, no dot
/// segment resolved, no slash folded, so that what is matched is what is forwarded. `host` may carry a port and any
/// letter case. `secure`: the client came under TLS.
const RouteConfig* match_route(const Config& config, std::string_view host, std::string_view method,
                               std::string_view path, bool secure = false);

/// What a route's `match` says.
struct RouteMatch {
  std::string host;    ///< lower case; "" for any
  std::string method;  ///< "" for any
  std::string path;    ///< "/orders", "/static/*" or "*"
};

/// "POST /orders", "GET /static/*", "shop.example/path", "POST shop.example/path", "/path" or "*".
Result<RouteMatch> parse_match(std::string_view text);

/// The route's match as it is written.
std::string match_text(const RouteConfig& route);

/// Whether `a` is tried before `b`: by host, then method, then the longest literal path. Neither before the other: they
/// cannot match the same request, or they are the same match.
bool more_specific(const RouteConfig& a, const RouteConfig& b);

}  // namespace standin
