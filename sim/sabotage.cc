#include "sim/sabotage.h"

#include <algorithm>

#include "base/result.h"

namespace standin::sim {

std::string_view name(Sabotage sabotage) {
  switch (sabotage) {
    case Sabotage::crash: return "crash";
    case Sabotage::shop_crash: return "shop_crash";
    case Sabotage::pause: return "pause";
    case Sabotage::network: return "network";
    case Sabotage::answers_lost: return "answers_lost";
    case Sabotage::repeats: return "repeats";
    case Sabotage::partition: return "partition";
    case Sabotage::slow_network: return "slow_network";
    case Sabotage::slow_disk: return "slow_disk";
    case Sabotage::disk_errors: return "disk_errors";
    case Sabotage::disk_full: return "disk_full";
    case Sabotage::clock: return "clock";
    case Sabotage::slow_gateway: return "slow_gateway";
    case Sabotage::gateway_errors: return "gateway_errors";
    case Sabotage::names: return "names";
    case Sabotage::memory: return "memory";
    case Sabotage::careless_shop: return "careless_shop";
    case Sabotage::operators: return "operators";
    case Sabotage::rude_shoppers: return "rude_shoppers";
  }
  unreachable();
}

std::optional<Sabotage> parse_sabotage(std::string_view text) {
  const auto found = std::ranges::find(all_sabotage, text, name);
  if (found == all_sabotage.end()) return std::nullopt;
  return *found;
}

}  // namespace standin::sim
