#include "vault/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <ostream>

namespace standin {

Secret::Secret(std::span<const std::uint8_t, size> bytes) { std::ranges::copy(bytes, bytes_.begin()); }

Secret Secret::draw(Random& random) {
  Secret secret;
  random.fill(secret.bytes_);
  return secret;
}

Secret::~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "[redacted]"; }

}  // namespace standin
