#include "app/certificates.h"

#include <fmt/format.h>

#include <utility>

#include "telemetry/log.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

/// How often changed files are looked for.
constexpr Duration look_every = 1min;
/// Authorities give certificates for 90 days and less; whatever renews them does so a month before the end.
constexpr auto expires_very_soon = std::chrono::days(14);
constexpr Duration warn_every = 24h;

TlsServerOptions options_of(const ListenConfig& listener) {
  const TlsListenConfig& tls = *listener.tls;
  TlsServerOptions options{.certificates = {},
                           .client_ca = tls.client_ca,
                           .client_certificate_required = tls.client_certificates == ClientCertificates::required,
                           .http2 = listener.http2};
  for (const CertificateConfig& pair : tls.certificates) options.certificates.push_back({pair.certificate, pair.key});
  return options;
}

bool expires_soon(WallTime when, WallTime now) { return when - now <= expires_very_soon; }

std::string_view expires_or_expired(WallTime when, WallTime now) { return when <= now ? "expired" : "expires"; }

std::unexpected<Error> unusable(const TlsListenConfig& tls, const Error& error) {
  std::string where = tls.certificates.front().where;
  for (const CertificateConfig& pair : tls.certificates) {
    if (pair.certificate == error.where || pair.key == error.where) where = pair.where;
  }
  return failure(fmt::format("{}: '{}' {}", where, error.where, error.what));
}

}  // namespace

Result<Certificates::Loaded> Certificates::load(const Config& config) {
  for (const auto& [name, upstream] : config.upstreams) {
    const auto& [ca_file, certificate, key] = upstream.tls;
    if (certificate.empty()) continue;
    const auto client = TlsClient::make({ca_file, certificate, key});
    if (client) continue;
    const Error& error = client.error();
    return failure(fmt::format("{}: upstream.{}.tls: '{}' {}", config.file, name, error.where, error.what));
  }
  Loaded loaded;
  for (const ListenConfig& listener : config.server.listen) {
    if (!listener.tls) continue;
    auto identity = TlsIdentity::load(options_of(listener));
    if (!identity) return unusable(*listener.tls, identity.error());
    loaded[listener.address] = std::move(*identity);
  }
  return loaded;
}

std::vector<std::string> Certificates::warnings(const Loaded& loaded, WallTime now) {
  std::vector<std::string> sentences;
  for (const auto& [address, identity] : loaded) {
    for (const ShownCertificate& certificate : identity->certificates()) {
      if (!expires_soon(certificate.expires, now)) continue;
      sentences.push_back(fmt::format("the certificate in '{}', shown on {}, {} at {}: renew it and replace the file",
                                      certificate.file, address, expires_or_expired(certificate.expires, now),
                                      iso8601(certificate.expires)));
    }
  }
  return sentences;
}

Certificates::Certificates(const Loaded& loaded) {
  for (const auto& [address, identity] : loaded) servers_[address] = std::make_shared<TlsServer>(identity);
}

std::shared_ptr<TlsServer> Certificates::of(const std::string& address) const {
  const auto found = servers_.find(address);
  return found == servers_.end() ? nullptr : found->second;
}

void Certificates::use(const Loaded& loaded) {
  for (const auto& [address, identity] : loaded) {
    if (const auto server = of(address)) server->use(identity);
  }
  problems_.clear();
  next_look_ = next_warning_ = {};
}

void Certificates::look(Instant now, WallTime wall, Metrics& metrics) {
  if (now < next_look_) return;
  next_look_ = now + look_every;
  take_up_changes();
  publish(metrics);
  if (now < next_warning_) return;
  next_warning_ = now + warn_every;
  for (const std::string& sentence : warnings(shown(), wall)) Log::warn("certificate_expires", sentence);
}

/// A program that renews them replaces one file after the other: what does not fit together yet is read again.
void Certificates::take_up_changes() {
  for (const auto& [address, server] : servers_) {
    const auto old = server->identity();
    if (!old->outdated()) continue;
    auto identity = TlsIdentity::load(old->options());
    std::string& problem = problems_[address];
    if (identity) {
      server->use(std::move(*identity));
      Log::info("certificates_renewed", fmt::format("{} shows what is in its files now", address));
      problem.clear();
      next_warning_ = {};
      continue;
    }
    const std::string now = fmt::format("'{}' {}", identity.error().where, identity.error().what);
    if (now != problem)
      Log::error("certificates_not_renewed", fmt::format("{} goes on with the old: {}", address, now));
    problem = now;
  }
}

void Certificates::publish(Metrics& metrics) {
  auto before = std::exchange(published_, {});
  for (const auto& [address, identity] : shown()) {
    for (const ShownCertificate& certificate : identity->certificates()) {
      metrics.certificate_expires(address, certificate.file, certificate.expires);
      published_.emplace(address, certificate.file);
    }
  }
  for (const auto& [address, file] : before) {
    if (!published_.contains({address, file})) metrics.certificate_gone(address, file);
  }
}

Certificates::Loaded Certificates::shown() const {
  Loaded shown;
  for (const auto& [address, server] : servers_) shown[address] = server->identity();
  return shown;
}

std::vector<std::string> TargetCertificates::warnings(const std::vector<TargetView>& targets, Instant now,
                                                      WallTime wall) {
  std::erase_if(next_warning_, [now](const auto& next) { return next.second <= now; });
  std::vector<std::string> sentences;
  for (const TargetView& target : targets) {
    if (!target.certificate_expires || !expires_soon(*target.certificate_expires, wall)) continue;
    if (!next_warning_.try_emplace({target.upstream, target.url}, now + warn_every).second) continue;
    sentences.push_back(
        fmt::format("the certificate of {}, a target of upstream '{}', {} at {}: from then on nothing "
                    "is sent to it",
                    target.url, target.upstream, expires_or_expired(*target.certificate_expires, wall),
                    iso8601(*target.certificate_expires)));
  }
  return sentences;
}

}  // namespace standin
