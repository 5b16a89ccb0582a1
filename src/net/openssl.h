#pragma once

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls.h"

/// What tls.cc, tls_client.cc and tls_server.cc share: nobody else sees OpenSSL.
namespace standin {

template <auto Free>
struct OpenSslDeleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using TlsContext = std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>>;
using Certificate = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

/// A certificate, those between it and the authority, and its key.
struct KeyPair {
  Certificate certificate;
  std::vector<Certificate> issuers;
  std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>> key;
};
/// The error says what to do. No part of a key is ever in it.
Result<KeyPair> load_key_pair(const std::string& certificate_file, const std::string& key_file);

/// A context with what both sides agree to: TLS 1.2 and 1.3, no compression, no renegotiation, no idle buffers.
TlsContext make_tls_context(const SSL_METHOD* method);
/// Why the last call failed.
std::string last_tls_problem();
WallTime expiry_of(const X509* certificate);

struct TlsSession::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual ~State() = default;
  /// Makes `ssl`, which finds this as its application data, and talks to `input` and `output`.
  void begin(SSL_CTX* context);
  virtual void handshake_failed() {}

  std::unique_ptr<SSL, OpenSslDeleter<SSL_free>> ssl;
  std::string_view input;
  std::string written;  ///< by OpenSSL, while `output` is on its way and must stay where it is
  std::string output;
  std::size_t sent = 0;  ///< of the output
  std::string failed;    ///< why the handshake did
};

}  // namespace standin
