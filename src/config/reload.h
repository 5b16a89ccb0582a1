#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"

namespace standin {

/// Open orders that were accepted under the same names.
struct OpenOrders {
  std::string route, upstream, stand_in;
  std::size_t count = 0;
};

/// What `next` would leave without a way to their end, one sentence for each group; a configuration with any is
/// refused, at start and on reload. A route's name is part of the order key, so that a renamed route has vanished.
std::vector<std::string> orphaned_by(const Config& next, std::span<const OpenOrders> open);

}  // namespace standin
