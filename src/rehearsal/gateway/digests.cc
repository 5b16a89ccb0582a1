#include "rehearsal/gateway/digests.h"

#include <openssl/evp.h>

#include <array>

#include "base/result.h"
#include "base/text.h"

namespace standin::rehearsal {
namespace {

std::string digest(const EVP_MD* kind, std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  ensure(EVP_Digest(text.data(), text.size(), bytes.data(), &size, kind, nullptr) == 1, "OpenSSL makes digests");
  return hex({bytes.data(), size});
}

}  // namespace

std::string sha1_hex(std::string_view text) { return digest(EVP_sha1(), text); }
std::string md5_hex(std::string_view text) { return digest(EVP_md5(), text); }
std::string sha256_hex(std::string_view text) { return digest(EVP_sha256(), text); }

}  // namespace standin::rehearsal
