#include "base/ulid.h"

#include <algorithm>
#include <span>

#include "base/result.h"

namespace standin {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int digit_of(char c) {
  const auto at = alphabet.find(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string Ulid::text() const {
  // 130 bits of digits hold 128: the first digit carries three.
  std::string out(26, '0');
  unsigned accumulator = 0;
  int bits = 2;
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    accumulator = (accumulator << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out[at++] = alphabet[(accumulator >> bits) & 31];
    }
  }
  return out;
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != 26 || digit_of(text[0]) > 7) return std::nullopt;
  Ulid id;
  unsigned accumulator = 0;
  int bits = -2;
  std::size_t at = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    accumulator = (accumulator << 5) | static_cast<unsigned>(digit);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      id.bytes[at++] = static_cast<std::uint8_t>(accumulator >> bits);
    }
  }
  return id;
}

WallTime Ulid::made_at() const {
  std::int64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | bytes[i];
  return wall_time(ms);
}

Ulid UlidMaker::make(WallTime now) {
  const std::lock_guard lock(mutex_);
  if (now > last_.made_at() || last_ == Ulid{}) {
    const std::int64_t ms = unix_ms(now);
    for (int i = 0; i < 6; ++i) last_.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    random_.fill(std::span(last_.bytes).subspan(6));
    last_.bytes[6] &= 0x7f;  // room to count up within the millisecond
    return last_;
  }
  for (int i = 15; i >= 6; --i) {
    if (++last_.bytes[i] != 0) return last_;
  }
  unreachable();
}

}  // namespace standin
