#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace standin {

/// Why the other side's certificate proves nothing.
enum class Distrust : std::uint8_t { none, expired, not_yet_valid, wrong_name, unknown_issuer, other };

/// What a handshake learned of the other side.
struct TlsPeer {
  std::string version;  ///< "TLSv1.3"; "" if the handshake did not get that far
  std::string subject;  ///< of its certificate, RFC 2253; "" if none was seen
  WallTime expires{};   ///< its certificate
  Distrust distrust = Distrust::none;
  std::string problem;  ///< why the certificate is not trusted, or the handshake failed; else ""
};

enum class TlsCheck : std::uint8_t {
  required,  ///< a certificate that is not trusted ends the handshake
  reported,  ///< it is only told about, for a diagnosis: nothing may be sent over such a session
};

class TlsClient;

/// One side of one TLS connection as a client; no I/O: encrypted bytes in and out, plain bytes in and out. Its loop's
/// thread alone.
class TlsSession {
 public:
  ~TlsSession();

  /// Room for bytes from the other side, never empty, and how many were put there.
  std::span<char> space();
  void received(std::size_t count);
  /// What is to be sent to the other side, and how much of it was. The view holds until then.
  std::string_view output();
  void sent(std::size_t count);

  enum class Step : std::uint8_t { done, wants_bytes, failed };
  /// Between two steps, send the output and receive bytes; after the last one, send the output.
  Step handshake();
  TlsPeer peer() const;

  /// True if all of `plain` is encrypted in the output.
  bool encrypt(std::string_view plain);
  struct Decrypted {
    std::size_t count = 0;
    bool ended = false;   ///< the other side said that nothing more comes
    bool failed = false;  ///< it does not speak TLS any more
  };
  /// Decrypts what there is into `plain`; a count of 0 if nothing is.
  Decrypted decrypt(std::span<char> plain);
  /// Says goodbye, in the output.
  void shut_down();

 private:
  friend class TlsClient;
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Starts TLS 1.2 or 1.3 sessions with servers whose certificates it checks: chain and name. Remembers what the last
/// session with each server gave for resuming it; never sends data early. Its loop's thread alone.
class TlsClient {
 public:
  /// `ca_file`: the issuers to trust, PEM, read now; "" for the system's.
  static Result<std::shared_ptr<TlsClient>> make(const std::string& ca_file);
  ~TlsClient();

  /// `host`: a name or a numeric address, which the certificate must be for.
  std::unique_ptr<TlsSession> session(const std::string& host, std::uint16_t port, TlsCheck check);

 private:
  friend class TlsSession;
  struct State;
  explicit TlsClient(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace standin
