#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

/// Looks at eight bytes at once: most texts are too short for what a compiler makes of a loop over each.
namespace standin::byte_scan {

constexpr std::uint64_t in_each_byte = 0x0101010101010101;

/// Not zero if one of eight bytes is below `limit`, which is at most 128; which of them it is stays open.
constexpr std::uint64_t has_below(std::uint64_t eight, unsigned char limit) {
  return (eight - in_each_byte * limit) & ~eight & (in_each_byte * 0x80);
}

constexpr std::uint64_t has(std::uint64_t eight, unsigned char c) { return has_below(eight ^ (in_each_byte * c), 1); }

constexpr std::uint64_t has_above_ascii(std::uint64_t eight) { return eight & (in_each_byte * 0x80); }

/// Whether `suspicious`, which is asked of eight bytes at a time, is 0 for all. It must be for `a`, which fills up what
/// is less than eight.
template <class Suspicious>
bool none(std::string_view text, Suspicious suspicious) {
  std::uint64_t eight = in_each_byte * 'a';
  if (text.size() < sizeof eight) {
    for (const char c : text) eight = (eight << 8) | static_cast<unsigned char>(c);
    return suspicious(eight) == 0;
  }
  const std::size_t last = text.size() - sizeof eight;
  for (std::size_t at = 0; at < last; at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (suspicious(eight) != 0) return false;
  }
  std::memcpy(&eight, text.data() + last, sizeof eight);
  return suspicious(eight) == 0;
}

}  // namespace standin::byte_scan
