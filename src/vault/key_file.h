#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "vault/secret.h"

namespace standin {

/// What a key file holds. docs/formats.md, "Key file".
struct Keys {
  struct KeyEncryptionKey {
    std::uint32_t id = 0;
    Secret key;
  };
  std::vector<KeyEncryptionKey> wrapping;  ///< newest first, never empty
  Secret order_key, payload, fingerprint, sign;
};

Keys draw_keys(Random& random);

/// Adds a key-encryption key, the newest; the others stay.
void add_wrapping_key(Keys& keys, Random& random);

/// `file` is for messages alone. Errors never quote what the file holds.
Result<Keys> parse_keys(std::string_view text, const std::string& file);
std::string render_keys(const Keys& keys);

/// Refuses a file that others may read.
Result<Keys> read_key_file(const std::string& file);
/// Creates the file (mode 0600), which must not exist yet; durable when it returns.
Result<void> create_key_file(const std::string& file, const Keys& keys);
/// Replaces the file in one step; durable when it returns. Its owner stays.
Result<void> replace_key_file(const std::string& file, const Keys& keys);

}  // namespace standin
