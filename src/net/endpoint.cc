#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "net/client.h"

namespace standin {
namespace {

constexpr std::string_view http_scheme = "http://";
constexpr std::string_view https_scheme = "https://";
constexpr std::string_view unix_scheme = "unix:";

std::unexpected<Error> malformed(std::string_view url, std::string_view why) {
  return failure(
      fmt::format("'{}' is no upstream URL: {}; expected http[s]://host[:port][/path] or unix:/path", url, why),
      std::string(url));
}

bool in_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool in_an_address(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool read_port(std::string_view digits, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size() && port != 0;
}

/// "host", "host:port", "[::1]:port" into `endpoint`; false if it is none of these.
bool read_authority(std::string_view authority, Endpoint& endpoint) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto bracket = authority.find(']');
    if (bracket == std::string_view::npos) return false;
    host = authority.substr(1, bracket - 1);
    port = authority.substr(bracket + 1);
    if (!std::ranges::all_of(host, in_an_address)) return false;
  } else {
    host = authority.substr(0, authority.find(':'));
    port = authority.substr(host.size());
    if (!std::ranges::all_of(host, in_a_name)) return false;
  }
  endpoint.host = host;
  return !host.empty() && (port.empty() || (port[0] == ':' && read_port(port.substr(1), endpoint.port)));
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view url) {
  Endpoint endpoint{.host = {}, .base_path = {}, .url = std::string(url)};
  if (url.starts_with(unix_scheme)) {
    endpoint.host = url.substr(unix_scheme.size());
    endpoint.port = 0;
    if (!endpoint.host.starts_with('/')) return malformed(url, "a Unix socket's path starts with '/'");
    return endpoint;
  }
  endpoint.tls = url.starts_with(https_scheme);
  if (!endpoint.tls && !url.starts_with(http_scheme)) return malformed(url, "it starts with none of these");
  if (endpoint.tls) endpoint.port = 443;
  const std::string_view rest = url.substr(endpoint.tls ? https_scheme.size() : http_scheme.size());
  const auto slash = rest.find('/');
  if (!read_authority(rest.substr(0, slash), endpoint)) return malformed(url, "its host or port is malformed");
  std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto unfit = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127 || c == '?' || c == '#'; };
  if (std::ranges::any_of(path, unfit)) return malformed(url, "its path has a query, a fragment or a space");
  endpoint.base_path = path;
  return endpoint;
}

std::string host_field(const Endpoint& endpoint) {
  if (endpoint.port == 0) return "localhost";
  const std::string host = endpoint.host.contains(':') ? fmt::format("[{}]", endpoint.host) : endpoint.host;
  return endpoint.port == (endpoint.tls ? 443 : 80) ? host : fmt::format("{}:{}", host, endpoint.port);
}

}  // namespace standin
