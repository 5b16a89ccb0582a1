#pragma once

#include <string>
#include <string_view>

namespace standin {

/// Digests without a key, in lower-case hexadecimal, for what a gateway asks to be hashed. They keep no secret:
/// what is kept or shown is a Vault's keyed fingerprint.
std::string sha1_hex(std::string_view text);
std::string md5_hex(std::string_view text);
std::string sha256_hex(std::string_view text);

}  // namespace standin
