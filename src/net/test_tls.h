#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "net/test_peers.h"

/// Certificates made on the spot, and a blocking TLS server that shows them.
namespace standin::testing {

/// A private key and what vouches for it.
struct Identity {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;
};

struct CertificateWishes {
  std::string name = "localhost";  ///< DNS name it is for, or "IP:..." for an address
  long valid_from_days = -1;
  long valid_to_days = 90;
};

inline void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Without an `issuer` it signs itself, and may sign others.
inline Identity make_identity(const CertificateWishes& wishes, const Identity* issuer = nullptr) {
  static long serial = 1;
  Identity made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
  X509* const certificate = made.certificate.get();
  X509* const issued_by = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  constexpr long day = 24L * 60 * 60;
  X509_gmtime_adj(X509_getm_notBefore(certificate), wishes.valid_from_days * day);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wishes.valid_to_days * day);
  X509_set_pubkey(certificate, made.key.get());
  const auto* const common_name = reinterpret_cast<const unsigned char*>(wishes.name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issued_by));
  add_extension(certificate, issued_by, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  const std::string alternative = wishes.name.starts_with("IP:") ? wishes.name : "DNS:" + wishes.name;
  add_extension(certificate, issued_by, NID_subject_alt_name, alternative);
  X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

/// The certificate in a PEM file that goes with this.
class PemFile {
 public:
  explicit PemFile(const Identity& identity)
      : path_(::testing::TempDir() + "standin_tls_test_" + std::to_string(::getpid()) + ".pem") {
    std::FILE* const file = std::fopen(path_.c_str(), "w");
    PEM_write_X509(file, identity.certificate.get());
    std::fclose(file);
  }
  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;
  ~PemFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The server's end of one TLS connection.
class TlsPeerSocket {
 public:
  TlsPeerSocket(SSL_CTX* context, RawSocket socket) : socket_(std::move(socket)), ssl_(SSL_new(context), SSL_free) {
    SSL_set_fd(ssl_.get(), socket_.native_handle());
  }

  bool accept() { return SSL_accept(ssl_.get()) == 1; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string server_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  std::string read_until(std::string_view text) {
    std::string got;
    char piece[4096];
    while (!got.contains(text)) {
      const int count = SSL_read(ssl_.get(), piece, sizeof piece);
      if (count <= 0) break;
      got.append(piece, static_cast<std::size_t>(count));
    }
    return got;
  }
  void send(std::string_view bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
  void say_goodbye() { SSL_shutdown(ssl_.get()); }
  RawSocket& socket() { return socket_; }

 private:
  RawSocket socket_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

class TlsListener {
 public:
  explicit TlsListener(const Identity& identity) : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  }

  std::uint16_t port() const { return listener_.port(); }
  bool somebody_waits() const { return listener_.somebody_waits(); }
  TlsPeerSocket accept() { return {context_.get(), listener_.accept()}; }
  SSL_CTX* context() { return context_.get(); }

 private:
  RawListener listener_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

}  // namespace standin::testing
