#include "app/control_loop.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/certificates.h"
#include "app/wiring/wiring.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// More often than metrics are usually read: an alert on a target ends soon after the target was taken out.
constexpr Duration look_at_targets_every = std::chrono::seconds(10);

}  // namespace

ControlLoop::ControlLoop(Journal& journal, const Vault& vault, Metrics& metrics, TargetStates& states,
                         std::shared_ptr<DnsBoard> dns)
    : thread_("standin-control"),
      states_(states),
      clock_(thread_.executor()),
      transport_(thread_.executor(), std::move(dns)),
      replayer_(std::make_shared<Replayer>(
          OrderWork::Ports{journal, vault, metrics, clock_, system_random(), fmt::format("replay:{}", getpid())},
          thread_.executor())) {}

ControlLoop::~ControlLoop() { thread_.stop(); }

void ControlLoop::start() {
  spawn(thread_.executor(), look_after_targets());
  thread_.start();
}

Task<> ControlLoop::look_after_targets() {
  TargetCertificates certificates;
  for (;;) {
    co_await clock_.sleep_for(look_at_targets_every);
    states_.forget_unused();
    const auto warnings = certificates.warnings(states_.views(clock_.now()), clock_.now(), clock_.wall());
    for (const std::string& warning : warnings) Log::warn("upstream_certificate_expires", warning);
  }
}

Result<void> ControlLoop::use(const std::shared_ptr<const Site>& site) {
  const Config& config = site->config;
  const auto parties = make_parties(config, clock_, system_random(), transport_, states_, thread_.executor());
  auto routes = replay_routes(*site, parties);
  if (!routes) return std::unexpected(routes.error());
  thread_.post_and_wait([&] {
    transport_.configure(config);
    replayer_->configure(std::move(*routes));
    health_ = std::make_unique<HealthMonitor>(config.upstreams, clock_, transport_, states_, thread_.executor());
  });
  return {};
}

void ControlLoop::shut_down() {
  replayer_->shut_down();
  thread_.post_and_wait([this] { health_->stop(); });
}

}  // namespace standin
