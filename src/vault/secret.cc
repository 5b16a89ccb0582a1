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

namespace {

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace

SecretText::SecretText(SecretText&& other) noexcept : text_(other.text_) { wipe(other.text_); }

SecretText& SecretText::operator=(const SecretText& other) {
  if (this == &other) return *this;
  wipe(text_);
  text_ = other.text_;
  return *this;
}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this == &other) return *this;
  *this = std::as_const(other);
  wipe(other.text_);
  return *this;
}

SecretText::~SecretText() { wipe(text_); }

std::ostream& operator<<(std::ostream& out, const SecretText&) { return out << "[redacted]"; }

}  // namespace standin
