#pragma once

#include <string>
#include <vector>

#include "base/money.h"

namespace standin {

/// What the risk owner decided, read from `[policy.NAME]`. One entry per currency in each list.
struct Policy {
  std::string name;
  std::string version;                ///< changes whenever any value below does; recorded with every decision
  std::vector<Money> floor_limit;     ///< an order of at most this amount may be accepted; no entry: declined
  std::vector<Money> exposure_total;  ///< the sum over open orders never exceeds this
};

}  // namespace standin
