#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "dialect/dialect.h"
#include "journal/journal.h"
#include "telemetry/metrics.h"
#include "upstream/party.h"
#include "vault/vault.h"

namespace standin {

/// How work on one order went, for the pace and the counts of its route.
struct Worked {
  enum class Kind { idle, settled, matched, refused, held, failed, undone, asked } kind = Kind::idle;
  bool pause = false;  ///< the answer would be the same for every order: pause the route
  std::string why;
};

/// Does one step for one order, under a lease: the only place besides late listening where an accepted order's life
/// moves on.
class OrderWork {
 public:
  struct Ports {
    Journal& journal;
    const Vault& vault;
    Metrics& metrics;
    Clock& clock;
    Random& random;
    std::string owner;  ///< this process, in leases and transitions
  };

  /// What the configuration in force says of the order's route.
  struct Route {
    RouteConfig route;
    StandInConfig stand_in;
    std::shared_ptr<const Dialect> dialect;
    std::shared_ptr<Party> party;
    PartyQueries queries;
  };

  OrderWork(Ports ports, Route route) : ports_(std::move(ports)), route_(std::move(route)) {}

  /// Returns when the step is durable. `order` is as read from the journal; whether it still is so the lease decides.
  Task<Worked> work(OrderRow order);

  const Route& route() const { return route_; }

 private:
  Task<Worked> replay(OrderRow order, std::size_t tries);
  Task<Worked> find(OrderRow order, std::vector<Attempt> attempts);
  Task<Worked> reverse(OrderRow order, std::size_t tries);
  Task<Worked> conclude(OrderRow order);
  Task<Worked> ask_person(OrderRow order, std::string why);

  Task<std::optional<Lease>> take(const OrderRow& order, std::string kind);
  Task<Forwarded> send(Request request, Judge judge);
  Task<Worked> record(OrderRow order, Change change, Worked worked);
  Result<Request> original(const OrderRow& order) const;
  std::string replay_mark(const OrderRow& order) const;
  Duration answer_time() const;
  WallTime later(std::size_t tries) const;

  Ports ports_;
  Route route_;
};

}  // namespace standin
