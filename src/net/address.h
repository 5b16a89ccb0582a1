#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace standin {

/// An IPv4 or IPv6 address. One of IPv4 that is written as IPv6 (`::ffff:192.0.2.7`) is the same as itself.
class IpAddress {
 public:
  /// "192.0.2.7" or "2001:db8::7"; nothing for anything else, names and zones included.
  static std::optional<IpAddress> parse(std::string_view text);
  /// Of a connection's end; nothing if that is a Unix socket.
  static std::optional<IpAddress> of(const sockaddr* address);
  static IpAddress v4(std::span<const std::uint8_t, 4> bytes);
  static IpAddress v6(std::span<const std::uint8_t, 16> bytes);

  std::string text() const;
  bool is_v4() const;
  /// The first `bits` of it (of its IPv6 form), and zeros.
  IpAddress network(std::size_t bits) const;
  /// As IPv6.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// A list such as "192.0.2.0/24", "2001:db8::/32" and "192.0.2.7".
class AddressBlocks {
 public:
  AddressBlocks() = default;
  /// What is no block matches nothing.
  explicit AddressBlocks(std::span<const std::string> blocks);

  bool contain(const IpAddress& address) const;
  bool empty() const { return blocks_.empty(); }

 private:
  struct Block {
    IpAddress network;
    std::size_t bits;
  };
  std::vector<Block> blocks_;
};

}  // namespace standin
