#include "vault/cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <memory>

#include "base/result.h"

namespace standin {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const std::uint8_t* bytes(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }
std::uint8_t* bytes(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

/// Fetched once: EVP_CIPHER_fetch and EVP_MAC_fetch cost more than sealing a record.
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  ensure(cipher != nullptr, "OpenSSL has AES-256-GCM");
  return cipher;
}

std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> new_aes_256_gcm() {
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  ensure(context && EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), nullptr, nullptr, nullptr) == 1,
         "OpenSSL has AES-256-GCM");
  return context;
}

/// With its cipher chosen: a key and a nonce start it. To choose the cipher again costs more than sealing a record.
EVP_CIPHER_CTX* cipher_context() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context = new_aes_256_gcm();
  return context.get();
}

std::unique_ptr<EVP_MAC_CTX, FreeMac> new_hmac_sha256() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  ensure(mac != nullptr, "OpenSSL has HMAC");
  std::unique_ptr<EVP_MAC_CTX, FreeMac> context(EVP_MAC_CTX_new(mac));
  char sha256[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
                               OSSL_PARAM_construct_end()};
  ensure(context && EVP_MAC_CTX_set_params(context.get(), params) == 1, "OpenSSL has HMAC-SHA256");
  return context;
}

/// One that has its key.
struct KeyedHmac {
  std::unique_ptr<EVP_MAC_CTX, FreeMac> context;
  Secret key;
};

bool is_of(const KeyedHmac& keyed, const Secret& key) {
  return keyed.context && CRYPTO_memcmp(keyed.key.reveal().data(), key.reveal().data(), Secret::size) == 0;
}

/// To give a context its key takes longer than a short digest: those used last, for the keys of one vault, are kept.
EVP_MAC_CTX* hmac_context(const Secret& key) {
  thread_local std::array<KeyedHmac, 4> kept;
  thread_local std::size_t replaced_next = 0;
  const auto known = std::ranges::find_if(kept, [&](const KeyedHmac& keyed) { return is_of(keyed, key); });
  if (known != kept.end()) return known->context.get();
  KeyedHmac& replaced = kept[replaced_next++ % kept.size()];
  replaced = {new_hmac_sha256(), key};
  const bool done = EVP_MAC_init(replaced.context.get(), key.reveal().data(), key.reveal().size(), nullptr) == 1;
  ensure(done, "HMAC-SHA256 takes its key");
  return replaced.context.get();
}

int length(std::string_view text) {
  ensure(text.size() < (std::size_t{1} << 30), "a sealed record is less than a gibibyte");
  return static_cast<int>(text.size());
}

}  // namespace

std::string encrypt(const Secret& key, const Nonce& nonce, std::string_view plain, std::string_view context) {
  std::string out(nonce.size() + plain.size() + tag_size, '\0');
  std::copy(nonce.begin(), nonce.end(), bytes(out));
  EVP_CIPHER_CTX* const cipher = cipher_context();
  std::uint8_t* const body = bytes(out) + nonce.size();
  int written = 0;
  int rest = 0;
  const bool done = EVP_EncryptInit_ex2(cipher, nullptr, key.reveal().data(), nonce.data(), nullptr) == 1 &&
                    EVP_EncryptUpdate(cipher, nullptr, &rest, bytes(context), length(context)) == 1 &&
                    EVP_EncryptUpdate(cipher, body, &written, bytes(plain), length(plain)) == 1 &&
                    EVP_EncryptFinal_ex(cipher, body + written, &rest) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, tag_size, body + plain.size()) == 1;
  ensure(done && static_cast<std::size_t>(written) == plain.size(), "AES-256-GCM encrypts");
  return out;
}

std::optional<std::string> decrypt(const Secret& key, std::string_view sealed, std::string_view context) {
  if (sealed.size() < Nonce().size() + tag_size) return std::nullopt;
  const std::string_view body = sealed.substr(Nonce().size(), sealed.size() - Nonce().size() - tag_size);
  std::array<std::uint8_t, tag_size> tag;
  std::copy_n(bytes(sealed) + sealed.size() - tag_size, tag_size, tag.begin());
  std::string plain(body.size(), '\0');
  EVP_CIPHER_CTX* const cipher = cipher_context();
  int written = 0;
  int rest = 0;
  const bool authentic = EVP_DecryptInit_ex2(cipher, nullptr, key.reveal().data(), bytes(sealed), nullptr) == 1 &&
                         EVP_DecryptUpdate(cipher, nullptr, &rest, bytes(context), length(context)) == 1 &&
                         EVP_DecryptUpdate(cipher, bytes(plain), &written, bytes(body), length(body)) == 1 &&
                         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
                         EVP_DecryptFinal_ex(cipher, bytes(plain) + written, &rest) == 1;
  if (authentic) return plain;
  cleanse(plain);
  return std::nullopt;
}

Digest hmac(const Secret& key, std::span<const std::string_view> parts) {
  EVP_MAC_CTX* const mac = hmac_context(key);
  bool done = EVP_MAC_init(mac, nullptr, 0, nullptr) == 1;  // begins again with the key that it has
  for (const std::string_view part : parts) done = done && EVP_MAC_update(mac, bytes(part), part.size()) == 1;
  Digest digest;
  std::size_t written = 0;
  done = done && EVP_MAC_final(mac, digest.bytes.data(), &written, digest.bytes.size()) == 1;
  ensure(done && written == digest.bytes.size(), "HMAC-SHA256 digests");
  return digest;
}

void cleanse(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

void cleanse(std::span<std::uint8_t> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

}  // namespace standin
