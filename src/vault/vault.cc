#include "vault/vault.h"

#include <fmt/format.h>

#include <algorithm>

#include "vault/cipher.h"

namespace standin {
namespace {

/// Keeps a wrapped key from being taken for a record, and a record for a wrapped key.
std::string wrapping_context(std::string_view context) { return "key " + std::string(context); }

}  // namespace

Result<Vault> Vault::load(const std::string& key_file, Random& random) {
  auto keys = read_key_file(key_file);
  if (!keys) return std::unexpected(keys.error());
  return Vault(std::move(*keys), random);
}

Result<void> Vault::create_keys(const std::string& key_file, Random& random) {
  return create_key_file(key_file, draw_keys(random));
}

Result<void> Vault::rotate_keys(const std::string& key_file, Random& random) {
  auto keys = read_key_file(key_file);
  if (!keys) return std::unexpected(keys.error());
  add_wrapping_key(*keys, random);
  return replace_key_file(key_file, *keys);
}

Vault Vault::rotated() const {
  Keys keys = keys_;
  add_wrapping_key(keys, *random_);
  return Vault(std::move(keys), *random_);
}

Vault Vault::ephemeral(Random& random) { return Vault(draw_keys(random), random); }

Sealed Vault::seal(std::string_view plain, std::string_view context) const {
  const auto& wrapping = keys_.wrapping.front();
  std::array<std::uint8_t, Secret::size + 2 * sizeof(Nonce)> drawn;
  random_->fill(drawn);
  const std::span<const std::uint8_t> all(drawn);
  const Secret data_key(all.first<Secret::size>());
  Nonce key_nonce;
  Nonce record_nonce;
  std::ranges::copy(all.subspan(Secret::size, sizeof(Nonce)), key_nonce.begin());
  std::ranges::copy(all.last(sizeof(Nonce)), record_nonce.begin());
  cleanse(drawn);
  const auto key_bytes = data_key.reveal();
  const std::string_view key_text(reinterpret_cast<const char*>(key_bytes.data()), key_bytes.size());
  return Sealed{.key_id = wrapping.id,
                .wrapped_key = encrypt(wrapping.key, key_nonce, key_text, wrapping_context(context)),
                .ciphertext = encrypt(data_key, record_nonce, plain, context)};
}

Result<std::string> Vault::open(const Sealed& sealed, std::string_view context) const {
  const auto wrapping = std::ranges::find(keys_.wrapping, sealed.key_id, &Keys::KeyEncryptionKey::id);
  if (wrapping == keys_.wrapping.end()) {
    return failure(fmt::format("sealed with key wrap-{}, which the key file does not have; restore it from its backup",
                               sealed.key_id),
                   "vault");
  }
  auto key_text = decrypt(wrapping->key, sealed.wrapped_key, wrapping_context(context));
  if (!key_text || key_text->size() != Secret::size) {
    return failure("the sealed record's key does not open: it was shredded, altered, or belongs to another", "vault");
  }
  const Secret data_key(std::span<const std::uint8_t, Secret::size>(
      reinterpret_cast<const std::uint8_t*>(key_text->data()), Secret::size));
  cleanse(*key_text);
  auto plain = decrypt(data_key, sealed.ciphertext, context);
  if (!plain) return failure("the sealed record does not open: it was altered, or belongs to another", "vault");
  return std::move(*plain);
}

OrderKey Vault::order_key(std::string_view tenant, std::string_view route, std::string_view intent) const {
  const std::string_view parts[] = {tenant, "\n", route, "\n", intent};
  return OrderKey{hmac(keys_.order_key, parts)};
}

Digest Vault::payload_digest(std::string_view normalised) const {
  const std::string_view parts[] = {normalised};
  return hmac(keys_.payload, parts);
}

std::string Vault::fingerprint(std::string_view account_number) const {
  const std::string_view parts[] = {account_number};
  return hmac(keys_.fingerprint, parts).hex().substr(0, 16);
}

std::string Vault::sign(std::string_view text) const {
  const std::string_view parts[] = {text};
  return hmac(keys_.sign, parts).hex();
}

std::vector<std::uint32_t> Vault::key_ids() const {
  std::vector<std::uint32_t> ids;
  for (const auto& wrapping : keys_.wrapping) ids.push_back(wrapping.id);
  return ids;
}

}  // namespace standin
