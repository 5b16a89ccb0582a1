#pragma once

#include <string>

#include "base/random.h"
#include "config/config.h"
#include "rehearsal/gateway/gateway_state.h"
#include "rehearsal/shop_model.h"
#include "sim/runner/plan.h"
#include "sim/trace.h"

namespace standin::sim {

/// The circumstances of one run, drawn from its seed: how standin is configured, and how the parties are made. What a
/// configuration declares of a party is true of it: everything else is the operator's fault, not standin's.
struct Scenario {
  Config config;     ///< of standin
  Config reloaded;   ///< the same with another policy and pace, for a reload
  std::string text;  ///< of `config`, for a reader of the trace
  rehearsal::GatewaySettings cardgate, backupgate;
  rehearsal::ShopHabits shop;
  bool shop_says_in_progress = false;           ///< ShopParty::say_in_progress
  Duration shopping = std::chrono::minutes(3);  ///< purchases begin within it
  bool small_memory = false;                    ///< requests in flight find no room
  std::int64_t cap_minor = 0;                   ///< total exposure allowed, USD
  Duration lease{};  ///< after it somebody else may act on an order: listening and leases are over
};

Scenario draw_scenario(const Plan& plan, Random& random);

}  // namespace standin::sim
