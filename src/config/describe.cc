#include <fmt/format.h>

#include <iterator>

#include "config/config.h"
#include "config/names.h"
#include "config/route_match.h"
#include "config/units.h"

namespace standin {
namespace {

/// A TOML basic string.
std::string as_toml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if ((c >= 0 && c < 32) || c == 127) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string as_toml(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(as_toml(text));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string as_toml(const TlsListenConfig& tls) {
  std::vector<std::string> pairs;
  for (const CertificateConfig& pair : tls.certificates) {
    pairs.push_back(fmt::format("{{ certificate = {}, key = {} }}", as_toml(pair.certificate), as_toml(pair.key)));
  }
  std::string out = fmt::format("certificates = [{}], client_certificates = {}", fmt::join(pairs, ", "),
                                as_toml(name(tls.client_certificates)));
  if (!tls.client_ca.empty()) out += fmt::format(", client_ca = {}", as_toml(tls.client_ca));
  return fmt::format("{{ {} }}", out);
}

std::string as_toml(const ListenConfig& listener) {
  std::string out = fmt::format("address = {}", as_toml(listener.address));
  if (listener.tls) out += fmt::format(", tls = {}", as_toml(*listener.tls));
  out += fmt::format(", proxy_protocol = {}, http2 = {}", listener.proxy_protocol, listener.http2);
  return fmt::format("{{ {} }}", out);
}

std::string as_toml(Duration span) { return as_toml(span == Duration::max() ? "forever" : duration_text(span)); }

class Description {
 public:
  void section(std::string_view header) { text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", header); }
  /// `value` is TOML already.
  void raw(std::string_view key, std::string_view value) { text_ += fmt::format("{} = {}\n", key, value); }
  void comment(std::string_view line) { text_ += fmt::format("# {}\n", line); }

  template <class Value>
  void put(std::string_view key, const Value& value) {
    if constexpr (std::is_arithmetic_v<Value>) {
      raw(key, fmt::format("{}", value));
    } else {
      raw(key, as_toml(value));
    }
  }
  void given(std::string_view key, const std::string& value) {
    if (!value.empty()) put(key, value);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void describe_process(const Config& config, Description& out) {
  const ServerConfig& server = config.server;
  std::vector<std::string> listeners;
  for (const ListenConfig& listener : server.listen) listeners.push_back(as_toml(listener));
  out.section("[server]");
  out.raw("listen", fmt::format("[{}]", fmt::join(listeners, ", ")));
  out.put("threads", server.threads);
  out.put("limits.body", bytes_text(server.body_bytes_max));
  const bool limited = server.streamed_body_bytes_max != std::numeric_limits<std::size_t>::max();
  out.put("limits.streamed_body", limited ? bytes_text(server.streamed_body_bytes_max) : "none");
  out.put("limits.headers", bytes_text(server.head_bytes_max));
  out.put("limits.connections", server.connections_max);
  out.put("limits.connections_per_address", server.connections_per_address);
  out.put("limits.requests_per_connection", server.requests_per_connection);
  out.put("limits.idle", server.idle);
  out.put("limits.receive", server.receive);
  out.put("limits.body_rate", server.body_rate_min == 0 ? "none" : bytes_text(server.body_rate_min));
  out.put("limits.in_flight_memory", bytes_text(server.in_flight_bytes_max));
  out.put("trusted_proxies", server.trusted_proxies);
  out.put("drain", server.drain);
  out.section("[console]");
  out.put("listen", config.console.listen);
  out.put("socket", config.console.socket);
  out.section("[journal]");
  out.put("url", "sqlite:" + config.journal.path);
  out.put("key_file", config.journal.key_file);
  out.section("[dns]");
  out.put("servers", config.dns.servers);
  out.put("ttl_min", config.dns.ttl_min);
  out.put("ttl_max", config.dns.ttl_max);
  out.section("[log]");
  out.put("access", config.log.access);
}

void describe_duplicates(const UpstreamConfig& upstream, Description& out) {
  if (!upstream.duplicates) return;
  out.put("duplicates.kind", std::string(name(*upstream.duplicates)));
  out.put("duplicates.window", upstream.duplicates_window);
}

/// Either the request of an application's own search, or how a gateway's is used.
void describe_finder(const FinderConfig& finder, bool gateway, Description& out) {
  if (gateway) {
    std::vector<std::string> searches;
    for (const SearchLimit& limit : finder.searches) searches.push_back(rate_text(limit));
    out.put("finder.before", finder.before);
    out.put("finder.after", finder.after);
    out.put("finder.timezone", finder.timezone);
    out.put("finder.searches", searches);
  } else {
    out.put("finder.request", finder.request);
    out.put("finder.list", finder.list);
    out.put("finder.reference", finder.reference);
    out.put("finder.state", finder.state);
    out.put("finder.not_standing", finder.not_standing);
  }
  out.put("finder.max_processing", finder.max_processing);
  out.put("finder.index_lag", finder.index_lag);
}

void describe_reversal(const ReversalConfig& reversal, Description& out) {
  if (reversal.request.empty()) return out.put("reversal", std::string("void"));
  out.put("reversal.request", reversal.request);
  out.raw("reversal.done", fmt::format("[{}]", fmt::join(reversal.done, ", ")));
}

void describe_party(const UpstreamConfig& upstream, Description& out) {
  out.put("dialect", upstream.dialect);
  out.given("currency", upstream.currency);
  out.given("country", upstream.country);
  if (!upstream.credentials.empty()) {
    out.comment(
        fmt::format("credentials_file was read: {} of them; what they are is not shown", upstream.credentials.size()));
  }
  for (const auto& [host, addresses] : upstream.addresses) out.put("addresses." + as_toml(host), addresses);
  out.given("tls.ca_file", upstream.tls.ca_file);
  out.given("tls.certificate", upstream.tls.certificate);
  out.given("tls.key", upstream.tls.key);
}

void describe_breaker(const BreakerConfig& breaker, Description& out) {
  out.put("breaker.window", breaker.window);
  out.put("breaker.minimum", breaker.minimum);
  out.put("breaker.error_rate", breaker.error_rate);
  out.put("breaker.consecutive", breaker.consecutive);
  out.put("breaker.open_for", breaker.open_for);
  out.put("breaker.probe_timeout", breaker.probe_timeout);
  out.put("breaker.successes", breaker.successes);
  out.put("breaker.half_open_max", breaker.half_open_max);
  std::vector<std::string> key{"target"};
  key.insert(key.end(), breaker.key.begin(), breaker.key.end());
  out.put("breaker.key", key);
}

void describe_upstream(const UpstreamConfig& upstream, Description& out) {
  out.section(fmt::format("[upstream.{}]", upstream.name));
  out.put("targets", upstream.targets);
  describe_party(upstream, out);
  describe_duplicates(upstream, out);
  if (upstream.finder) describe_finder(*upstream.finder, is_gateway(upstream.dialect), out);
  if (upstream.reversal) describe_reversal(*upstream.reversal, out);
  out.put("balance", std::string(name(upstream.balance)));
  if (upstream.balance == Balance::scoreboard) out.put("forget_errors_after", upstream.forget_errors_after);
  out.put("timeouts.connect", upstream.timeouts.connect);
  out.put("timeouts.write", upstream.timeouts.write);
  out.put("timeouts.response", upstream.timeouts.response);
  out.put("timeouts.listen_late", upstream.timeouts.listen_late);
  describe_breaker(upstream.breaker, out);
  if (!upstream.health.path.empty()) {
    out.put("health.path", upstream.health.path);
    out.put("health.every", upstream.health.every);
    out.put("health.timeout", upstream.health.timeout);
    out.put("health.expect", upstream.health.expect);
  }
  out.put("concurrency", upstream.concurrency);
}

void describe_answer(std::string_view key, const TemplateConfig& answer, Description& out) {
  out.put(fmt::format("{}.status", key), answer.status);
  for (const auto& [header, value] : answer.headers) out.put(fmt::format("{}.headers.{}", key, as_toml(header)), value);
  out.put(fmt::format("{}.body", key), answer.body);
}

void describe_expect(std::string_view key, const ExpectConfig& expect, Description& out) {
  out.raw(fmt::format("{}.status", key), fmt::format("[{}]", fmt::join(expect.status, ", ")));
  out.put(fmt::format("{}.content_type", key), expect.content_type);
  out.put(fmt::format("{}.pointer", key), expect.pointer);
}

void describe_delivery(const std::string& prefix, const StandInConfig& stand_in, Description& out) {
  out.put(prefix + "undelivered", std::string(name(stand_in.undelivered)));
  out.put(prefix + "replay.start", std::string(stand_in.replay_by_itself ? "when-healthy" : "manual"));
  out.put(prefix + "replay.rate", stand_in.replay_rate);
  out.put(prefix + "replay.concurrency", stand_in.replay_concurrency);
  if (stand_in.replay_credential) out.comment("replay.credential_file was read; what it holds is not shown");
}

void describe_stand_in(const StandInConfig& stand_in, Description& out) {
  out.section(fmt::format("[stand_in.{}]", stand_in.name));
  out.put("dialect", stand_in.dialect);
  for (const auto& [fact, selector] : stand_in.facts) out.put("facts." + fact, selector);
  if (stand_in.amount_unit) out.put("amount_unit", std::string(name(*stand_in.amount_unit)));
  out.given("currency", stand_in.currency);
  out.put("require", stand_in.require);
  describe_answer("approve", stand_in.approve, out);
  describe_answer("decline", stand_in.decline, out);
  describe_answer("unavailable", stand_in.unavailable, out);
  out.put("policy", stand_in.policy);
  out.put("strip", stand_in.strip);
  describe_expect("expect", stand_in.expect, out);
  if (stand_in.have_it) describe_expect("have_it", *stand_in.have_it, out);
  describe_delivery("", stand_in, out);
}

void describe_key(const RouteConfig& route, Description& out) {
  if (route.key_facts.empty()) {
    out.put("key", route.key_header.empty() ? std::string("none") : route.key_header);
  } else {
    out.put("key", route.key_facts);
  }
  if (!route.key_facts.empty()) out.put("key_window", route.key_window);
  out.raw("key_required", route.key_required ? "true" : "false");
  out.put("tenant", route.tenant);
}

void describe_protection(const RouteConfig& route, const StandInConfig& stand_in, Description& out) {
  if (is_gateway(stand_in.dialect)) {
    out.put("stand_in.policy", stand_in.policy);
    out.put("stand_in.strip", stand_in.strip);
    describe_delivery("stand_in.", stand_in, out);
  } else {
    out.put("stand_in", route.stand_in);
  }
  out.put("mode", std::string(name(route.mode)));
  describe_key(route, out);
  out.put("idempotency", std::string(route.journalled ? "journalled" : "pass"));
  out.put("fold_duplicates", route.fold_duplicates);
}

void describe_route(const Config& config, const RouteConfig& route, Description& out) {
  out.section("[[route]]");
  out.put("name", route.name);
  out.put("match", match_text(route));
  out.put("dialect", route.dialect);
  if (!route.redirect.empty()) {
    out.put("redirect", route.redirect);
    out.put("redirect_status", route.redirect_status);
    return;
  }
  if (route.more_upstreams.empty()) {
    out.put("upstream", route.upstream);
  } else {
    out.put("upstream", route.all_upstreams());
  }
  if (route.is_protected()) describe_protection(route, config.stand_ins.at(route.stand_in), out);
  out.put("deadline", route.deadline);
  if (route.cache) {
    out.put("cache.fresh", route.cache->fresh);
    out.put("cache.stale_while_revalidate", route.cache->stale_while_revalidate);
    out.put("cache.stale_if_error", route.cache->stale_if_error);
    out.put("cache.size", bytes_text(route.cache->bytes_max));
  }
  out.given("fallback_files", route.fallback_files);
  out.given("outage_page", route.outage_page);
}

void describe_policy(const Policy& policy, Description& out) {
  out.section(fmt::format("[policy.{}]  # version {}", policy.name, policy.version));
  for (const Money& limit : policy.floor_limit) {
    out.put(fmt::format("floor_limit.{}", limit.currency.code()), decimal(limit));
  }
  std::vector<std::string> totals;
  for (const Money& total : policy.exposure_total) totals.push_back(text(total));
  out.put("exposure.total", totals);
}

}  // namespace

std::string describe(const Config& config) {
  Description out;
  describe_process(config, out);
  for (const auto& [name, upstream] : config.upstreams) describe_upstream(upstream, out);
  for (const RouteConfig& route : config.routes) describe_route(config, route, out);
  for (const auto& [name, stand_in] : config.stand_ins) {
    if (!is_gateway(stand_in.dialect)) describe_stand_in(stand_in, out);  // a gateway's is written in its route
  }
  for (const auto& [name, policy] : config.policies) describe_policy(policy, out);
  return out.take();
}

}  // namespace standin
