#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/runner/run.h"

namespace standin::sim {

/// What many runs came to.
struct Totals {
  std::uint64_t seeds = 0, payments = 0, lives = 0, repeated = 0;
  std::int64_t virtual_ms = 0;
  FaultCounts faults;
  Coverage coverage;

  void add(const RunResult& result);
  void add(const Totals& other);
};

/// One line for each figure, as `parse_totals` reads them.
std::string to_text(const Totals& totals);
/// Lines that it does not know are skipped.
Totals parse_totals(std::string_view text);

/// For a person: figures, faults by kind, and the steps of an order's life that were never taken.
std::string report(const Totals& totals);
/// Steps that the lifecycle allows and no run has taken, as "held -> collected".
std::vector<std::string> never_reached(const Coverage& coverage);

}  // namespace standin::sim
