#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "sim/actors/gateway_party.h"
#include "sim/actors/shop_party.h"
#include "sim/disk/sim_disk.h"
#include "sim/net/sim_net.h"
#include "sim/runner/operator.h"
#include "sim/runner/plan.h"

namespace standin::sim {

/// Makes things go wrong: good and bad times of each link, party and disk follow each other, and processes die, stand
/// still and come back. Which kinds, and how often, is drawn for each run from those that its plan allows. To add a
/// fault: docs/simulation.md.
class Saboteur {
 public:
  struct Ports {
    World& world;
    Trace& trace;
    SimNet& net;
    SimDisk& disk;
    GatewayParty& cardgate;
    GatewayParty& backupgate;
    ShopParty& shop;
    Node& node;
    Operator& operators;
    std::function<void()> restart;  ///< a life of the node begins soon
  };
  Saboteur(Ports ports, const Plan& plan, std::unique_ptr<Random> random);

  /// Once a second of the world.
  void tick();
  /// Everything is well from now on.
  void heal();
  /// Clocks of the node's next life: wrong by less than the finder's `before` and `after`.
  ClockError clock_error();
  void count(Sabotage what) { ++counts_[what]; }
  const FaultCounts& counts() const { return counts_; }
  /// The kinds that this run has drawn.
  const std::set<Sabotage>& drawn() const { return drawn_; }

 private:
  bool on(Sabotage what) const { return drawn_.contains(what); }
  /// True about once in so many seconds, if that kind was drawn.
  bool strikes(Sabotage what, std::uint64_t seconds);
  double rate(double most);
  void change_link(const std::string& from, const std::string& to);
  void change_links();
  void flicker();
  void change_disk();
  void change_gateway(GatewayParty& gateway, std::size_t locations);
  void change_shop();
  void kill_and_pause();

  Ports ports_;
  std::unique_ptr<Random> random_;
  std::set<Sabotage> drawn_;
  FaultCounts counts_;
  double clock_drift_ = 0;
  bool flickers_ = false;
  /// The gateways' clocks are wrong by the same all along: who looks for a charge measures it, and one that is set
  /// between the charge and the search is beyond what `before` and `after` of a finder can cover.
  std::vector<rehearsal::GatewayFault> lasting_;
};

}  // namespace standin::sim
