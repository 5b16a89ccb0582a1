#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "sim/sabotage.h"

namespace standin::sim {

/// One run: with the program it decides everything that happens. A failing one is shrunk by making it smaller.
struct Plan {
  std::uint64_t seed = 1;
  int purchases = 200;
  std::set<Sabotage> sabotage{all_sabotage.begin(), all_sabotage.end()};  ///< of which a run draws its share
};

/// The options that repeat it: "--seed 7 --purchases 200", and "--sabotage crash,network" unless it is all.
std::string options_of(const Plan& plan);

}  // namespace standin::sim
