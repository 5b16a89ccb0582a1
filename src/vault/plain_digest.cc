#include "vault/plain_digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "base/result.h"
#include "base/text.h"

namespace standin {
namespace {

std::string digest(const EVP_MD* algorithm, std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  const int made = EVP_Digest(text.data(), text.size(), bytes.data(), &size, algorithm, nullptr);
  ensure(made == 1, "OpenSSL makes a digest");
  return hex(std::span(bytes).first(size));
}

}  // namespace

std::string sha1_hex(std::string_view text) { return digest(EVP_sha1(), text); }
std::string md5_hex(std::string_view text) { return digest(EVP_md5(), text); }
std::string sha256_hex(std::string_view text) { return digest(EVP_sha256(), text); }

}  // namespace standin
