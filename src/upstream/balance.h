#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "config/config.h"
#include "upstream/target_states.h"

namespace standin {

/// The order in which to try the targets: indices into `targets`.
std::vector<std::size_t> preference(const std::vector<std::shared_ptr<TargetState>>& targets, Balance balance,
                                    Random& random);

}  // namespace standin
