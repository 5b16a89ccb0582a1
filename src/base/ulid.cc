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
  unsigned __int128 number = 0;
  for (const std::uint8_t byte : bytes) number = (number << 8) | byte;
  std::string out(26, '0');
  for (std::size_t at = out.size(); at-- > 0; number >>= 5) out[at] = alphabet[static_cast<std::size_t>(number & 31)];
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

void UlidMaker::draw(std::span<std::uint8_t, chance_each> chance) {
  if (used_ == drawn_.size()) {
    random_.fill(drawn_);
    used_ = 0;
  }
  std::ranges::copy(std::span(drawn_).subspan(used_, chance_each), chance.begin());
  used_ += chance_each;
}

Ulid UlidMaker::make(WallTime now) {
  const std::lock_guard lock(mutex_);
  const bool full = ++made_in_millisecond_ > ulids_in_a_millisecond;
  if (now > last_.made_at() || full || last_ == Ulid{}) {
    made_in_millisecond_ = 1;
    const std::int64_t ms = std::max(unix_ms(now), full ? unix_ms(last_.made_at()) + 1 : 0);
    for (int i = 0; i < 6; ++i) last_.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    draw(std::span(last_.bytes).subspan<6>());
    last_.bytes[14] &= 0x7f;  // room to count up within the millisecond
    return last_;
  }
  if (++last_.bytes[15] == 0) ++last_.bytes[14];
  return last_;
}

}  // namespace standin
