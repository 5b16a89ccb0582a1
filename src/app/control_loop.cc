#include "app/control_loop.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/edge_loop.h"

namespace standin {

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

namespace {

Result<ReplayRoute> replay_route(const Site& site, const RouteConfig& route,
                                 const std::map<std::string, std::shared_ptr<Party>>& parties) {
  ReplayRoute kept{route, site.config.stand_ins.at(route.stand_in), site.dialects.at(route.stand_in), {}};
  std::vector<std::string> upstreams{route.upstream};
  upstreams.insert(upstreams.end(), route.more_upstreams.begin(), route.more_upstreams.end());
  for (const std::string& upstream : upstreams) {
    auto queries = make_queries(site.config.upstreams.at(upstream));
    if (!queries) return std::unexpected(queries.error());
    kept.parties[upstream] = {.party = parties.at(upstream),
                              .dialect = site.dialect_of(route, upstream),
                              .queries = std::move(*queries),
                              .search = nullptr};
  }
  return kept;
}

}  // namespace

Result<void> ControlLoop::use(const std::shared_ptr<const Site>& site) {
  const Config& config = site->config;
  const auto parties = make_parties(config, clock_, transport_, states_, thread_.executor());
  std::vector<ReplayRoute> routes;
  for (const RouteConfig& route : config.routes) {
    if (!route.is_protected()) continue;
    auto kept = replay_route(*site, route, parties);
    if (!kept) return std::unexpected(kept.error());
    routes.push_back(std::move(*kept));
  }
  thread_.post_and_wait([&] {
    transport_.configure(config);
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
