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
  bool rsa = false;                ///< its kind of key; else elliptic
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
  Identity made{{wishes.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
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

/// A PEM file with an identity's certificate, or with its key.
class PemFile {
 public:
  enum class Part { certificate, key };
  explicit PemFile(const Identity& identity, Part part = Part::certificate)
      : path_(::testing::TempDir() + "standin_tls_test_" + std::to_string(::getpid()) + "_" +
              std::to_string(count_++)) {
    write(identity, part);
  }
  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;
  ~PemFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

  /// Another file takes its place, as programs that renew certificates do it.
  void write(const Identity& identity, Part part = Part::certificate) {
    const std::string beside = path_ + ".new";
    std::FILE* const file = std::fopen(beside.c_str(), "w");
    if (part == Part::certificate) {
      PEM_write_X509(file, identity.certificate.get());
    } else {
      PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }
    std::fclose(file);
    std::rename(beside.c_str(), path_.c_str());
  }

 private:
  inline static int count_ = 0;
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

/// A blocking TLS client that checks nothing: what a server shows is looked at by the test.
class TlsCaller {
 public:
  struct Wishes {
    std::string name = {};       ///< asked for; "" for none
    std::string protocols = {};  ///< ALPN's, each with its length before it
    int version = TLS1_3_VERSION;
    const char* ciphers = "DEFAULT";     ///< of TLS 1.2
    const Identity* identity = nullptr;  ///< shown if the server asks
    SSL_SESSION* resume = nullptr;
  };

  TlsCaller(std::uint16_t port, const Wishes& wishes)
      : socket_(RawSocket::connect(port)),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(nullptr, SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_cipher_list(context_.get(), wishes.ciphers);
    SSL_CTX_set_min_proto_version(context_.get(), wishes.version);
    SSL_CTX_set_max_proto_version(context_.get(), wishes.version);
    if (wishes.identity != nullptr) {
      SSL_CTX_use_certificate(context_.get(), wishes.identity->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), wishes.identity->key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    if (!wishes.name.empty()) SSL_set_tlsext_host_name(ssl_.get(), wishes.name.c_str());
    const auto* const protocols = reinterpret_cast<const unsigned char*>(wishes.protocols.data());
    SSL_set_alpn_protos(ssl_.get(), protocols, static_cast<unsigned>(wishes.protocols.size()));
    if (wishes.resume != nullptr) SSL_set_session(ssl_.get(), wishes.resume);
    SSL_set_fd(ssl_.get(), socket_.native_handle());
  }

  bool connect() { return SSL_connect(ssl_.get()) == 1; }
  /// The common name of the certificate that was shown.
  std::string shown() const {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    char name[256] = "";
    if (certificate) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
    }
    return name;
  }
  /// The kind of its key, such as EVP_PKEY_RSA.
  int shown_kind() const {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    return certificate ? EVP_PKEY_get_base_id(X509_get0_pubkey(certificate.get())) : 0;
  }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  /// After an answer: tickets come before it.
  std::shared_ptr<SSL_SESSION> session() const { return {SSL_get1_session(ssl_.get()), SSL_SESSION_free}; }
  bool send(std::string_view bytes) {
    std::size_t written = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1;
  }
  std::string read_until(std::string_view text) {
    std::string got;
    char piece[16 * 1024];
    while (!got.ends_with(text)) {
      const int count = SSL_read(ssl_.get(), piece, sizeof piece);
      if (count <= 0) break;
      got.append(piece, static_cast<std::size_t>(count));
    }
    return got;
  }
  /// What the server said until it ended; `goodbye` tells whether it said so.
  std::string read_to_end(bool* goodbye) {
    std::string got;
    char piece[16 * 1024];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), piece, sizeof piece)) > 0) got.append(piece, static_cast<std::size_t>(count));
    *goodbye = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
    return got;
  }
  void say_goodbye() { SSL_shutdown(ssl_.get()); }
  RawSocket& socket() { return socket_; }

 private:
  RawSocket socket_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

}  // namespace standin::testing
