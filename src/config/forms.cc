#include "config/forms.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/text.h"

namespace standin {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool all_among(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [others](char c) { return is_alphanumeric(c) || others.contains(c); });
}

/// The whole of `text` as a number of at most `max`.
std::optional<int> small_number(std::string_view text, int max) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > max) return std::nullopt;
  return number;
}

/// Bits of an IP address, 32 or 128; 0 if it is none.
int address_bits(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const std::string address(text);
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return 32;
  return inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1 ? 128 : 0;
}

struct HostPort {
  std::string_view host, port;
};

/// "[::1]:80" is "::1" and "80"; nothing if there is no port.
std::optional<HostPort> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (!bracketed && host.contains(':')) return std::nullopt;
  if (bracketed) host = host.substr(1, host.size() - 2);
  return HostPort{host, text.substr(colon + 1)};
}

/// The names of the files of a time zone database; none if it is not there.
std::vector<std::string> timezones_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  using Entries = std::filesystem::recursive_directory_iterator;
  for (Entries entry(folder, ignored), end; entry != end && !ignored; entry.increment(ignored)) {
    std::string name = entry->path().lexically_relative(folder).string();
    const bool copy = name.starts_with("posix/") || name.starts_with("right/") || name.contains('.');
    std::error_code unreadable;
    if (entry->is_regular_file(unreadable) && !copy) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

bool is_authority(std::string_view text) {
  if (text.ends_with(']') && text.starts_with('[')) return address_bits(text.substr(1, text.size() - 2)) == 128;
  const auto parts = split_host_port(text);
  if (!parts) return !text.empty() && all_among(text, ".-_");
  const auto port = small_number(parts->port, 65535);
  const bool host = all_among(parts->host, ".-_") || address_bits(parts->host) == 128;
  return host && !parts->host.empty() && port && *port > 0;
}

}  // namespace

Result<void> check_name(std::string_view text) {
  if (!text.empty() && text.size() <= 64 && all_among(text, "-_")) return {};
  return failure("is made of letters, digits, '-' and '_', at most 64");
}

Result<void> check_pointer(std::string_view text) {
  if (!text.empty() && !text.starts_with('/')) {
    return failure(fmt::format("'{0}' is not a JSON Pointer; did you mean '/{0}'?", text));
  }
  for (auto tilde = text.find('~'); tilde != std::string_view::npos; tilde = text.find('~', tilde + 1)) {
    const bool escape = tilde + 1 < text.size() && (text[tilde + 1] == '0' || text[tilde + 1] == '1');
    if (!escape) return failure("a '~' in a JSON Pointer is written ~0, and a '/' inside a name ~1");
  }
  return {};
}

Result<void> check_selector(std::string_view text) {
  if (text.empty()) return failure("names a field: a JSON Pointer such as \"/order/total\", or a form field");
  return text.starts_with('/') ? check_pointer(text) : Result<void>();
}

Result<void> check_header_name(std::string_view text) {
  if (!text.empty() && all_among(text, "!#$%&'*+-.^_`|~")) return {};
  return failure(fmt::format("'{}' is not a header's name", text));
}

Result<void> check_header_value(std::string_view text) {
  const bool control = std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 32 && c != '\t') || c == 127; });
  if (control) return failure("a header's value has no line breaks or control characters");
  return {};
}

