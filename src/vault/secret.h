#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"

namespace standin {

/// A 256-bit key. Prints as "[redacted]" and is overwritten when destroyed.
class Secret {
 public:
  static constexpr std::size_t size = 32;

  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, size> bytes);
  static Secret draw(Random& random);
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret();

  /// For the cipher alone; never to be copied.
  std::span<const std::uint8_t, size> reveal() const { return bytes_; }

 private:
  std::array<std::uint8_t, size> bytes_{};
};

/// Text that nobody may see: an account number, a PIN, an API key. Prints as "[redacted]" and is overwritten when
/// destroyed.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(const SecretText&) = default;
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(const SecretText& other);
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText();

  /// For what goes to the party or the vault alone.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const SecretText&) const = default;

 private:
  std::string text_;
};

std::ostream& operator<<(std::ostream& out, const Secret&);
std::ostream& operator<<(std::ostream& out, const SecretText&);

}  // namespace standin

namespace standin {
/// Prints "[redacted]".
struct Redacted {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  auto write(fmt::format_context& context) const {
    constexpr std::string_view shown = "[redacted]";
    return std::copy(shown.begin(), shown.end(), context.out());
  }
};
}  // namespace standin

template <>
struct fmt::formatter<standin::Secret> : standin::Redacted {
  auto format(const standin::Secret&, fmt::format_context& context) const { return write(context); }
};
template <>
struct fmt::formatter<standin::SecretText> : standin::Redacted {
  auto format(const standin::SecretText&, fmt::format_context& context) const { return write(context); }
};
