#include "config/route_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "config/forms.h"

namespace standin {
namespace {

/// Of "/static/*" it is "/static/", of "*" nothing.
std::string_view literal(std::string_view path) { return path.ends_with('*') ? path.substr(0, path.size() - 1) : path; }

bool path_matches(std::string_view pattern, std::string_view path) {
  return pattern.ends_with('*') ? path.starts_with(literal(pattern)) : path == pattern;
}

/// "shop.example:8080" and "[::1]:8080" without their port.
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

auto rank(const RouteConfig& route) {
  return std::tuple(!route.host.empty(), !route.method.empty(), literal(route.path).size(), !route.path.ends_with('*'),
                    route.is_for_clear_text());
}

Result<void> check_path(std::string_view path) {
  if (path == "*") return {};
  const auto star = path.find('*');
  const bool at_end = star == std::string_view::npos || (star == path.size() - 1 && path.ends_with("/*"));
  if (!at_end)
    return failure(fmt::format("'{}': a '*' stands alone, or after the last '/', as in \"/static/*\"", path));
  if (path.contains('?') || path.contains('#')) return failure(fmt::format("'{}': a path has no '?' or '#'", path));
  const bool clean = std::ranges::all_of(path, [](char c) { return c > ' ' && c < 127; });
  if (!clean) return failure(fmt::format("'{}': a path is written as it arrives, percent-encoded", path));
  return {};
}

Result<void> check_host(std::string_view host) {
  const bool clean = std::ranges::all_of(
      host, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
  if (clean) return {};
  return failure(fmt::format("'{}' is not a host's name without a port, such as \"shop.example\"", host));
}

}  // namespace

Result<RouteMatch> parse_match(std::string_view text) {
  RouteMatch match;
  std::string_view rest = text;
  if (const auto space = text.find(' '); space != std::string_view::npos) {
    match.method = text.substr(0, space);
    rest = trim(text.substr(space));
    const auto method = check_method(match.method);
    if (!method) return std::unexpected(method.error());
  }
  const auto slash = rest.find('/');
  if (rest != "*" && slash == std::string_view::npos) {
    return failure(fmt::format(
        "'{}' has no path: write \"POST /orders\", \"GET /static/*\", \"shop.example/path\" or \"*\"", text));
  }
  match.host = rest == "*" ? "" : lower(rest.substr(0, slash));
  match.path = rest == "*" ? rest : rest.substr(slash);
  if (const auto host = check_host(match.host); !host) return std::unexpected(host.error());
  if (const auto path = check_path(match.path); !path) return std::unexpected(path.error());
  return match;
}

std::string match_text(const RouteConfig& route) {
  const std::string where = route.host + route.path;
  return route.method.empty() ? where : route.method + " " + where;
}

bool more_specific(const RouteConfig& a, const RouteConfig& b) { return rank(a) > rank(b); }

const RouteConfig* match_route(const Config& config, std::string_view host, std::string_view method,
                               std::string_view path, bool secure) {
  const std::string_view name = without_port(host);
  for (const RouteConfig& route : config.routes) {
    if (secure && route.is_for_clear_text()) continue;
    const bool host_matches = route.host.empty() || equal_ignoring_case(route.host, name);
    const bool method_matches = route.method.empty() || route.method == method;
    if (host_matches && method_matches && path_matches(route.path, path)) return &route;
  }
  return nullptr;
}

}  // namespace standin
