#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/actors/buyer.h"
#include "sim/actors/shopper.h"
#include "sim/checkers/evidence.h"
#include "sim/net/sim_net.h"
#include "sim/sabotage.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace standin::sim {

struct ShopperSettings {
  int purchases = 20;
  Duration within = std::chrono::minutes(1);  ///< when they are begun, evenly
  std::set<Sabotage> sabotage;                ///< `rude_shoppers` and `slow_gateway` count here
  std::vector<Side> sides = {Side::shop, Side::till, Side::payments};
  std::string source_key = "source-key-1";  ///< of tills
  std::string api_key = "sk_test_1";        ///< of payments
};

/// The clients of standin, host "shopper" in the network, one for each purchase: they ask until they know, or give up;
/// later some capture, void, or want their money back. Polite ones repeat only what they have not been told, the same
/// under the same key, within what parties recognise as a repeat. Everything but the network's part is drawn from each
/// purchase's own chance. On the loop's thread; the loop may be destroyed first or last.
class Shoppers {
 public:
  Shoppers(World& world, Loop& loop, SimNet& net, Trace& trace, std::unique_ptr<Random> random,
           ShopperSettings settings);
  ~Shoppers();

  /// Called for each answer that somebody received, once it is part of the purchase.
  std::function<void(const Purchase&, const Told&)> on_told;
  /// Called for each rudeness.
  std::function<void(Sabotage)> on_fault;

  void start();
  /// From now on nobody is rude.
  void quiet();
  /// All have come, none of them wants anything more, and nothing that they sent is on its way.
  bool done() const;
  /// Those that were begun, in that order, with what they were told so far.
  std::vector<Purchase> purchases() const;

 private:
  std::shared_ptr<Buyer> draw(std::size_t number, Random& random, const ShopperSettings& settings) const;
  /// Of those before, in what makes two charges look alike.
  void resemble(Wish& wish, Side side, Random& random) const;

  struct Crowd;
  std::shared_ptr<Crowd> crowd_;
};

}  // namespace standin::sim
