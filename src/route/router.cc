#include "route/router.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <tuple>

#include "config/route_match.h"
#include "net/net_limits.h"
#include "route/problem.h"
#include "route/redirect.h"
#include "route/whole_request.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// A client whose connection ends at a proxy that we trust.
class ProxiedClient final : public Client {
 public:
  ProxiedClient(std::shared_ptr<const Client> proxy, const Origin& origin)
      : proxy_(std::move(proxy)), address_(origin.client()), secure_(origin.proto == "https") {}
  bool gone() const override { return proxy_->gone(); }
  std::string address() const override { return address_; }
  bool secure() const override { return secure_; }
  std::optional<Instant> begun() const override { return proxy_->begun(); }
  void interim(const Response& response) const override { proxy_->interim(response); }

 private:
  const std::shared_ptr<const Client> proxy_;
  const std::string address_;
  const bool secure_;
};

/// A correlation id that another of our hops set: printable and short, so that it can stand in logs.
bool fit_for_logs(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

/// The cache that the route had before, if what it holds may be given out still.
std::shared_ptr<Cache> cache_of(const RouteConfig& route, const Site* before) {
  if (before == nullptr) return nullptr;
  const auto cache = before->caches.find(route.name);
  const auto same = std::ranges::find(before->config.routes, route.name, &RouteConfig::name);
  if (cache == before->caches.end() || same == before->config.routes.end()) return nullptr;
  const auto what = [](const RouteConfig& one) {
    return std::tie(one.cache, one.upstream, one.host, one.method, one.path);
  };
  return what(route) == what(*same) ? cache->second : nullptr;
}

/// One of those that are counted, as long as it lives.
class CountedVisit {
 public:
  explicit CountedVisit(std::atomic<std::size_t>* count) : count_(count) {
    if (count_) ++*count_;
  }
  CountedVisit(CountedVisit&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  CountedVisit& operator=(CountedVisit&&) = delete;
  ~CountedVisit() {
    if (count_) --*count_;
  }

 private:
  std::atomic<std::size_t>* count_;
};

/// The journal is told of an answer that did not arrive, and so is needed until then.
Reply counted_until_told(Reply reply, CountedVisit visit) {
  if (!reply.undelivered) return reply;
  reply.undelivered = [tell = std::move(reply.undelivered), visit = std::move(visit)]() mutable { tell(); };
  return reply;
}

/// RFC 9110, 9.2.1.
bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

}  // namespace

Result<std::shared_ptr<const Site>> Site::make(Config config, const Vault& vault, const Site* before) {
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
    if (route.cache) {
      auto kept = cache_of(route, before);
      site->caches[route.name] = kept ? std::move(kept) : std::make_shared<Cache>(route.cache->bytes_max);
    }
    if (route.outage_page.empty()) continue;
    std::ifstream file(route.outage_page, std::ios::binary);
    if (!file) return failure("cannot read the outage page of route " + route.name, route.outage_page);
    site->outage_pages[route.outage_page] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  site->trusted_proxies = AddressBlocks(config.server.trusted_proxies);
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

namespace {

/// A protected route sends it orders that are stood in for.
bool is_covered(const Config& config, const std::string& upstream) {
  return std::ranges::any_of(config.routes, [&](const RouteConfig& route) {
    const auto all = route.all_upstreams();
    return route.is_protected() && std::ranges::find(all, upstream) != all.end();
  });
}

}  // namespace

Router::Router(std::shared_ptr<const Site> site, const std::map<std::string, std::shared_ptr<Party>>& parties,
               SharedPorts shared, LoopPorts loop)
    : site_(std::move(site)), shared_(shared), loop_(loop) {
  const Config& config = site_->config;
  for (const RouteConfig& route : config.routes) {
    if (!route.is_protected()) {
      plain_routes_[route.name] = std::make_shared<PlainRoute>(
          PlainRoute::Setup{route, route.outage_page.empty() ? "" : site_->outage_pages.at(route.outage_page),
                            route.redirect.empty() ? parties.at(route.upstream) : nullptr,
                            route.cache ? site_->caches.at(route.name) : nullptr,
                            is_covered(config, route.upstream) ? Purpose::plain : Purpose::alone},
          shared.metrics, loop.clock, loop.executor);
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

namespace {

Task<Reply> at_once(Reply reply) { co_return std::move(reply); }

}  // namespace

Task<Reply> Router::handle(Request&& request, std::shared_ptr<const Client> client) {
  if (!site_->caches.empty() && !is_safe(request.method)) return change(std::move(request), std::move(client));
  return pass(std::move(request), std::move(client));
}

/// What changed something makes what is kept of the same target untrue, whichever route it went by (RFC 9111, 4.4).
Task<Reply> Router::change(Request request, std::shared_ptr<const Client> client) {
  const auto self = shared_from_this();
  Request get{.method = "GET", .target = request.target, .headers = request.headers};
  const Origin origin = origin_of(get.headers, {client->address(), client->secure()}, site_->trusted_proxies);
  const RouteConfig* route = match_route(site_->config, host_of(get), get.method, get.path(), origin.proto == "https");
  if (!route || !route->cache) co_return co_await pass(std::move(request), std::move(client));
  tell_origin(get, *route, origin);
  Reply reply = co_await pass(std::move(request), std::move(client));
  if (reply.response.status < 400) site_->caches.at(route->name)->forget(cache_key(get));
  co_return reply;
}

/// No coroutine itself: each within another costs every request.
Task<Reply> Router::pass(Request&& request, std::shared_ptr<const Client> client) {
  const Origin origin = origin_of(request.headers, {client->address(), client->secure()}, site_->trusted_proxies);
  if (origin.malformed) shared_.metrics.origin_ignored();
  if (origin.peer_trusted) client = std::make_shared<ProxiedClient>(client, origin);
  std::string id = request_id(request, origin.peer_trusted);
  request.headers.remove_prefix("Standin-");
  request.headers.remove_prefix("Standin_");  // to many applications (CGI, WSGI) the same name
  const RouteConfig* route =
      match_route(site_->config, host_of(request), request.method, request.path(), origin.proto == "https");
  if (!route) return at_once(no_route());
  if (route->redirect.empty()) {
    if (times_passed_on(request.headers) >= limits::times_passed_on) return at_once(going_round(*route));
    tell_origin(request, *route, origin);
    if (route->is_protected()) return protect(std::move(request), *route, std::move(client), std::move(id));
  }
  tell_received(*route, *client);
  return plain_routes_.at(route->name)->handle(std::move(request), std::move(client), std::move(id));
}

Task<Reply> Router::protect(Request request, const RouteConfig& route, std::shared_ptr<const Client> client,
                            std::string request_id) {
  const auto self = shared_from_this();  // a reload must not end us before the answer
  if (!std::exchange(request.upgrade, {}).empty()) request.rest.reset();
  if (request.rest || request.body.size() > site_->config.server.body_bytes_max) {
    auto refusal = co_await hold(request, route, *client, request_id);
    if (refusal) co_return std::move(*refusal);
  }
  tell_received(route, *client);
  CountedVisit visit(shared_.visits);
  Reply reply =
      co_await protected_routes_.at(route.name)->handle(std::move(request), std::move(client), std::move(request_id));
  co_return counted_until_told(std::move(reply), std::move(visit));
}

void Router::tell_received(const RouteConfig& route, const Client& client) const {
  if (const auto begun = client.begun()) shared_.metrics.received(route.name, loop_.clock.now() - *begun);
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

Reply Router::no_route() const {
  Response answer = problem(404, "No route", "No route of this proxy matches the request.");
  shared_.metrics.answered("none", Answered::rejected, answer.status, Duration(0));
  return Reply{.response = std::move(answer)};
}

/// A request that comes back to us would do so until connections run out.
Reply Router::going_round(const RouteConfig& route) const {
  Response answer = problem(508, "Loop detected", "The request has passed this proxy too often: it goes in a circle.");
  shared_.metrics.answered(route.name, Answered::rejected, answer.status, Duration(0));
  return Reply{.response = std::move(answer)};
}

/// An application is told who asks, and what a client says of that itself never reaches it. A gateway is told nothing
/// that its merchants would not tell it themselves. Before the tour, so that an order that is kept is replayed with the
/// client's address.
void Router::tell_origin(Request& request, const RouteConfig& route, const Origin& origin) const {
  const bool gateway = site_->config.upstreams.at(route.upstream).dialect != "json";
  remove_forwarded(request.headers, origin.peer_trusted && !gateway);
  if (!gateway) add_forwarded(request.headers, origin);
  add_via(request.headers);
}

std::string Router::request_id(const Request& request, bool peer_trusted) const {
  const auto given = request.headers.find("X-Request-Id");
  if (given && peer_trusted && fit_for_logs(*given)) return std::string(*given);
  return shared_.ulids.make(loop_.clock.wall()).text();
}

}  // namespace standin
