#pragma once

#include <string>
#include <vector>

#include "base/facts.h"

namespace standin {

/// Which breaker a request goes by at each target: the values of the facts that BreakerConfig::key names, joined by
/// "/", also where one is missing; "" where it names none.
inline std::string breaker_key(const std::vector<std::string>& names, const Facts& facts) {
  std::string key;
  for (const std::string& name : names) {
    if (&name != &names.front()) key += '/';
    key += name == "card_network" ? facts.network : facts.country;
  }
  return key;
}

}  // namespace standin
