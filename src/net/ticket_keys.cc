#include "net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <span>

#include "base/random.h"
#include "base/result.h"
#include "net/net_limits.h"

namespace standin {
namespace {

/// Fetched once: by its name OpenSSL looks for it each time.
const EVP_CIPHER* ticket_cipher() {
  static const EVP_CIPHER* const fetched = [] {
    const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    ensure(cipher != nullptr, "OpenSSL knows AES");
    return cipher;
  }();
  return fetched;
}

}  // namespace

void TicketKeys::rotate(Instant now) {
  if (current_ && now - made_ < limits::tls_ticket_key) return;
  previous_ = current_ && now - made_ < 2 * limits::tls_ticket_key ? current_ : std::nullopt;
  made_ = now;
  Key& key = current_.emplace();
  for (const std::span<std::uint8_t> part : {std::span<std::uint8_t>(key.name), {key.cipher}, {key.mac}}) {
    system_random().fill(part);
  }
}

bool TicketKeys::begin(const Key& key, Act act, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1 &&
         EVP_CipherInit_ex(cipher, ticket_cipher(), nullptr, key.cipher.data(), iv, static_cast<int>(act)) == 1;
}

int TicketKeys::prepare(Act act, Instant now, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  if (act == Act::seal) {
    std::ranges::copy(current_->name, name);
    system_random().fill({iv, static_cast<std::size_t>(EVP_CIPHER_get_iv_length(ticket_cipher()))});
    return begin(*current_, act, iv, cipher, mac) ? 1 : -1;
  }
  const auto sealed_with = [name](const Key& key) { return std::ranges::equal(key.name, std::span(name, 16)); };
  if (sealed_with(*current_)) return begin(*current_, act, iv, cipher, mac) ? 1 : -1;
  if (!previous_ || !sealed_with(*previous_)) return 0;
  return begin(*previous_, act, iv, cipher, mac) ? 2 : -1;
}

}  // namespace standin
