#include "net/proxy_protocol.h"

#include <algorithm>

#include "base/text.h"
#include "net/grammar.h"
#include "net/net_limits.h"

namespace standin {
namespace {

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t fixed_size = 16;
constexpr std::string_view text_start = "PROXY ";
constexpr std::size_t text_size_max = 107;

constexpr ProxyHeader not_whole{.reading = Reading::more};
constexpr ProxyHeader refused{.reading = Reading::refused};

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

template <std::size_t size>
std::span<const std::uint8_t, size> first_bytes(std::string_view bytes) {
  return std::span<const std::uint8_t, size>(reinterpret_cast<const std::uint8_t*>(bytes.data()), size);
}

/// What follows the fixed part: addresses of that family first, then fields that do not concern us.
ProxyHeader with_client(ProxyHeader header, std::uint8_t family, std::string_view rest) {
  constexpr std::uint8_t unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31;
  switch (family) {
    case unspecified: return header;
    case tcp4:
      if (rest.size() < 12) return refused;
      header.client = IpAddress::v4(first_bytes<4>(rest));
      return header;
    case tcp6:
      if (rest.size() < 36) return refused;
      header.client = IpAddress::v6(first_bytes<16>(rest));
      return header;
    case unix_stream: return rest.size() < 216 ? refused : header;
  }
  return refused;
}

ProxyHeader read_binary(std::string_view bytes) {
  constexpr std::uint8_t local = 0x20, proxied = 0x21;
  if (bytes.size() < fixed_size) return not_whole;
  const std::uint8_t command = byte_at(bytes, 12);
  const std::size_t rest = byte_at(bytes, 14) * 256u + byte_at(bytes, 15);
  if (command != local && command != proxied) return refused;
  if (fixed_size + rest > limits::proxy_header) return refused;
  if (bytes.size() < fixed_size + rest) return not_whole;
  const ProxyHeader header{.reading = Reading::complete, .size = fixed_size + rest};
  return command == local ? header : with_client(header, byte_at(bytes, 13), bytes.substr(fixed_size, rest));
}

bool is_port(std::string_view text) { return text.size() <= 5 && grammar::decimal(text).value_or(65536) <= 65535; }

/// "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443"
ProxyHeader read_text(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, text_size_max).find("\r\n");
  if (end == std::string_view::npos) return bytes.size() < text_size_max ? not_whole : refused;
  const auto words = split(bytes.substr(0, end), ' ');
  ProxyHeader header{.reading = Reading::complete, .size = end + 2};
  if (words[1] == "UNKNOWN") return header;
  if (words.size() != 6 || !is_port(words[4]) || !is_port(words[5])) return refused;
  header.client = IpAddress::parse(words[2]);
  const bool colons = words[1] == "TCP6";
  const bool known = (colons || words[1] == "TCP4") && words[2].contains(':') == colons;
  return known && header.client && IpAddress::parse(words[3]) ? header : refused;
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  const auto begins = [&](std::string_view with) {
    return bytes.substr(0, with.size()) == with.substr(0, std::min(bytes.size(), with.size()));
  };
  if (begins(signature)) return bytes.size() < signature.size() ? not_whole : read_binary(bytes);
  if (begins(text_start)) return bytes.size() < text_start.size() ? not_whole : read_text(bytes);
  return refused;
}

}  // namespace standin
