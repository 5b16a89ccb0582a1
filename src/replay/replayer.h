#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "replay/order_work.h"
#include "replay/pace.h"
#include "replay/replay_control.h"

namespace standin {

/// Keeps the promises of every route: undoes what must not stand and looks for what was being charged at all times, and
/// delivers what was accepted when a person (or the configuration) says so. Runs on one event loop; ReplayControl may
/// be called from any thread.
class Replayer : public ReplayControl, public std::enable_shared_from_this<Replayer> {
 public:
  Replayer(OrderWork::Ports ports, Executor executor) : ports_(std::move(ports)), executor_(std::move(executor)) {}

  /// Takes the routes of a configuration; running and paused states stay over a reload. Starts their loops on first
  /// sight.
  void configure(std::vector<OrderWork::Route> routes);
  /// Starts nothing more; what is in flight ends by itself.
  void shut_down();
  bool idle() const;

  Result<void> start(const ReplayOrder& what) override;
  Result<void> pause(const std::string& route, const std::string& who) override;
  Result<void> resume(const std::string& route) override;
  Result<void> stop(const std::string& route) override;
  std::vector<ReplayStatus> status() const override;

 private:
  struct RouteState {
    std::shared_ptr<OrderWork> work;
    bool configured = true;  ///< in the configuration in force; if not, nothing of it is open or shown
    Pace pace{1};
    ReplayStatus status;
    std::set<Ulid> wanted;                      ///< single orders that a person asked for
    std::set<Ulid> to_release;                  ///< of these, the ones whose wait has not been ended yet
    std::map<std::string, unsigned> customers;  ///< with orders in flight: oldest first for each
    std::set<Ulid> in_flight;
    std::map<Lane, std::size_t> busy;  ///< of those in flight
    std::map<Ulid, Instant> resting;   ///< not to be looked at before
  };
  using Tend = Task<> (Replayer::*)(std::string route);

  Task<> run(std::shared_ptr<Replayer> self, std::string route, Tend tend);
  Task<> tend_deliveries(std::string route);
  Task<bool> deliver_due(std::string route);
  Task<> tend_undoing(std::string route);
  Task<> tend_looking(std::string route);
  bool begin(const std::string& route, const OrderRow& order, Lane lane);
  void go_on(const std::string& route, OrderRow order, Lane lane);
  void end_if_done(const std::string& route);
  bool has_orders(const std::string& route) const;
  Task<> release_wanted(std::string route);
  Task<> work_one(std::shared_ptr<Replayer> self, std::string route, OrderRow order, Lane lane);
  std::vector<OrderRow> due(const std::string& route, std::initializer_list<State> states, std::size_t limit);
  std::vector<OrderRow> due_for_delivery(const std::string& route);
  std::vector<OrderRow> of_lane(const std::string& route, Lane lane, std::vector<OrderRow> orders) const;
  bool delivers(const std::string& route) const;
  bool may_start(const RouteState& state, const OrderRow& order, Lane lane) const;
  void leave(RouteState& state, const OrderRow& order, Lane lane, const Worked& worked);
  void count(RouteState& state, const Worked& worked, Lane lane);
  void take_searches(ReplayRoute& route);
  template <class Change>
  Result<void> change(const std::string& route, Change apply);

  OrderWork::Ports ports_;
  Executor executor_;
  mutable std::mutex mutex_;
  std::map<std::string, RouteState> routes_;
  std::map<std::string, std::shared_ptr<ListingSearch>> searches_;  ///< by upstream; their budgets outlive a reload
  bool shutting_down_ = false;
};

}  // namespace standin
