#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "vault/secret.h"

namespace standin {

/// 96 bits, as AES-GCM is fastest and best understood with (NIST SP 800-38D, 8.2.2: at most 2^32 random nonces under
/// one key; a data key is used once, a key-encryption key once per record).
using Nonce = std::array<std::uint8_t, 12>;
constexpr std::size_t tag_size = 16;

/// Nonce, AES-256-GCM ciphertext and tag, one after the other. `context` is authenticated and not stored.
std::string encrypt(const Secret& key, const Nonce& nonce, std::string_view plain, std::string_view context);
/// Nothing if one byte of it, the key or the context is not what it was sealed with.
std::optional<std::string> decrypt(const Secret& key, std::string_view sealed, std::string_view context);

/// HMAC-SHA256 over the parts, joined as they are.
Digest hmac(const Secret& key, std::span<const std::string_view> parts);

/// Overwrites what was secret, so that it does not stay in freed memory.
void cleanse(std::string& text);
void cleanse(std::span<std::uint8_t> bytes);

}  // namespace standin
