#include "net/address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace standin {
namespace {

struct Bits {
  std::array<std::uint8_t, 16> bytes{};
  int size = 0;
};

std::optional<Bits> parse(std::string_view address) {
  const std::string text(address);
  Bits bits;
  if (inet_pton(AF_INET, text.c_str(), bits.bytes.data()) == 1) {
    bits.size = 32;
    return bits;
  }
  if (inet_pton(AF_INET6, text.c_str(), bits.bytes.data()) == 1) {
    bits.size = 128;
    return bits;
  }
  return std::nullopt;
}

}  // namespace

bool address_within(std::string_view address, std::string_view block) {
  const auto slash = block.find('/');
  const auto a = parse(address);
  const auto b = parse(block.substr(0, slash));
  if (!a || !b || a->size != b->size) return false;
  int length = b->size;
  if (slash != std::string_view::npos) {
    const auto digits = block.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || length < 0 || length > b->size)
      return false;
  }
  for (int bit = 0; bit < length; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((a->bytes[bit / 8] & mask) != (b->bytes[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace standin
