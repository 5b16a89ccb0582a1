#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/ulid.h"
#include "rehearsal/gateway/response_time.h"
#include "rehearsal/shop_api.h"
#include "rehearsal/shop_model.h"
#include "sim/actors/party.h"
#include "sim/net/sim_net.h"
#include "sim/sabotage.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace standin::sim {

/// What the shop has on its disk: every write is there whole, and survives.
class ShopBooks {
 public:
  void write(const rehearsal::Write& write, Instant now);
  const rehearsal::Books& books() const { return books_; }
  std::vector<LedgerEntry> ledger() const;

 private:
  void set_state(const std::string& order_id, rehearsal::OrderState state);

  rehearsal::Books books_;
  std::map<std::string, std::size_t> places_;  ///< of the orders, by id
  std::vector<std::int64_t> charged_ms_;       ///< of the charges, in their order
};

/// The sample shop: the rehearsal's model decides; here each of its steps takes time, and the shop may die between any
/// two. World, net and trace outlive it; it is called from the loops of others, never from its own.
class ShopParty final : public Server {
 public:
  /// It charges its cards itself, and listens at once.
  ShopParty(World& world, SimNet& net, Trace& trace, std::string host, rehearsal::ShopHabits habits);
  ~ShopParty() override;
  ShopParty(const ShopParty&) = delete;
  ShopParty& operator=(const ShopParty&) = delete;

  /// Answers 409, and names no order, while another request of the same key is being placed.
  void say_in_progress(bool says) { says_in_progress_ = says; }
  /// How long each step takes, from here on: before the first, between two, and before the answer.
  void set_step_time(rehearsal::ResponseTime step_time) { step_time_ = std::move(step_time); }
  void set_usual_step_time();
  /// Dies; what the steps so far have written stays. It finishes what they left half done and listens after
  /// `down_for`. Already down: it stays down for that long from now.
  void crash(Duration down_for);
  bool alive() const { return loop_ != nullptr; }

  /// Every charge of a card, oldest first; the reference is its order's id, the purchase its cart.
  std::vector<LedgerEntry> ledger() const;
  /// Of orders, as they arrived.
  std::vector<Delivery> deliveries() const { return deliveries_.all(); }
  /// The purchases of which an order arrived again, because something in between had sent it twice.
  const std::set<std::string>& repeated() const { return repeated_; }

  /// On its own loop.
  void serve(std::shared_ptr<ServedCall> call) override;

  /// Called for each crash, and each time that it takes a second order or a second charge for one key.
  std::function<void(Sabotage)> on_fault;

 private:
  Task<> handle(std::shared_ptr<ServedCall> call);
  Task<> place(std::shared_ptr<ServedCall> call);
  Task<> change(std::shared_ptr<ServedCall> call);
  Task<> take_step_time();
  void start();
  void commit(const std::vector<rehearsal::Write>& writes);
  void struck(Sabotage kind) const;
  std::string new_id(std::string_view prefix) {
    return std::string(prefix) + ulids_.make(world_.clock().wall()).text();
  }

  World& world_;
  SimNet& net_;
  Trace& trace_;
  std::string host_;
  std::unique_ptr<Random> random_;
  UlidMaker ulids_;
  rehearsal::ResponseTime step_time_;
  ShopBooks books_;
  rehearsal::ShopModel model_;
  DeliveryLog deliveries_;
  bool says_in_progress_ = false;
  std::set<std::string> placing_;  ///< Standin-Keys
  std::set<std::string> repeated_;
  std::map<std::string, std::shared_ptr<const Connection>> placed_by_;  ///< of the orders, by id
  std::unique_ptr<Alarm> restart_;
  std::unique_ptr<Loop> loop_;  ///< none: it is down. The last: what is under way on it refers to the rest
};

}  // namespace standin::sim
