#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "net/grammar.h"

namespace standin {
namespace {

/// Of an IPv6 address that stands for one of IPv4 (RFC 4291, 2.5.5.2).
constexpr std::array<std::uint8_t, 12> mapped_v4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t mapped_v4_bits = 96;

}  // namespace

IpAddress IpAddress::v4(std::span<const std::uint8_t, 4> bytes) {
  IpAddress address;
  std::ranges::copy(bytes, std::ranges::copy(mapped_v4, address.bytes_.begin()).out);
  return address;
}

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> bytes) {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = "";
  if (text.size() >= sizeof terminated || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, terminated);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, terminated, bytes.data()) == 1) return v4(std::span(bytes).first<4>());
  if (inet_pton(AF_INET6, terminated, bytes.data()) == 1) return v6(bytes);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const in_addr& in = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    return v4(std::span<const std::uint8_t, 4>(reinterpret_cast<const std::uint8_t*>(&in), 4));
  }
  if (address->sa_family == AF_INET6) {
    return v6(std::span<const std::uint8_t, 16>(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr, 16));
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const { return std::ranges::equal(std::span(bytes_).first<12>(), mapped_v4); }

std::string IpAddress::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  is_v4() ? inet_ntop(AF_INET, bytes_.data() + mapped_v4.size(), text, sizeof text)
          : inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

IpAddress IpAddress::network(std::size_t bits) const {
  IpAddress masked = *this;
  for (std::size_t i = 0; i < masked.bytes_.size(); ++i) {
    const std::size_t kept = std::clamp<std::size_t>(bits, 8 * i, 8 * i + 8) - 8 * i;
    masked.bytes_[i] &= static_cast<std::uint8_t>(0xff00 >> kept);
  }
  return masked;
}

AddressBlocks::AddressBlocks(std::span<const std::string> blocks) {
  for (const std::string_view block : blocks) {
    const auto slash = block.find('/');
    const auto address = IpAddress::parse(block.substr(0, slash));
    if (!address) continue;
    const bool short_form = !block.substr(0, slash).contains(':');
    const std::size_t before = short_form ? mapped_v4_bits : 0;
    const std::size_t most = 128 - before;
    const auto length = slash == std::string_view::npos ? most : grammar::decimal(block.substr(slash + 1));
    if (!length || *length > most) continue;
    const std::size_t bits = before + static_cast<std::size_t>(*length);
    blocks_.push_back({address->network(bits), bits});
  }
}

bool AddressBlocks::contain(const IpAddress& address) const {
  return std::ranges::any_of(blocks_, [&](const Block& block) { return address.network(block.bits) == block.network; });
}

}  // namespace standin
