#include "app/wiring/wiring.h"

#include <utility>

namespace standin {
namespace {

Result<ReplayRoute> replay_route(const Site& site, const RouteConfig& route, const Parties& parties) {
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

Parties make_parties(const Config& config, Clock& clock, Random& random, Transport& transport, TargetStates& states,
                     const Executor& executor) {
  Parties parties;
  for (const auto& [upstream_name, upstream] : config.upstreams) {
    parties[upstream_name] = std::make_shared<Party>(upstream, clock, random, transport, states, executor);
  }
  return parties;
}

Result<std::vector<ReplayRoute>> replay_routes(const Site& site, const Parties& parties) {
  std::vector<ReplayRoute> routes;
  for (const RouteConfig& route : site.config.routes) {
    if (!route.is_protected()) continue;
    auto kept = replay_route(site, route, parties);
    if (!kept) return std::unexpected(kept.error());
    routes.push_back(std::move(*kept));
  }
  return routes;
}

}  // namespace standin
