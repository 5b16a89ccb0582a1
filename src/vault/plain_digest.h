#pragma once

#include <string>
#include <string_view>

namespace standin {

/// Digests without a key, 40 and 64 hexadecimal characters, for what a gateway asks to be hashed. They keep no secret:
/// what is kept or shown is a Vault's keyed fingerprint.
std::string sha1_hex(std::string_view text);
std::string sha256_hex(std::string_view text);

}  // namespace standin
