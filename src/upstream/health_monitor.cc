#include "upstream/health_monitor.h"

#include <algorithm>

#include "base/text.h"

namespace standin {
namespace {

struct Watch {
  Endpoint endpoint;
  HealthConfig health;
  Duration connect;
  std::shared_ptr<TargetState> target;
  std::shared_ptr<PartyClocks> clocks;
  std::shared_ptr<Event> stopped;
};

/// A location's name is put beside the target as it is: short, and of printable characters alone.
constexpr std::size_t location_bytes_max = 32;

std::string location_in(std::string_view body) {
  const auto colon = body.find(':');
  if (colon == std::string_view::npos) return "";
  const std::string_view location = trim(body.substr(colon + 1, location_bytes_max + 2));
  const bool printable = std::ranges::all_of(location, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  return printable && location.size() <= location_bytes_max ? std::string(location) : "";
}

Health health_in(std::string_view body, const std::string& expect) {
  if (body.starts_with(expect)) return Health::good;
  return body.starts_with("DOWN") ? Health::down : Health::out;
}

Task<Ping> ping(const Watch& watch, Clock& clock, Transport& transport) {
  const Request request{.method = "GET", .target = watch.health.path};
  const Instant end = clock.now() + watch.health.timeout;
  ExchangeFindings findings;
  const ExchangeTimes times{.connect = watch.connect,
                            .write = watch.health.timeout,
                            .send_before = end,
                            .listen_until = end,
                            .findings = &findings};
  const WallTime asked = clock.wall();
  const auto answer = co_await transport.exchange(watch.endpoint, request, times, {}, nullptr);
  Ping ping{.certificate_expires = findings.certificate_expires};
  if (!answer || answer->status != 200) co_return ping;
  ping.health = health_in(answer->body, watch.health.expect);
  const auto lead = lead_of(answer->headers.find("Date").value_or(""), asked, clock.wall());
  if (ping.health == Health::out) co_return ping;
  if (lead) watch.clocks->heard(watch.target->upstream(), watch.target->url(), *lead);
  ping.location = location_in(answer->body);
  co_return ping;
}

Task<> keep_pinging(Watch watch, Clock& clock, Transport& transport) {
  while (!watch.stopped->is_set()) {
    const Instant next = clock.now() + watch.health.every;
    const Ping answer = co_await ping(watch, clock, transport);
    if (watch.stopped->is_set()) co_return;
    watch.target->pinged(answer, clock.now());
    co_await watch.stopped->wait_until(clock, next);
  }
}

}  // namespace

HealthMonitor::HealthMonitor(const std::map<std::string, UpstreamConfig>& upstreams, Clock& clock, Transport& transport,
                             TargetStates& states, const Executor& executor) {
  for (const auto& [name, upstream] : upstreams) {
    if (upstream.health.path.empty()) continue;
    for (const std::string& url : upstream.targets) {
      const auto endpoint = Endpoint::parse(url);
      if (!endpoint) continue;
      const Duration connect = std::min(upstream.timeouts.connect, upstream.health.timeout);
      spawn(executor,
            keep_pinging({*endpoint, upstream.health, connect, states.of(upstream, url), states.clocks(), stopped_},
                         clock, transport));
    }
  }
}

HealthMonitor::~HealthMonitor() { stop(); }

void HealthMonitor::stop() { stopped_->set(); }

}  // namespace standin
