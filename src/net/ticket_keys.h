#pragma once

#include <openssl/evp.h>

#include <array>
#include <mutex>
#include <optional>

#include "base/time.h"

namespace standin {

/// The keys that seal the tickets of one listener's sessions: the current one, and the one before, which still opens
/// them. Any thread.
class TicketKeys {
 public:
  enum class Act : int { open = 0, seal = 1 };

  /// What OpenSSL asks of its ticket callback. 1: with this key; 2: and the client gets a new ticket; 0: with none of
  /// ours, so that the handshake is a full one; -1: it fails.
  int prepare(Act act, Instant now, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };

  void rotate(Instant now);
  static bool begin(const Key& key, Act act, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

  std::mutex mutex_;
  std::optional<Key> current_, previous_;
  Instant made_{};
};

}  // namespace standin
