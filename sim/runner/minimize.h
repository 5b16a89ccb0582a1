#pragma once

#include <functional>
#include <string>

#include "sim/runner/plan.h"
#include "sim/runner/run.h"

namespace standin::sim {

/// A plan as small as it gets that breaks the same promise: fewer purchases, fewer kinds of sabotage. `progress` hears
/// of each that still fails.
Plan minimize(Plan failing, const std::string& promise, const std::function<void(const Plan&)>& progress);

}  // namespace standin::sim
