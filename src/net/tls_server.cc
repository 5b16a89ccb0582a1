#include "net/tls_server.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "net/asio_clock.h"
#include "net/net_limits.h"
#include "net/openssl.h"
#include "net/ticket_keys.h"

namespace standin {
namespace {

/// Forward secrecy and authenticated encryption alone. Phones without hardware for AES put ChaCha20 first, and get it.
constexpr const char* ciphers_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* ciphers_1_3 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* groups = "X25519:P-256:P-384";

/// What tells a file from the one that takes its place.
using FileStamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;

FileStamp stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

std::vector<FileStamp> stamps_of(const TlsServerOptions& options) {
  std::vector<FileStamp> stamps;
  for (const auto& [certificate, key] : options.certificates) {
    stamps.push_back(stamp_of(certificate));
    stamps.push_back(stamp_of(key));
  }
  if (!options.client_ca.empty()) stamps.push_back(stamp_of(options.client_ca));
  return stamps;
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

/// The DNS names that a certificate is for, in lower case (RFC 9525: its subject counts for nothing).
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) names.push_back(lower(text_of(name->d.dNSName)));
  }
  return names;
}

bool use(SSL_CTX* context, const KeyPair& pair) {
  bool used = SSL_CTX_use_certificate(context, pair.certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, pair.key.get()) == 1;
  for (const Certificate& issuer : pair.issuers) {
    used = used && SSL_CTX_add1_chain_cert(context, issuer.get()) == 1;
  }
  return used;
}

/// OpenSSL refuses keys that are too short and signatures that are broken only when they are about to be used.
Result<void> check_usable(const KeyPair& pair, const std::string& file) {
  ERR_clear_error();
  const TlsContext trial = make_tls_context(TLS_server_method());
  if (use(trial.get(), pair)) return {};
  return failure(fmt::format("cannot be used: {}; get a certificate that today's clients accept", last_tls_problem()),
                 file);
}

}  // namespace

struct TlsIdentity::State {
  /// Pairs of different kinds of keys for the same name: the client's algorithms decide.
  using Choice = std::vector<const KeyPair*>;

  const Choice& choice_for(SSL* ssl) const;
  static void offer(Choice& choice, const KeyPair& pair);
  Result<void> add(const TlsServerOptions::Pair& pair);
  Result<void> ask_for_certificates();
  void set_up();

  TlsServerOptions options;
  std::vector<FileStamp> stamps;
  TlsContext context = make_tls_context(TLS_server_method());
  std::vector<std::unique_ptr<KeyPair>> pairs;
  std::map<std::string, Choice, std::less<>> by_name;  ///< a wildcard's begins with "*."
  Choice first;
  std::vector<ShownCertificate> shown;
};

/// Exact, then wildcard (one label: RFC 9525, 6.3), then the first.
const TlsIdentity::State::Choice& TlsIdentity::State::choice_for(SSL* ssl) const {
  const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return first;
  const std::string name = lower(asked);
  if (const auto exact = by_name.find(name); exact != by_name.end()) return exact->second;
  const auto dot = name.find('.');
  if (dot == std::string::npos) return first;
  const auto wildcard = by_name.find("*" + name.substr(dot));
  return wildcard == by_name.end() ? first : wildcard->second;
}

/// The first of each kind of key.
void TlsIdentity::State::offer(Choice& choice, const KeyPair& pair) {
  const int kind = EVP_PKEY_get_base_id(pair.key.get());
  const auto is_known = [kind](const KeyPair* known) { return EVP_PKEY_get_base_id(known->key.get()) == kind; };
  if (std::ranges::none_of(choice, is_known)) choice.push_back(&pair);
}

Result<void> TlsIdentity::State::add(const TlsServerOptions::Pair& pair) {
  auto loaded = load_key_pair(pair.certificate, pair.key);
  if (!loaded) return std::unexpected(loaded.error());
  if (auto usable = check_usable(*loaded, pair.certificate); !usable) return usable;
  const auto& kept = pairs.emplace_back(std::make_unique<KeyPair>(std::move(*loaded)));
  X509* const certificate = kept->certificate.get();
  shown.push_back({pair.certificate, expiry_of(certificate)});
  for (const std::string& name : names_of(certificate)) offer(by_name[name], *kept);
  return {};
}

Result<void> TlsIdentity::State::ask_for_certificates() {
  if (options.client_ca.empty()) return {};
  ERR_clear_error();
  auto* const names = SSL_load_client_CA_file(options.client_ca.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(context.get(), options.client_ca.c_str()) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return failure(fmt::format("holds no certificates of authorities that can be read: {}", last_tls_problem()),
                   options.client_ca);
  }
  SSL_CTX_set_client_CA_list(context.get(), names);
  const int required = options.client_certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | required, nullptr);
  return {};
}

