#include "sim/runner/minimize.h"

#include <algorithm>

namespace standin::sim {
namespace {

bool breaks(const Plan& plan, const std::string& promise) {
  return std::ranges::any_of(run(plan).violations, [&](const Violation& found) { return found.promise == promise; });
}

}  // namespace

Plan minimize(Plan failing, const std::string& promise, const std::function<void(const Plan&)>& progress) {
  const auto try_it = [&](const Plan& smaller) {
    if (!breaks(smaller, promise)) return false;
    failing = smaller;
    progress(failing);
    return true;
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Sabotage what : all_sabotage) {
      Plan without = failing;
      if (without.sabotage.erase(what) > 0) smaller |= try_it(without);
    }
    for (const int divisor : {8, 4, 2}) {
      Plan fewer = failing;
      fewer.purchases -= fewer.purchases / divisor;
      if (fewer.purchases < failing.purchases) smaller |= try_it(fewer);
    }
    Plan half = failing;
    half.purchases /= 2;
    if (half.purchases > 0) smaller |= try_it(half);
  }
  return failing;
}

}  // namespace standin::sim
