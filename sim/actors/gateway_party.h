#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/task.h"
#include "rehearsal/gateway/gateway_model.h"
#include "sim/actors/party.h"
#include "sim/net/sim_net.h"
#include "sim/sabotage.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace standin::sim {

/// A payment gateway: several hosts, its locations, and one ledger, which survives everything. The rehearsal's model
/// decides what happens; here it waits in the world's time, on a loop of its own. World, net and trace outlive it; it
/// is called from the loops of others, never from its own.
class GatewayParty {
 public:
  /// `name` is what the checkers call it. Location n of the model is `hosts[n]`. It listens at once.
  GatewayParty(World& world, SimNet& net, Trace& trace, std::string name, const std::vector<std::string>& hosts,
               rehearsal::GatewaySettings settings, std::uint64_t seed);
  ~GatewayParty();
  GatewayParty(const GatewayParty&) = delete;
  GatewayParty& operator=(const GatewayParty&) = delete;

  /// In place of those before. A location that refuses is closed: what it was asked goes on, and nobody hears of it.
  void set_faults(std::vector<rehearsal::GatewayFault> faults);
  /// All of its front ends restart at once: clients are cut off; what has not reached the ledger never will.
  void cut_in_flight();
  /// What was captured is settled from here on: it can be refunded, and no longer voided.
  void close_batch();

  /// Every charge that was asked for and decided, oldest first; `at_ms` is when it was. The reference is what its
  /// clients were told: of the intent, if it belongs to one.
  std::vector<ChargeMade> charges() const;
  std::vector<LedgerEntry> ledger() const;
  /// Of charges, and of refunds and captures that are replays, as they arrived.
  std::vector<Delivery> deliveries() const { return deliveries_.all(); }
  /// The purchases of which a request arrived again, because something in between had sent it twice.
  const std::set<std::string>& repeated() const { return repeated_; }

  /// Called for each fault that struck a request, and for each condition that a location was put into.
  std::function<void(Sabotage)> on_fault;

 private:
  struct Location;

  /// Who made a row, and when.
  struct Maker {
    std::int64_t at_ms = 0;
    std::shared_ptr<const Connection> by;
  };

  Task<> handle(const Location& location, std::shared_ptr<ServedCall> call);
  rehearsal::GatewayExchange take(const Location& location, const ServedCall& call);
  std::optional<std::size_t> note_delivery(const rehearsal::GatewayExchange& exchange, const ServedCall& call);
  void commit(const std::vector<rehearsal::GatewayWrite>& writes, const std::shared_ptr<const Connection>& by);
  void give(const Location& location, std::uint64_t number, const std::shared_ptr<ServedCall>& call,
            rehearsal::GatewayAnswer answer);
  void open_doors();
  void struck(const rehearsal::GatewayFault& fault) const;

  World& world_;
  SimNet& net_;
  Trace& trace_;
  std::string name_;
  rehearsal::GatewayModel model_;
  std::vector<std::unique_ptr<Location>> locations_;
  DeliveryLog deliveries_;
  std::set<std::string> repeated_;
  std::vector<Maker> makers_;                      ///< of the model's payments, in their order
  std::vector<std::shared_ptr<ServedCall>> hung_;  ///< never answered, and not closed either
  std::uint64_t arrived_ = 0;
  std::uint64_t restarts_ = 0;
  std::unique_ptr<Loop> loop_;  ///< the last: what is under way on it refers to the rest
};

}  // namespace standin::sim
