#include "dialect/plain_text.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace standin {
namespace {

std::uint8_t byte(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

struct Range {
  std::uint8_t low, high;
};

/// What the second byte may be (Unicode, table 3-7): narrower than a continuation after E0, ED, F0 and F4.
Range second_byte(std::uint8_t first) {
  if (first == 0xe0) return {0xa0, 0xbf};
  if (first == 0xed) return {0x80, 0x9f};
  if (first == 0xf0) return {0x90, 0xbf};
  if (first == 0xf4) return {0x80, 0x8f};
  return {0x80, 0xbf};
}

std::size_t expected_size(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

/// Bytes of the well-formed character at the start; 0 if there is none.
std::size_t character_size(std::string_view text) {
  const std::size_t size = expected_size(byte(text, 0));
  if (size > text.size()) return 0;
  if (size < 2) return size;
  const auto [low, high] = second_byte(byte(text, 0));
  if (byte(text, 1) < low || byte(text, 1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(text, i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, doubled = !doubled) {
    const int digit = *at - '0';
    sum += doubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 == 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string mended_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    out.append(size == 0 ? "\xef\xbf\xbd" : text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

bool has_controls(std::string_view text) { return std::ranges::any_of(text, is_control); }

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::erase_if(out, is_control);
  return out;
}

std::optional<std::string> account_number(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    if (c < '0' || c > '9') return std::nullopt;
    digits.push_back(c);
  }
  if (digits.size() < 13 || digits.size() > 19 || !passes_luhn(digits)) return std::nullopt;
  return digits;
}

}  // namespace standin
