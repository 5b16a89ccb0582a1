#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "journal/journal.h"
#include "replay/as_sent.h"
#include "replay/finding.h"
#include "replay/next_step.h"
#include "replay/turnstile.h"
#include "telemetry/metrics.h"
#include "vault/vault.h"

namespace standin {

/// How work on one order went, for the pace and the counts of its route.
struct Worked {
  enum class Kind { idle, settled, matched, refused, held, failed, undone, asked } kind = Kind::idle;
  bool pause = false;  ///< the answer would be the same for every order: pause the route
  std::string why;
  std::optional<Duration> rest;  ///< not to be looked at before: what it waits for takes time
};

/// What an order's next step costs, and so how many may go on at once.
enum class Lane {
  delivering,  ///< sends the order: paced, and only when it was started
  undoing,     ///< asks or tells the party about one order that nobody waits for
  looking,     ///< waits for a listing that one search reads for thousands
};

/// Does one step for one order, under a lease: the only place besides late listening where an accepted order's life
/// moves on.
class OrderWork {
 public:
  /// Orders of a listing search that are recorded at once: as many as commit together well, and few enough to leave the
  /// journal's queue to live traffic.
  static constexpr std::size_t recorded_at_once = 1024;

  struct Ports {
    Journal& journal;
    const Vault& vault;
    Metrics& metrics;
    Clock& clock;
    Random& random;
    std::string owner;  ///< this process, in leases and transitions
    std::shared_ptr<Turnstile> recording = std::make_shared<Turnstile>(recorded_at_once);
  };
  using Route = ReplayRoute;

  OrderWork(Ports ports, Route route) : ports_(std::move(ports)), route_(std::move(route)) {}

  Lane lane_of(const OrderRow& order) const;
  /// The order's party would be sent it now, as far as breakers and operators go.
  bool is_let_through(const OrderRow& order) const;
  /// Some orders of the route are looked for in listings.
  bool searches_listings() const;
  /// Returns when the step is durable. `order` is as read from the journal; whether it still is so the lease decides.
  /// Only `delivering` sends an order.
  Task<Worked> work(OrderRow order, Lane lane);

  const Route& route() const { return route_; }

 private:
  /// An order with all that decides about it.
  struct Matter {
    OrderRow order;
    std::vector<Attempt> attempts;
    std::optional<OrderRow> charge;  ///< that it is behind
    bool earlier_waits = false;      ///< an older one behind the same charge is not done yet
    Result<Request> kept = failure("not read");
    bool repeat_is_recognised = true;
    Operation operation = Operation::charge;
  };

  /// Nothing where somebody else moved it on meanwhile.
  Result<std::optional<Matter>> gather(OrderRow order) const;
  OrderKnown known(const Matter& matter) const;
  const Counterparty& party_of(const Matter& matter) const { return *route_.party_of(matter.order); }

  Task<Worked> replay(Matter matter);
  Task<Worked> conclude(OrderRow order);
  Task<Worked> withdraw(Matter matter);
  Task<Worked> ask_person(OrderRow order, std::string why);

  // order_lookup.cc
  Task<Worked> find(Matter matter);
  Task<Worked> find_by_request(Matter matter);
  Task<Worked> find_in_listing(Matter matter);
  Task<Worked> record_sighting(Matter matter, Finding finding);
  Task<Worked> record_finding(Matter matter, Lease lease, Finding finding);
  bool has_moved_on(const OrderRow& order) const;
  Task<Worked> put_off(OrderRow order, std::string why);
  Task<Worked> reverse(Matter matter);
  Result<Quest> quest(const Matter& matter) const;
  Result<Finding> look_over(const Matter& matter, const Sought& sought, const Listed& wanted);
  OrderNames names(const OrderRow& order) const;

  /// What thousands do at once is recorded in turn.
  Task<Worked> in_turn(Task<Worked> recording);
  Task<std::optional<Lease>> take(const OrderRow& order, std::string kind);
  Task<Forwarded> send(const Matter& matter, Instant begun, Request request, Judge judge, bool may_repeat);
  Task<Worked> record(OrderRow order, Change change, Worked worked);
  Result<Request> outgoing(const Matter& matter) const;
  Result<Request> read_kept(const Ulid& id) const;
  std::string replay_mark(const OrderRow& order) const;
  Duration answer_time(const OrderRow& order) const;
  WallTime later(const Matter& matter) const;
  WallTime later(const Matter& matter, const Forwarded& forwarded) const;
  WallTime now() const { return ports_.clock.wall(); }

  Ports ports_;
  Route route_;
};

}  // namespace standin
