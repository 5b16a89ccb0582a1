#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/forms.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/values.h"

namespace standin {
namespace {

void read_timeouts(const Node& table, TimeoutsConfig& timeouts) {
  read(table, "timeouts.connect", timeouts.connect);
  read(table, "timeouts.write", timeouts.write);
  read(table, "timeouts.response", timeouts.response);
  read(table, "timeouts.listen_late", timeouts.listen_late);
}

void read_breaker(const Node& table, BreakerConfig& breaker) {
  read(table, "breaker.window", breaker.window);
  read(table, "breaker.minimum", breaker.minimum);
  read(table, "breaker.error_rate", breaker.error_rate);
  read(table, "breaker.consecutive", breaker.consecutive);
  read(table, "breaker.open_for", breaker.open_for);
  read(table, "breaker.probe_timeout", breaker.probe_timeout);
  read(table, "breaker.successes", breaker.successes);
  read(table, "breaker.half_open_max", breaker.half_open_max);
}

/// "target" is always a part, and need not be written.
void read_breaker_key(const Node& table, BreakerConfig& breaker, Problems& problems) {
  read(table, "breaker.key", breaker.key);
  const Node* node = table.find("breaker.key");
  std::vector<std::string> parts = breaker.key;
  std::ranges::sort(parts);
  if (node != nullptr && std::ranges::adjacent_find(parts) != parts.end()) {
    problems.error(node->value_place, "'breaker.key' names the same fact twice");
  }
  std::erase(breaker.key, "target");
}

void read_health(const Node& table, HealthConfig& health, Problems& problems) {
  read(table, "health.path", health.path);
  read(table, "health.every", health.every);
  read(table, "health.timeout", health.timeout);
  read(table, "health.expect", health.expect);
  if (table.find("health.path") != nullptr && !health.path.starts_with('/')) {
    problems.error(table.place_of("health.path"), "'health.path' begins with '/'");
  }
}

void read_query(const Node& table, std::string_view path, std::string& out, Problems& problems) {
  read(table, path, out);
  const auto checked = check_query(out);
  if (!out.empty() && !checked) {
    problems.error(table.place_of(path), fmt::format("'{}': {}", path, checked.error().what));
  }
}

FinderConfig read_finder(const Node& table, Problems& problems) {
  FinderConfig finder;
  read_query(table, "finder.request", finder.request, problems);
  read(table, "finder.list", finder.list);
  read(table, "finder.reference", finder.reference);
  read(table, "finder.state", finder.state);
  read(table, "finder.not_standing", finder.not_standing);
  read(table, "finder.max_processing", finder.max_processing);
  read(table, "finder.index_lag", finder.index_lag);
  if (finder.state.empty() != finder.not_standing.empty()) {
    problems.error(table.place_of("finder.state"),
                   "'finder.state' and 'finder.not_standing' go together: which field, and which of its values mean "
                   "that the order does not stand");
  }
  return finder;
}

ReversalConfig read_reversal(const Node& table, Problems& problems) {
  ReversalConfig reversal;
  if (table.find("reversal")->type == Node::Type::text) return reversal;
  read_query(table, "reversal.request", reversal.request, problems);
  read(table, "reversal.done", reversal.done);
  if (reversal.done.empty())
    problems.error(table.place_of("reversal.done"), "'reversal.done' names at least one status");
  return reversal;
}

void read_duplicates(const Node& table, UpstreamConfig& upstream, Problems& problems) {
  std::string kind;
  read(table, "duplicates.kind", kind);
  upstream.duplicates = parse_duplicates(kind);
  read(table, "duplicates.window", upstream.duplicates_window);
  const bool remembers = upstream.duplicates == Duplicates::keyed || upstream.duplicates == Duplicates::folded;
  if (remembers && table.find("duplicates.window") == nullptr) {
    problems.error(table.place_of("duplicates"),
                   "'duplicates' needs a window, such as \"24h\" or \"forever\": after it, the same order would be "
                   "done again");
  }
}

void check_targets(const Node& table, const UpstreamConfig& upstream, Problems& problems) {
  const Node* targets = table.find("targets");
  if (targets == nullptr || targets->type != Node::Type::list) return;
  if (upstream.targets.empty()) problems.error(targets->value_place, "'targets' names at least one URL");
  for (const Node& target : targets->items) {
    const auto checked = check_target(target.text);
    if (target.type == Node::Type::text && !checked) {
      problems.error(target.value_place, "'targets': " + checked.error().what);
    }
  }
}

/// The vendor publishes URLs that end in the path of one of its services; requests bring it, and pings and searches
/// have others.
void drop_gate(std::string& target) {
  constexpr std::string_view path = "/gate";
  if (target.ends_with(path) && !target.ends_with("//gate")) target.resize(target.size() - path.size());
}

/// One host's pinned addresses.
void read_pinned(const Node& host, UpstreamConfig& upstream, Problems& problems) {
  std::vector<std::string> known;
  for (const std::string& target : upstream.targets) known.push_back(target_host(target));
  if (std::ranges::find(known, lower(host.key)) == known.end()) {
    const auto meant = nearest(lower(host.key), known);
    problems.error(host.key_place, fmt::format("'addresses': no target has the host '{}'{}", host.key,
                                               meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
  }
  if (host.type != Node::Type::list) return;
  std::vector<std::string>& addresses = upstream.addresses[lower(host.key)];
  if (host.items.empty()) problems.error(host.value_place, "'addresses' names at least one address for each host");
  for (const Node& address : host.items) {
    const auto checked = check_address(address.text);
    if (address.type == Node::Type::text && !checked) {
      problems.error(address.value_place, "'addresses': " + checked.error().what);
    }
    addresses.push_back(address.text);
  }
}

void read_tls(const Node& table, const Folder& folder, TlsConfig& tls, Problems& problems) {
  tls.ca_file = read_pem_path(table, "tls.ca_file", folder, problems);
  tls.certificate = read_pem_path(table, "tls.certificate", folder, problems);
  tls.key = read_pem_path(table, "tls.key", folder, problems);
  if (tls.certificate.empty() == tls.key.empty()) return;
  problems.error(table.place_of("tls"), "'tls.certificate' and 'tls.key' go together: name both files, or neither");
}

}  // namespace

UpstreamConfig read_upstream(const Node& table, const Folder& folder, Problems& problems) {
  UpstreamConfig upstream;
  upstream.name = table.key;
  read(table, "targets", upstream.targets);
  check_targets(table, upstream, problems);
  read(table, "dialect", upstream.dialect);
  if (upstream.dialect == "usaepay") std::ranges::for_each(upstream.targets, drop_gate);
  if (const Node* hosts = table.find("addresses"); hosts != nullptr && hosts->type == Node::Type::table) {
    for (const Node& host : hosts->items) read_pinned(host, upstream, problems);
  }
  read_tls(table, folder, upstream.tls, problems);
  read_duplicates(table, upstream, problems);
  if (table.find("finder") != nullptr) upstream.finder = read_finder(table, problems);
  if (table.find("reversal") != nullptr) upstream.reversal = read_reversal(table, problems);
  read_gateway(table, folder, upstream, problems);
  std::string balance;
  read(table, "balance", balance);
  upstream.balance = parse_balance(balance).value_or(upstream.balance);
  read_timeouts(table, upstream.timeouts);
  read(table, "forget_errors_after", upstream.forget_errors_after);
  read_breaker(table, upstream.breaker);
  read_breaker_key(table, upstream.breaker, problems);
  read_health(table, upstream.health, problems);
  read(table, "concurrency", upstream.concurrency);
  return upstream;
}

}  // namespace standin
