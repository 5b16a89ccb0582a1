#include "dialect/usaepay_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "vault/plain_digest.h"

namespace standin {
namespace {

/// RFC 4648, section 4.
std::string base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::size_t size = std::min<std::size_t>(3, text.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < size ? static_cast<std::uint8_t>(text[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out.push_back(j <= size ? digits[bits >> (18 - 6 * j) & 63] : '=');
  }
  return out;
}

}  // namespace

std::string usaepay_hash(std::string_view command, std::string_view pin, std::string_view amount,
                         std::string_view invoice, std::string_view seed) {
  const std::string hashed = fmt::format("{}:{}:{}:{}:{}", command, pin, amount, invoice, seed);
  return fmt::format("s/{}/{}/n", seed, sha1_hex(hashed));
}

std::string usaepay_authorization(std::string_view key, std::string_view pin, std::string_view seed) {
  const std::string hash = sha256_hex(fmt::format("{}{}{}", key, seed, pin));
  return "Basic " + base64(fmt::format("{}:s2/{}/{}", key, seed, hash));
}

}  // namespace standin