Result<void> check_listen_address(std::string_view text) {
  const auto parts = split_host_port(text);
  if (parts && address_bits(parts->host) != 0 && small_number(parts->port, 65535)) return {};
  return failure(fmt::format("'{}' is not an IP address and port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"", text));
}

bool is_loopback(std::string_view listen_address) {
  return listen_address.starts_with("127.") || listen_address.starts_with("[::1]");
}

Result<void> check_address_block(std::string_view text) {
  const auto slash = text.find('/');
  const int bits = address_bits(text.substr(0, slash));
  const bool prefix = slash == std::string_view::npos || small_number(text.substr(slash + 1), bits).has_value();
  if (bits != 0 && prefix) return {};
  return failure(fmt::format("'{}' is not an address or block, such as \"127.0.0.1/32\"", text));
}

Result<void> check_address(std::string_view text) {
  if (address_bits(text) != 0) return {};
  return failure(fmt::format("'{}' is not an IP address, such as \"192.0.2.9\"", text));
}

Result<void> check_name_server(std::string_view text) {
  if (address_bits(text) != 0) return {};
  const auto parts = split_host_port(text);
  const auto port = parts ? small_number(parts->port, 65535) : std::nullopt;
  if (port && *port > 0 && address_bits(parts->host) != 0) return {};
  return failure(
      fmt::format("'{}' is not a name server's address, such as \"192.0.2.53\" or \"192.0.2.53:5353\"", text));
}

Result<void> check_target(std::string_view text) {
  if (text.starts_with("unix:/")) return {};
  const std::string form =
      fmt::format("'{}' is not a target, such as \"http://127.0.0.1:3000\" or \"https://shop.example\"", text);
  const auto authority = text.find("://");
  const std::string_view scheme = text.substr(0, authority);
  if (authority == std::string_view::npos || (scheme != "http" && scheme != "https")) return failure(form);
  const std::string_view rest = text.substr(authority + 3);
  const auto slash = rest.find('/');
  const std::string_view base = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  const bool clean = std::ranges::all_of(base, [](char c) { return c > ' ' && c < 127 && c != '?' && c != '#'; });
  if (!clean || !is_authority(rest.substr(0, slash))) return failure(form);
  return {};
}

std::string target_host(std::string_view target) {
  const auto authority = target.find("://");
  if (authority == std::string_view::npos) return "";
  std::string_view rest = target.substr(authority + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return lower(rest.substr(1, rest.find(']') - 1));
  return lower(rest.substr(0, rest.find(':')));
}

bool is_this_machine(std::string_view host) {
  if (address_bits(host) == 32) return host.starts_with("127.");
  return host.empty() || host == "localhost" || host == "::1";
}

Result<void> check_country(std::string_view text) {
  if (text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; })) return {};
  return failure(fmt::format("'{}' is not an ISO 3166 country, such as \"US\"", text));
}

Result<void> check_timezone(std::string_view text) {
  const std::filesystem::path folder = "/usr/share/zoneinfo";
  std::error_code ignored;
  const bool form = !text.empty() && is_alphanumeric(text.front()) && all_among(text, "/_+-");
  if (text == "UTC" || (form && std::filesystem::is_regular_file(folder / text, ignored))) return {};
  const auto meant = nearest(text, timezones_in(folder));
  return failure(fmt::format("'{}' is not a time zone of this machine's {}, such as \"America/Los_Angeles\"{}", text,
                             folder.string(), meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

Result<void> check_query(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos || !text.substr(space + 1).starts_with('/')) {
    return failure("is a method and a target, such as \"GET /orders?key={{order_key}}\"");
  }
  return check_method(text.substr(0, space));
}

Result<void> check_redirect(std::string_view text) {
  const auto wrong = [text] {
    return failure(
        fmt::format("'{}' is not a place to go to, such as \"https://{{host}}{{target}}\" or "
                    "\"https://shop.example{{target}}\"",
                    text));
  };
  const auto authority = text.find("://");
  const std::string_view scheme = text.substr(0, authority);
  if (authority == std::string_view::npos || (scheme != "http" && scheme != "https")) return wrong();
  std::string rest(text.substr(authority + 3));
  // A target begins with a slash, so that none can become a part of the host.
  if (rest.ends_with("{target}")) rest.replace(rest.size() - 8, 8, "/");
  if (rest.starts_with("{host}")) {
    rest.replace(0, 6, "host");
    if (rest.size() > 4 && rest[4] != ':' && rest[4] != '/') return wrong();
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = std::string_view(rest).substr(slash);
  const bool clean = std::ranges::all_of(path, [](char c) { return c > ' ' && c < 127 && c != '{' && c != '}'; });
  if (!clean || !is_authority(std::string_view(rest).substr(0, slash))) return wrong();
  return {};
}

Result<void> check_method(std::string_view text) {
  static const std::vector<std::string> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  if (std::ranges::find(methods, text) != methods.end()) return {};
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  const auto meant = nearest(upper, methods);
  return failure(fmt::format("'{}' is not one of {}{}", text, fmt::join(methods, ", "),
                             meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
}

}  // namespace standin
