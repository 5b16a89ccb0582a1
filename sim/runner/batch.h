#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/runner/plan.h"
#include "sim/runner/totals.h"

namespace standin::sim {

/// Many seeds.
struct Batch {
  Plan plan;                ///< of each, but for its seed
  std::uint64_t first = 1;  ///< seed
  std::optional<std::uint64_t> runs;
  std::optional<std::chrono::seconds> lasts;  ///< real time, where `runs` does not say
  unsigned jobs = 1;                          ///< processes
  unsigned give_up_after = 10;                ///< failed runs
  std::string resume;                         ///< file that keeps the totals and the next seed; "" for none
  bool quiet = false;                         ///< no progress line
};

struct BatchResult {
  Totals totals;               ///< those that were taken up included
  std::uint64_t payments = 0;  ///< played now
  std::uint64_t failed = 0;
  double seconds = 0;  ///< of real time
};

/// Plays them, one of twenty twice, and prints each broken promise with the command that repeats it. Stops when
/// too many have failed.
BatchResult play(const Batch& batch);

/// Prints what is wrong and how to see it again. False if nothing is.
bool tell(const Plan& plan, const RunResult& result);

}  // namespace standin::sim
