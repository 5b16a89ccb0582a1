#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/random.h"
#include "base/result.h"
#include "vault/key_file.h"

namespace standin {

/// A record encrypted with a data key of its own, which is wrapped by a key-encryption key. docs/formats.md, "Sealed
/// record".
struct Sealed {
  std::uint32_t key_id = 0;  ///< which key-encryption key wrapped it
  std::string wrapped_key;   ///< destroyed to shred the record
  std::string ciphertext;    ///< nonce, AES-256-GCM ciphertext and tag
};

/// The keys of one journal and what is done with them. Thread-safe after loading; holds no state but the keys.
class Vault {
 public:
  /// Reads a key file as `standin keys new` writes it; refuses one that others may read.
  static Result<Vault> load(const std::string& key_file, Random& random = system_random());
  /// Writes new keys to a file (mode 0600) that must not exist yet.
  static Result<void> create_keys(const std::string& key_file, Random& random = system_random());
  /// Puts a new key-encryption key first; the order key, digest key and signing key never change.
  static Result<void> rotate_keys(const std::string& key_file, Random& random = system_random());
  /// What `load` reads after `rotate_keys`.
  Vault rotated() const;
  /// For tests and `check` without a key file: keys drawn from `random`.
  static Vault ephemeral(Random& random);

  /// `context` is bound to the record (the order's id): opening it under another fails.
  Sealed seal(std::string_view plain, std::string_view context) const;
  Result<std::string> open(const Sealed& sealed, std::string_view context) const;

  /// HMAC-SHA256(order key's key, tenant "\n" route "\n" intent).
  OrderKey order_key(std::string_view tenant, std::string_view route, std::string_view intent) const;
  /// HMAC-SHA256 of a payload: equal payloads have equal digests, and nobody can guess one.
  Digest payload_digest(std::string_view normalised) const;
  /// HMAC-SHA256 of an account number, 16 hexadecimal characters.
  std::string fingerprint(std::string_view account_number) const;
  /// HMAC-SHA256 that marks a replay as ours, hexadecimal.
  std::string sign(std::string_view text) const;

  /// Ids of the key-encryption keys, newest first.
  std::vector<std::uint32_t> key_ids() const;

 private:
  Vault(Keys keys, Random& random) : keys_(std::move(keys)), random_(&random) {}

  Keys keys_;
  Random* random_;
};

}  // namespace standin
