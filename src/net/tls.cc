#include "net/tls.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "net/net_limits.h"
#include "net/openssl.h"

namespace standin {
namespace {

using Bio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;

Distrust distrust_of(long verdict) {
  switch (verdict) {
    case X509_V_OK: return Distrust::none;
    case X509_V_ERR_CERT_HAS_EXPIRED: return Distrust::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Distrust::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Distrust::wrong_name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED: return Distrust::unknown_issuer;
  }
  return Distrust::other;
}

std::string subject_of(const X509* certificate) {
  const Bio text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

/// OpenSSL reads what was received in its place.
int read_input(BIO* bio, char* out, std::size_t size, std::size_t* count) {
  auto& input = static_cast<TlsSession::State*>(BIO_get_data(bio))->input;
  BIO_clear_retry_flags(bio);
  if (input.empty()) BIO_set_retry_read(bio);
  *count = std::min(size, input.size());
  if (*count > 0) std::memcpy(out, input.data(), *count);
  input.remove_prefix(*count);
  return *count > 0 ? 1 : 0;
}

int write_output(BIO* bio, const char* bytes, std::size_t size, std::size_t* count) {
  static_cast<TlsSession::State*>(BIO_get_data(bio))->written.append(bytes, size);
  *count = size;
  return 1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* memory() {
  static const BIO_METHOD* const made_once = [] {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "standin");
    BIO_meth_set_read_ex(method, read_input);
    BIO_meth_set_write_ex(method, write_output);
    BIO_meth_set_ctrl(method, control);
    return method;
  }();
  return made_once;
}

/// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate read_certificate(BIO* file) {
  return Certificate(PEM_read_bio_X509(file, nullptr, no_passphrase, nullptr));
}

Result<KeyPair> read_certificates(const std::string& path) {
  ERR_clear_error();
  const Bio file(BIO_new_file(path.c_str(), "r"));
  if (!file) return failure(fmt::format("the certificate cannot be read: {}", last_tls_problem()), path);
  KeyPair pair{.certificate = read_certificate(file.get()), .issuers = {}, .key = {}};
  if (!pair.certificate) {
    return failure("holds no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\")", path);
  }
  while (Certificate issuer = read_certificate(file.get())) pair.issuers.push_back(std::move(issuer));
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!ended) return failure("holds something that is no certificate behind the first one", path);
  return pair;
}

}  // namespace

std::string last_tls_problem() {
  const auto code = ERR_peek_last_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the other side ended the handshake" : reason;
}

WallTime expiry_of(const X509* certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return WallTime{};
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::from_time_t(timegm(&utc)));
}

Result<KeyPair> load_key_pair(const std::string& certificate_file, const std::string& key_file) {
  auto pair = read_certificates(certificate_file);
  if (!pair) return pair;
  const Bio file(BIO_new_file(key_file.c_str(), "r"));
  if (!file) return failure(fmt::format("the key cannot be read: {}", last_tls_problem()), key_file);
  pair->key.reset(PEM_read_bio_PrivateKey(file.get(), nullptr, no_passphrase, nullptr));
  if (!pair->key) {
    return failure("holds no private key in PEM form without a passphrase (\"-----BEGIN PRIVATE KEY-----\")", key_file);
  }
  if (X509_check_private_key(pair->certificate.get(), pair->key.get()) != 1) {
    return failure(fmt::format("is not the key of the first certificate in {}: the server's own certificate comes "
                               "first, then its issuers",
                               certificate_file),
                   key_file);
  }
  return pair;
}

TlsContext make_tls_context(const SSL_METHOD* method) {
  TlsContext made(SSL_CTX_new(method));
  SSL_CTX* const context = made.get();
  ensure(context != nullptr, "OpenSSL can make a context");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return made;
}

void TlsSession::State::begin(SSL_CTX* context) {
  ssl.reset(SSL_new(context));
  BIO* const bio = BIO_new(memory());
  ensure(ssl && bio != nullptr, "OpenSSL can make a session");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_app_data(ssl.get(), this);
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::~TlsSession() = default;

void TlsSession::received(std::string_view encrypted) { state_->input = encrypted; }

std::string_view TlsSession::output() {
  if (state_->output.empty()) state_->output.swap(state_->written);
  return std::string_view(state_->output).substr(state_->sent);
}

bool TlsSession::sending() const { return !state_->output.empty(); }

std::size_t TlsSession::waiting() const { return state_->written.size(); }

void TlsSession::sent(std::size_t count) {
  state_->sent += count;
  if (state_->sent < state_->output.size()) return;
  state_->output = {};
  state_->sent = 0;
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->ssl.get());
  if (result == 1) return Step::done;
  if (SSL_get_error(state_->ssl.get(), result) == SSL_ERROR_WANT_READ) return Step::wants_bytes;
  state_->failed = last_tls_problem();
  state_->handshake_failed();
  return Step::failed;
}

TlsPeer TlsSession::peer() const {
  const SSL* const ssl = state_->ssl.get();
  TlsPeer peer;
  const long verdict = SSL_get_verify_result(ssl);
  peer.distrust = distrust_of(verdict);
  peer.problem = peer.distrust == Distrust::none ? state_->failed : X509_verify_cert_error_string(verdict);
  if (SSL_is_init_finished(ssl)) peer.version = SSL_get_version(ssl);
  const Certificate certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate) return peer;
  peer.subject = subject_of(certificate.get());
  peer.expires = expiry_of(certificate.get());
  return peer;
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsSession::encrypt(std::string_view plain) {
  ERR_clear_error();
  const std::size_t records = plain.size() / limits::tls_record + 1;
  state_->written.reserve(state_->written.size() + plain.size() + records * limits::tls_overhead);
  std::size_t written = 0;
  return SSL_write_ex(state_->ssl.get(), plain.data(), plain.size(), &written) == 1 && written == plain.size();
}

TlsSession::Decrypted TlsSession::decrypt(std::span<char> plain) {
  ERR_clear_error();
  Decrypted decrypted;
  SSL* const ssl = state_->ssl.get();
  const int result = SSL_read_ex(ssl, plain.data(), plain.size(), &decrypted.count);
  decrypted.more = result == 1 && (!state_->input.empty() || SSL_has_pending(ssl) == 1);
  if (result == 1) return decrypted;
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_ZERO_RETURN: decrypted.ended = true; break;
    default: decrypted.failed = true;
  }
  return decrypted;
}

void TlsSession::shut_down() {
  ERR_clear_error();
  if (SSL_is_init_finished(state_->ssl.get())) SSL_shutdown(state_->ssl.get());
}

}  // namespace standin
