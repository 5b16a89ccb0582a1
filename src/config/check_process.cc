#include <fmt/format.h>

#include <algorithm>

#include "config/check.h"
#include "config/forms.h"
#include "config/units.h"

namespace standin {
namespace {

void check_listeners(const Config& config, const Node& root, Problems& problems) {
  std::vector<std::string> seen;
  for (const ListenConfig& listener : config.server.listen) {
    if (std::ranges::find(seen, listener.address) != seen.end()) {
      problems.error(root.place_of("server.listen"), fmt::format("'server.listen' names '{}' twice", listener.address));
    }
    seen.push_back(listener.address);
  }
  const std::string& console = config.console.listen;
  const Place place = root.place_of("console.listen");
  if (!console.ends_with(":0") && std::ranges::find(seen, console) != seen.end()) {
    problems.error(place, fmt::format("'console.listen' is '{}', which the edge listens on already", console));
  }
  if (!console.empty() && !is_loopback(console)) {
    problems.warn(
        place,
        fmt::format("'console.listen' is '{}': metrics and health are readable by whoever can reach it", console));
  }
}

/// Without a proxy that is trusted, such a listener would take nobody's connection.
void check_proxies(const ServerConfig& server, const Node& root, Problems& problems) {
  for (const ListenConfig& listener : server.listen) {
    if (!listener.proxy_protocol || !server.trusted_proxies.empty()) continue;
    problems.error(root.place_of("server.listen"),
                   fmt::format("'proxy_protocol' of '{}' needs 'server.trusted_proxies': nobody else may connect there",
                               listener.address));
  }
}

void check_drain(const Config& config, const Node& root, Problems& problems) {
  for (const auto& [name, upstream] : config.upstreams) {
    if (config.server.drain >= upstream.timeouts.listen_late) continue;
    problems.warn(root.place_of("server.drain"),
                  fmt::format("'server.drain' of {} is shorter than the {} that upstream '{}' may answer late in: a "
                              "graceful stop leaves such orders to the finder",
                              duration_text(config.server.drain), duration_text(upstream.timeouts.listen_late), name));
  }
}

void check_dns(const DnsConfig& dns, const Node& root, Problems& problems) {
  if (dns.ttl_min <= dns.ttl_max) return;
  problems.error(root.place_of(root.find("dns.ttl_min") != nullptr ? "dns.ttl_min" : "dns.ttl_max"),
                 fmt::format("'dns.ttl_min' of {} is longer than the {} of dns.ttl_max", duration_text(dns.ttl_min),
                             duration_text(dns.ttl_max)));
}

}  // namespace

void check_process(const Config& config, const Node& root, Problems& problems) {
  check_listeners(config, root, problems);
  check_proxies(config.server, root, problems);
  check_drain(config, root, problems);
  check_dns(config.dns, root, problems);
  if (config.routes.empty())
    problems.error(root.place_of("route"), "there is no [[route]]: nothing would be forwarded");
}

}  // namespace standin
