#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/err.h>

#include <array>
#include <unordered_map>

#include "net/openssl.h"

namespace standin {
namespace {

using Resumable = std::unique_ptr<SSL_SESSION, OpenSslDeleter<SSL_SESSION_free>>;

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

Result<void> show_certificate(SSL_CTX* context, const TlsFiles& files) {
  if (files.certificate.empty()) return {};
  const auto pair = load_key_pair(files.certificate, files.key);
  if (!pair) return std::unexpected(pair.error());
  SSL_CTX_use_certificate(context, pair->certificate.get());
  for (const Certificate& issuer : pair->issuers) SSL_CTX_add1_chain_cert(context, issuer.get());
  SSL_CTX_use_PrivateKey(context, pair->key.get());
  return {};
}

}  // namespace

struct TlsClient::State {
  TlsContext context;
  std::unordered_map<std::string, Resumable> resumable;  ///< by host:port

  static int remember(SSL* ssl, SSL_SESSION* session);
};

struct TlsClient::Session : TlsSession::State {
  void handshake_failed() override { client->resumable.erase(server); }

  std::shared_ptr<TlsClient::State> client;
  std::string server;  ///< host:port
};

/// Called by OpenSSL with each ticket; ours to keep if the answer is 1.
int TlsClient::State::remember(SSL* ssl, SSL_SESSION* session) {
  const auto* const state = static_cast<Session*>(static_cast<TlsSession::State*>(SSL_get_app_data(ssl)));
  if (SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  state->client->resumable[state->server].reset(session);
  return 1;
}

Result<std::shared_ptr<TlsClient>> TlsClient::make(const TlsFiles& files) {
  auto state = std::make_shared<State>();
  state->context = make_tls_context(TLS_client_method());
  SSL_CTX* const context = state->context.get();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, State::remember);
  constexpr std::string_view http_1_1 = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(http_1_1.data()), http_1_1.size());
  ERR_clear_error();
  const int trusted = files.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                            : SSL_CTX_load_verify_file(context, files.ca_file.c_str());
  if (trusted != 1) {
    return failure(fmt::format("cannot read certificates to trust from {}: {}",
                               files.ca_file.empty() ? "the system" : files.ca_file, last_tls_problem()),
                   files.ca_file);
  }
  if (auto shown = show_certificate(context, files); !shown) return std::unexpected(shown.error());
  return std::shared_ptr<TlsClient>(new TlsClient(std::move(state)));
}

TlsClient::TlsClient(std::shared_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

std::unique_ptr<TlsSession> TlsClient::session(const std::string& host, std::uint16_t port, TlsCheck check) {
  auto state = std::make_unique<Session>();
  state->client = state_;
  state->server = fmt::format("{}:{}", host, port);
  state->begin(state_->context.get());
  SSL* const ssl = state->ssl.get();
  SSL_set_connect_state(ssl);
  SSL_set_verify(ssl, check == TlsCheck::required ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  expect_host(ssl, host);
  const auto resumable = state_->resumable.find(state->server);
  // A diagnosis is to see the certificate, which a resumed session does not show.
  if (check == TlsCheck::required && resumable != state_->resumable.end())
    SSL_set_session(ssl, resumable->second.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

}  // namespace standin
