#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace standin {

/// The result of HMAC-SHA256, made in the vault.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  std::string hex() const;
  auto operator<=>(const Digest&) const = default;
};

/// Names an intent: equal across client retries, restarts and nodes. See docs/semantics.md for the formula.
struct OrderKey {
  Digest digest;
  /// 64 hexadecimal characters, as sent in `Standin-Key`.
  std::string text() const { return digest.hex(); }
  auto operator<=>(const OrderKey&) const = default;
};

struct OrderKeyHash {
  std::size_t operator()(const OrderKey& key) const;
};

}  // namespace standin
