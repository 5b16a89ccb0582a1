#include "route/router.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "config/route_match.h"
#include "net/address.h"
#include "route/problem.h"
#include "route/whole_request.h"
#include "telemetry/log.h"

namespace standin {
namespace {

std::string_view host_of(const Request& request) {
  const std::string_view host = request.headers.find("Host").value_or("");
  const auto colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return has_port ? host.substr(0, colon) : host;
}

/// A correlation id that another of our hops set: printable and short, so that it can stand in logs.
bool fit_for_logs(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

Result<std::shared_ptr<const Site>> Site::make(Config config, const Vault& vault) {
  auto site = std::make_shared<Site>();
  for (const auto& [stand_in_name, stand_in] : config.stand_ins) {
    auto dialect = make_dialect(stand_in, vault);
    if (!dialect) return std::unexpected(dialect.error());
    site->dialects[stand_in_name] = std::move(*dialect);
  }
  for (const auto& [upstream_name, upstream] : config.upstreams) {
    if (upstream.dialect == "json") continue;
    auto dialect = make_party_dialect(upstream, vault);
    if (!dialect) return std::unexpected(dialect.error());
    site->party_dialects[upstream_name] = std::move(*dialect);
  }
  for (const RouteConfig& route : config.routes) {
    if (route.outage_page.empty()) continue;
    std::ifstream file(route.outage_page, std::ios::binary);
    if (!file) return failure("cannot read the outage page of route " + route.name, route.outage_page);
    site->outage_pages[route.outage_page] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  site->config = std::move(config);
  return site;
}

std::shared_ptr<const Dialect> Site::dialect_of(const RouteConfig& route, const std::string& upstream) const {
  if (upstream == route.upstream) return dialects.at(route.stand_in);
  return party_dialects.at(upstream);
}

namespace {

std::vector<ProtectedRoute::PartyLink> links(const Site& site, const RouteConfig& route,
                                             const std::map<std::string, std::shared_ptr<Party>>& parties) {
  std::vector<std::string> upstreams{route.upstream};
  upstreams.insert(upstreams.end(), route.more_upstreams.begin(), route.more_upstreams.end());
  std::vector<ProtectedRoute::PartyLink> all;
  for (const std::string& upstream : upstreams) {
    const UpstreamConfig& config = site.config.upstreams.at(upstream);
    Credential credential;
    if (!config.credentials.empty()) {
      credential = {SecretText(config.credentials.front().key), SecretText(config.credentials.front().pin)};
    }
    all.push_back({parties.at(upstream), site.dialect_of(route, upstream), std::move(credential)});
  }
  return all;
}

}  // namespace

Router::Router(std::shared_ptr<const Site> site, const std::map<std::string, std::shared_ptr<Party>>& parties,
               SharedPorts shared, LoopPorts loop)
    : site_(std::move(site)), shared_(shared), loop_(loop) {
  const Config& config = site_->config;
  for (const RouteConfig& route : config.routes) {
    const std::shared_ptr<Party>& party = parties.at(route.upstream);
    if (!route.is_protected()) {
      const std::string page = route.outage_page.empty() ? "" : site_->outage_pages.at(route.outage_page);
      plain_routes_[route.name] = std::make_shared<PlainRoute>(route, page, party, shared.metrics, loop.clock);
      continue;
    }
    const StandInConfig& stand_in = config.stand_ins.at(route.stand_in);
    protected_routes_[route.name] = std::make_shared<ProtectedRoute>(
        ProtectedRoute::Setup{route, stand_in, config.policies.at(stand_in.policy), config.version,
                              config.server.in_flight_bytes_max, site_->dialects.at(route.stand_in),
                              links(*site_, route, parties)},
        shared, loop);
  }
}

Task<Reply> Router::handle(Request request, std::shared_ptr<const Client> client) {
  const auto self = shared_from_this();  // a reload must not end us before the answer
  std::string id = request_id(request, *client);
  request.headers.remove_prefix("Standin-");
  request.headers.remove_prefix("Standin_");  // to many applications (CGI, WSGI) the same name
  const RouteConfig* route = match_route(site_->config, host_of(request), request.method, request.path());
  if (!route) {
    Response answer = problem(404, "No route", "No route of this proxy matches the request.");
    shared_.metrics.answered("none", Answered::rejected, answer.status, Duration(0));
    co_return Reply{.response = std::move(answer)};
  }
  if (route->is_protected()) {
    if (!std::exchange(request.upgrade, {}).empty()) request.rest.reset();
    if (request.rest || request.body.size() > site_->config.server.body_bytes_max) {
      auto refusal = co_await hold(request, *route, *client, id);
      if (refusal) co_return std::move(*refusal);
    }
    co_return co_await protected_routes_.at(route->name)->handle(std::move(request), std::move(client), std::move(id));
  }
  co_return co_await plain_routes_.at(route->name)->handle(std::move(request), std::move(client), std::move(id));
}

/// A protected route is given whole requests: what it keeps is what it sent.
Task<std::optional<Reply>> Router::hold(Request& request, const RouteConfig& route, const Client& client,
                                        const std::string& request_id) {
  const Instant arrived = loop_.clock.now();
  const WallTime at = loop_.clock.wall();
  const ServerConfig& server = site_->config.server;
  const auto whole =
      co_await read_whole(request, server.body_bytes_max, {shared_.in_flight_bytes, server.in_flight_bytes_max});
  if (whole) co_return std::nullopt;
  Response answer = not_held(request, route, whole.error(), request_id);
  const Answered how = whole.error().status == 503 ? Answered::unavailable : Answered::rejected;
  const Duration took = loop_.clock.now() - arrived;
  shared_.metrics.answered(route.name, how, answer.status, took);
  const std::string address = client.address();
  Log::access({.at = at,
               .route = route.name,
               .method = request.method,
               .request_id = request_id,
               .answered = name(how),
               .client = address,
               .status = answer.status,
               .took = took});
  co_return Reply{.response = std::move(answer)};
}

/// Nothing was sent and nothing promised. Without room, that is said as the route's clients understand it.
Response Router::not_held(const Request& request, const RouteConfig& route, const FramingRefusal& why,
                          const std::string& request_id) const {
  if (why.status != 503) return problem(why.status, "Request not accepted", why.why);
  const Dialect& dialect = *site_->dialects.at(route.stand_in);
  const Facts none;
  const AnswerContext context{request, none, "", request_id, {}, {}, loop_.clock.wall()};
  auto own = dialect.refuse(Refusal::not_reached, context);
  return own ? std::move(*own) : dialect.unavailable(context);
}

std::string Router::request_id(const Request& request, const Client& client) const {
  const auto given = request.headers.find("X-Request-Id");
  const std::string address = client.address();
  const bool trusted = std::ranges::any_of(site_->config.server.trusted_proxies,
                                           [&](const std::string& block) { return address_within(address, block); });
  if (given && trusted && fit_for_logs(*given)) return std::string(*given);
  return shared_.ulids.make(loop_.clock.wall()).text();
}

}  // namespace standin
