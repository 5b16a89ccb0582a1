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
class TlsServer;

/// One side of one TLS connection, a client's or a server's; no I/O: encrypted bytes in and out, plain bytes in and
/// out. It holds no buffer while nothing is under way. Its loop's thread alone.
class TlsSession {
 public:
  struct State;
  ~TlsSession();

  /// Bytes from the other side. They stay where they are until handshake() wants more, or decrypt() has no more.
  void received(std::string_view encrypted);
  /// What is to be sent to the other side, and how much of it was. The view holds until then.
  std::string_view output();
  void sent(std::size_t count);
  /// It is on its way: all of it was not sent yet.
  bool sending() const;
  /// Bytes that are to follow it.
  std::size_t waiting() const;

  enum class Step : std::uint8_t { done, wants_bytes, failed };
  /// Between two steps, send the output and receive bytes; after the last one, send the output.
  Step handshake();
  TlsPeer peer() const;
  /// What both sides agreed to speak under it (ALPN), "h2" or "http/1.1"; "" if the client asked for nothing.
  std::string_view protocol() const;

  /// True if all of `plain` is encrypted in the output.
  bool encrypt(std::string_view plain);
  struct Decrypted {
    std::size_t count = 0;
    bool ended = false;   ///< the other side said that nothing more comes
    bool failed = false;  ///< it does not speak TLS any more
    bool more = false;    ///< what was received is not used up
  };
  /// Decrypts at most one record into `plain`; a count of 0 if nothing is there.
  Decrypted decrypt(std::span<char> plain);
  /// Says goodbye, in the output.
  void shut_down();

 private:
  friend class TlsClient;
  friend class TlsServer;
  explicit TlsSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What a client trusts and shows; PEM files.
struct TlsFiles {
  std::string ca_file;      ///< the issuers to trust; "" for the system's
  std::string certificate;  ///< shown to a server that asks for one; "" for nothing
  std::string key;
  auto operator<=>(const TlsFiles&) const = default;
};

/// Starts TLS 1.2 or 1.3 sessions with servers whose certificates it checks: chain and name. Remembers what the last
/// session with each server gave for resuming it; never sends data early. Its loop's thread alone.
class TlsClient {
 public:
  /// The files are read now.
  static Result<std::shared_ptr<TlsClient>> make(const TlsFiles& files);
  ~TlsClient();

  /// `host`: a name or a numeric address, which the certificate must be for.
  std::unique_ptr<TlsSession> session(const std::string& host, std::uint16_t port, TlsCheck check);

 private:
  struct State;
  struct Session;
  explicit TlsClient(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace standin
