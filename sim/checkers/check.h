#pragma once

#include <string>
#include <vector>

#include "sim/checkers/evidence.h"

namespace standin::sim {

/// A promise that was broken.
struct Violation {
  std::string promise;   ///< "P1" to "P6", "P10", "money", "lease"
  std::string purchase;  ///< "" if it is about none
  std::string what;      ///< for a person: who was told what, and what stands where
};

/// Everything that is wrong with a run; nothing if all promises were kept.
std::vector<Violation> check(const Evidence& evidence);

}  // namespace standin::sim
