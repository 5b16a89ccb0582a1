#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string_view>

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

std::ostream& operator<<(std::ostream& out, const Secret&);

}  // namespace standin

template <>
struct fmt::formatter<standin::Secret> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  auto format(const standin::Secret&, fmt::format_context& context) const {
    constexpr std::string_view shown = "[redacted]";
    return std::copy(shown.begin(), shown.end(), context.out());
  }
};
