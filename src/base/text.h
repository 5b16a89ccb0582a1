#pragma once

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
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// All but RFC 3986's unreserved characters as %XX.
std::string percent_encoded(std::string_view text);
void append_percent_encoded(std::string& out, std::string_view text);

/// The candidate fewest edits away from `word`, if it is near enough to be what was meant (at most a third of its
/// length).
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace standin
