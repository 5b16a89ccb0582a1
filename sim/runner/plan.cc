#include "sim/runner/plan.h"

#include <fmt/format.h>

#include <utility>

namespace standin::sim {

std::string options_of(const Plan& plan) {
  std::string options = fmt::format("--seed {} --purchases {}", plan.seed, plan.purchases);
  if (plan.sabotage.size() == all_sabotage.size()) return options;
  options += " --sabotage ";
  if (plan.sabotage.empty()) return options + "none";
  std::string_view separator;
  for (const Sabotage what : plan.sabotage) {
    options += fmt::format("{}{}", std::exchange(separator, ","), name(what));
  }
  return options;
}

}  // namespace standin::sim