TlsIdentity::TlsIdentity(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsIdentity::~TlsIdentity() = default;

const std::vector<ShownCertificate>& TlsIdentity::certificates() const { return state_->shown; }
bool TlsIdentity::outdated() const { return stamps_of(state_->options) != state_->stamps; }
const TlsServerOptions& TlsIdentity::options() const { return state_->options; }

namespace {

struct ServerSession : TlsSession::State {
  static ServerSession& of(SSL* ssl) {
    return *static_cast<ServerSession*>(static_cast<TlsSession::State*>(SSL_get_app_data(ssl)));
  }

  std::shared_ptr<const TlsIdentity> identity;
  const TlsIdentity::State* parts = nullptr;  ///< the identity's
  std::shared_ptr<TicketKeys> tickets;
};

/// Called by OpenSSL in a full handshake, when it knows what the client asked for. Checking a pair again costs a
/// hundredth of a handshake: the first choice is the context's already.
int choose_certificate(SSL* ssl, void*) {
  const TlsIdentity::State& identity = *ServerSession::of(ssl).parts;
  const auto& choice = identity.choice_for(ssl);
  if (choice == identity.first) return 1;
  SSL_certs_clear(ssl);
  for (const KeyPair* const pair : choice) {
    SSL_use_certificate(ssl, pair->certificate.get());
    SSL_use_PrivateKey(ssl, pair->key.get());
    for (const Certificate& issuer : pair->issuers) SSL_add1_chain_cert(ssl, issuer.get());
  }
  return 1;
}

/// Who offers nothing that we speak is told so (RFC 7301, 3.2), before it takes our answer for something else.
int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  constexpr std::string_view ours = "\x02h2\x08http/1.1";
  const std::string_view spoken = ServerSession::of(ssl).parts->options.http2 ? ours : ours.substr(3);
  unsigned char* chosen = nullptr;
  const int agreed = SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(spoken.data()),
                                           static_cast<unsigned>(spoken.size()), offered, offered_size);
  if (agreed != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Tells the client that its name was looked at (RFC 6066, 3).
int acknowledge_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

int prepare_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int seal) {
  const auto act = seal == 1 ? TicketKeys::Act::seal : TicketKeys::Act::open;
  return ServerSession::of(ssl).tickets->prepare(act, steady_now(), name, iv, cipher, mac);
}

}  // namespace

void TlsIdentity::State::set_up() {
  SSL_CTX* const made = context.get();
  const bool good = SSL_CTX_set_cipher_list(made, ciphers_1_2) == 1 &&
                    SSL_CTX_set_ciphersuites(made, ciphers_1_3) == 1 && SSL_CTX_set1_groups_list(made, groups) == 1;
  ensure(good, "OpenSSL knows our ciphers");
  for (const KeyPair* const pair : first) ensure(use(made, *pair), "a pair that was found usable can be used");
  SSL_CTX_set_options(made, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_cert_cb(made, choose_certificate, nullptr);
  SSL_CTX_set_alpn_select_cb(made, choose_protocol, nullptr);
  SSL_CTX_set_tlsext_servername_callback(made, acknowledge_name);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  // A session that began without a look at the client's certificate is never resumed where one is wanted.
  const std::string_view kind = options.client_ca.empty() ? "anybody" : "with certificate";
  SSL_CTX_set_session_id_context(made, reinterpret_cast<const unsigned char*>(kind.data()),
                                 static_cast<unsigned>(kind.size()));
  if (!options.client_ca.empty()) {
    SSL_CTX_set_options(made, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(made, 0);
    return;
  }
  SSL_CTX_set_num_tickets(made, 1);
  SSL_CTX_set_timeout(made, std::chrono::floor<std::chrono::seconds>(limits::tls_ticket_key).count());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(made, prepare_ticket);
}

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::load(TlsServerOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  // Before they are read: what changes from here on is read again.
  state->stamps = stamps_of(state->options);
  for (const TlsServerOptions::Pair& pair : state->options.certificates) {
    if (auto added = state->add(pair); !added) return std::unexpected(added.error());
  }
  ensure(!state->pairs.empty(), "a TLS listener has a certificate");
  const auto names = names_of(state->pairs.front()->certificate.get());
  state->first = names.empty() ? State::Choice{state->pairs.front().get()} : state->by_name.at(names.front());
  if (auto asked = state->ask_for_certificates(); !asked) return std::unexpected(asked.error());
  state->set_up();
  return std::shared_ptr<const TlsIdentity>(new TlsIdentity(std::move(state)));
}

TlsServer::TlsServer(std::shared_ptr<const TlsIdentity> identity)
    : tickets_(std::make_shared<TicketKeys>()), identity_(std::move(identity)) {}
TlsServer::~TlsServer() = default;

std::unique_ptr<TlsSession> TlsServer::session() {
  auto state = std::make_unique<ServerSession>();
  state->identity = identity();
  state->parts = state->identity->state_.get();
  state->tickets = tickets_;
  state->begin(state->parts->context.get());
  SSL_set_accept_state(state->ssl.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

std::shared_ptr<const TlsIdentity> TlsServer::identity() const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

void TlsServer::use(std::shared_ptr<const TlsIdentity> identity) {
  const std::lock_guard lock(mutex_);
  identity_ = std::move(identity);
}

}  // namespace standin
