#include "net/tls.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <unordered_map>
#include <vector>

#include "net/net_limits.h"

namespace standin {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Deleter<SSL_free>>;
using Resumable = std::unique_ptr<SSL_SESSION, Deleter<SSL_SESSION_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

std::string last_problem() {
  const auto code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the other side ended the handshake" : reason;
}

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
  const std::unique_ptr<BIO, Deleter<BIO_free>> text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

WallTime expiry_of(const X509* certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return WallTime{};
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::from_time_t(timegm(&utc)));
}

bool is_numeric(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// A name also goes out in the hello, so that a server with several certificates shows the right one.
void expect_host(SSL* ssl, const std::string& host) {
  if (is_numeric(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  ensure(SSL_set1_host(ssl, host.c_str()) == 1, "a TLS session knows the name that it expects");
  SSL_set_tlsext_host_name(ssl, host.c_str());
}

}  // namespace

struct TlsClient::State {
  Context context;
  std::unordered_map<std::string, Resumable> resumable;  ///< by host:port

  static int remember(SSL* ssl, SSL_SESSION* session);
};

struct TlsSession::State {
  std::shared_ptr<TlsClient::State> client;
  std::string server;  ///< host:port
  Ssl ssl;
  std::vector<char> input = std::vector<char>(limits::tls_record);
  std::string output;
  std::size_t sent = 0;  ///< of the output
  std::string failed;    ///< why the handshake did
};

/// Called by OpenSSL with each ticket; ours to keep if the answer is 1.
int TlsClient::State::remember(SSL* ssl, SSL_SESSION* session) {
  const auto* const state = static_cast<TlsSession::State*>(SSL_get_app_data(ssl));
  if (SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  state->client->resumable[state->server].reset(session);
  return 1;
}

Result<std::shared_ptr<TlsClient>> TlsClient::make(const std::string& ca_file) {
  auto state = std::make_shared<State>();
  state->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = state->context.get();
  ensure(context != nullptr, "OpenSSL can make a context");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, State::remember);
  constexpr std::string_view http_1_1 = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(http_1_1.data()), http_1_1.size());
  ERR_clear_error();
  const int trusted =
      ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) : SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (trusted != 1) {
    return failure(fmt::format("cannot read certificates to trust from {}: {}",
                               ca_file.empty() ? "the system" : ca_file, last_problem()),
                   ca_file);
  }
  return std::shared_ptr<TlsClient>(new TlsClient(std::move(state)));
}

TlsClient::TlsClient(std::shared_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

std::unique_ptr<TlsSession> TlsClient::session(const std::string& host, std::uint16_t port, TlsCheck check) {
  auto state = std::make_unique<TlsSession::State>();
  state->client = state_;
  state->server = fmt::format("{}:{}", host, port);
  state->ssl.reset(SSL_new(state_->context.get()));
  SSL* const ssl = state->ssl.get();
  ensure(ssl != nullptr, "OpenSSL can make a session");
  SSL_set_app_data(ssl, state.get());
  SSL_set_connect_state(ssl);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_verify(ssl, check == TlsCheck::required ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  expect_host(ssl, host);
  const auto resumable = state_->resumable.find(state->server);
  // A diagnosis is to see the certificate, which a resumed session does not show.
  if (check == TlsCheck::required && resumable != state_->resumable.end())
    SSL_set_session(ssl, resumable->second.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::~TlsSession() = default;

std::span<char> TlsSession::space() { return state_->input; }

void TlsSession::received(std::size_t count) {
  if (count > 0) BIO_write(SSL_get_rbio(state_->ssl.get()), state_->input.data(), static_cast<int>(count));
}

std::string_view TlsSession::output() {
  BIO* const written = SSL_get_wbio(state_->ssl.get());
  if (state_->output.empty() && BIO_pending(written) > 0) {
    state_->output.resize(static_cast<std::size_t>(BIO_pending(written)));
    BIO_read(written, state_->output.data(), static_cast<int>(state_->output.size()));
  }
  return std::string_view(state_->output).substr(state_->sent);
}

void TlsSession::sent(std::size_t count) {
  state_->sent += count;
  if (state_->sent < state_->output.size()) return;
  state_->output.clear();
  state_->sent = 0;
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->ssl.get());
  if (result == 1) return Step::done;
  if (SSL_get_error(state_->ssl.get(), result) == SSL_ERROR_WANT_READ) return Step::wants_bytes;
  state_->failed = last_problem();
  state_->client->resumable.erase(state_->server);
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

bool TlsSession::encrypt(std::string_view plain) {
  ERR_clear_error();
  std::size_t written = 0;
  return SSL_write_ex(state_->ssl.get(), plain.data(), plain.size(), &written) == 1 && written == plain.size();
}

TlsSession::Decrypted TlsSession::decrypt(std::span<char> plain) {
  ERR_clear_error();
  Decrypted decrypted;
  const int result = SSL_read_ex(state_->ssl.get(), plain.data(), plain.size(), &decrypted.count);
  if (result == 1) return decrypted;
  switch (SSL_get_error(state_->ssl.get(), result)) {
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
