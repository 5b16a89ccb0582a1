#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/checkers/check.h"
#include "sim/runner/plan.h"

namespace standin::sim {

/// How often orders went from one state to another ("" before the first).
using Coverage = std::map<std::pair<std::string, std::string>, std::uint64_t>;

struct RunResult {
  std::vector<Violation> violations;
  std::uint64_t trace_hash = 0;
  std::uint64_t payments = 0;  ///< purchases that were begun
  std::uint64_t lives = 0;     ///< of standin
  FaultCounts faults;
  Coverage coverage;
  std::int64_t virtual_ms = 0;
};

/// Plays one plan from the first purchase until, all being well again, everything has drained, and judges it. `print`
/// gets the trace, a line for each event; none: faster. One thread; two runs of a plan give the same result.
RunResult run(const Plan& plan, std::function<void(const std::string& line)> print = nullptr);

}  // namespace standin::sim
