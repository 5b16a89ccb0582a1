#include "upstream/health_monitor.h"

#include <algorithm>

namespace standin {
namespace {

struct Watch {
  Endpoint endpoint;
  HealthConfig health;
  Duration connect;
  std::shared_ptr<TargetState> target;
  std::shared_ptr<Event> stopped;
};

bool is_good(const Result<Response>& answer, const std::string& expect) {
  return answer && answer->status == 200 && answer->body.starts_with(expect);
}

Task<bool> ping(const Watch& watch, Clock& clock, Transport& transport) {
  const Request request{.method = "GET", .target = watch.health.path};
  const Instant end = clock.now() + watch.health.timeout;
  const ExchangeTimes times{
      .connect = watch.connect, .write = watch.health.timeout, .send_before = end, .listen_until = end};
  const auto answer = co_await transport.exchange(watch.endpoint, request, times, {});
  co_return is_good(answer, watch.health.expect);
}

Task<> keep_pinging(Watch watch, Clock& clock, Transport& transport) {
  while (!watch.stopped->is_set()) {
    const Instant next = clock.now() + watch.health.every;
    const bool good = co_await ping(watch, clock, transport);
    if (watch.stopped->is_set()) co_return;
    watch.target->pinged(good, clock.now());
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
            keep_pinging({*endpoint, upstream.health, connect, states.of(upstream, url), stopped_}, clock, transport));
    }
  }
}

HealthMonitor::~HealthMonitor() { stop(); }

void HealthMonitor::stop() { stopped_->set(); }

}  // namespace standin
