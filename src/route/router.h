#pragma once

#include <map>
#include <memory>
#include <string>

#include "cache/cache.h"
#include "config/config.h"
#include "net/address.h"
#include "net/body.h"
#include "net/forwarded.h"
#include "route/plain_route.h"
#include "route/protected_route.h"

namespace standin {

/// What every event loop's Router has in common: the configuration, and what was built from it once.
struct Site {
  Config config;
  std::map<std::string, std::shared_ptr<const Dialect>> dialects;        ///< by stand-in name
  std::map<std::string, std::shared_ptr<const Dialect>> party_dialects;  ///< by upstream name; of gateways alone
  std::map<std::string, std::string> outage_pages;                       ///< by file name
  AddressBlocks trusted_proxies;
  std::map<std::string, std::shared_ptr<Cache>> caches;  ///< by route

  /// Builds the dialects and reads the pages; an error says what is wrong with the configuration. After a reload, what
  /// the caches of `before` hold stays where neither the route's cache nor what it matches was changed.
  static Result<std::shared_ptr<const Site>> make(Config config, const Vault& vault, const Site* before = nullptr);
  /// What this party of a protected route understands: the first one what the route's clients speak.
  std::shared_ptr<const Dialect> dialect_of(const RouteConfig& route, const std::string& upstream) const;
};

/// The front door on one event loop: names each request and hands it to its route. A reload makes a new Router;
/// requests under way finish in the old one.
class Router : public std::enable_shared_from_this<Router> {
 public:
  Router(std::shared_ptr<const Site> site, const std::map<std::string, std::shared_ptr<Party>>& parties,
         SharedPorts shared, LoopPorts loop);

  /// The caller keeps the Router until what this returns is awaited; that keeps what it needs.
  Task<Reply> handle(Request&& request, std::shared_ptr<const Client> client);

 private:
  Task<Reply> pass(Request&& request, std::shared_ptr<const Client> client);
  Task<Reply> protect(Request request, const RouteConfig& route, std::shared_ptr<const Client> client,
                      std::string request_id);
  Task<Reply> change(Request request, std::shared_ptr<const Client> client);
  std::string request_id(const Request& request, bool peer_trusted) const;
  Reply no_route() const;
  Reply going_round(const RouteConfig& route) const;
  void tell_received(const RouteConfig& route, const Client& client) const;
  void tell_origin(Request& request, const RouteConfig& route, const Origin& origin) const;
  Task<std::optional<Reply>> hold(Request& request, const RouteConfig& route, const Client& client,
                                  const std::string& request_id);
  Response not_held(const Request& request, const RouteConfig& route, const FramingRefusal& why,
                    const std::string& request_id) const;

  std::shared_ptr<const Site> site_;
  SharedPorts shared_;
  LoopPorts loop_;
  std::map<std::string, std::shared_ptr<ProtectedRoute>> protected_routes_;
  std::map<std::string, std::shared_ptr<PlainRoute>> plain_routes_;
};

}  // namespace standin
