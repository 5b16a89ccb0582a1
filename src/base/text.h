#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

std::string hex(std::span<const std::uint8_t> bytes);
std::optional<std::vector<std::uint8_t>> parse_hex(std::string_view text);

/// ASCII digits, and at least one.
bool all_digits(std::string_view text);

constexpr char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// ASCII alone, as HTTP's field names are compared: for most pairs their lengths decide.
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && lower_char(a[i]) != lower_char(b[i])) return false;
  }
  return true;
}
std::string lower(std::string_view text);

/// Appends all of them and grows once: a message's head is made of dozens of small pieces. A part may be of `out`
/// itself only if there is room for all.
template <std::convertible_to<std::string_view>... Parts>
void append_parts(std::string& out, const Parts&... parts) {
  const auto append = [&out](auto... views) {
    const std::size_t size = out.size() + (views.size() + ...);
    out.resize_and_overwrite(size, [&, at = out.size()](char* text, std::size_t all) mutable {
      ((at += views.copy(text + at, views.size())), ...);
      return all;
    });
  };
  append(std::string_view(parts)...);
}

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// All but RFC 3986's unreserved characters as %XX.
std::string percent_encoded(std::string_view text);
void append_percent_encoded(std::string& out, std::string_view text);

/// The candidate fewest edits away from `word`, if it is near enough to be what was meant (at most a third of its
/// length).
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace standin
