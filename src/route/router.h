#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "net/body.h"
#include "route/plain_route.h"
#include "route/protected_route.h"

namespace standin {

/// What every event loop's Router has in common: the configuration, and what was built from it once.
struct Site {
  Config config;
  std::map<std::string, std::shared_ptr<const Dialect>> dialects;        ///< by stand-in name
  std::map<std::string, std::shared_ptr<const Dialect>> party_dialects;  ///< by upstream name; of gateways alone
  std::map<std::string, std::string> outage_pages;                       ///< by file name

  /// Builds the dialects and reads the pages; an error says what is wrong with the configuration.
  static Result<std::shared_ptr<const Site>> make(Config config, const Vault& vault);
  /// What this party of a protected route understands: the first one what the route's clients speak.
  std::shared_ptr<const Dialect> dialect_of(const RouteConfig& route, const std::string& upstream) const;
};

/// The front door on one event loop: names each request and hands it to its route. A reload makes a new Router;
/// requests under way finish in the old one.
class Router : public std::enable_shared_from_this<Router> {
 public:
  Router(std::shared_ptr<const Site> site, const std::map<std::string, std::shared_ptr<Party>>& parties,
         SharedPorts shared, LoopPorts loop);

  Task<Reply> handle(Request request, std::shared_ptr<const Client> client);

 private:
  std::string request_id(const Request& request, const Client& client) const;
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
