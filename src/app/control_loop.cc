#include "app/control_loop.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/edge_loop.h"

namespace standin {

ControlLoop::ControlLoop(Journal& journal, const Vault& vault, Metrics& metrics, TargetStates& states)
    : thread_("standin-control"),
      states_(states),
      clock_(thread_.executor()),
      transport_(thread_.executor()),
      replayer_(std::make_shared<Replayer>(
          OrderWork::Ports{journal, vault, metrics, clock_, system_random(), fmt::format("replay:{}", getpid())},
          thread_.executor())) {}

ControlLoop::~ControlLoop() { thread_.stop(); }

Result<void> ControlLoop::use(const std::shared_ptr<const Site>& site) {
  const Config& config = site->config;
  const auto parties = make_parties(config, clock_, transport_, states_, thread_.executor());
  std::vector<OrderWork::Route> routes;
  for (const RouteConfig& route : config.routes) {
    if (!route.is_protected()) continue;
    auto queries = PartyQueries::make(config.upstreams.at(route.upstream));
    if (!queries) return std::unexpected(queries.error());
    routes.push_back({route, config.stand_ins.at(route.stand_in), site->dialects.at(route.stand_in),
                      parties.at(route.upstream), std::move(*queries)});
  }
  thread_.post_and_wait([&] {
    replayer_->configure(std::move(routes));
    health_ = std::make_unique<HealthMonitor>(config.upstreams, clock_, transport_, states_, thread_.executor());
  });
  return {};
}

void ControlLoop::shut_down() {
  replayer_->shut_down();
  thread_.post_and_wait([this] { health_->stop(); });
}

}  // namespace standin
