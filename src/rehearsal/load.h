#pragma once

#include <vector>

#include "rehearsal/load_report.h"
#include "rehearsal/shoppers.h"

namespace standin::rehearsal {

struct LoadOptions {
  ShopperOptions shoppers;
  std::vector<Threshold> fail_if;
  bool json = false;     ///< the result as JSON on standard output; else a table
  bool progress = true;  ///< a line a second on standard error
};

/// `standin load`: runs until the arrivals are over, or SIGINT or SIGTERM; prints the result. Returns the exit status:
/// 1 if a threshold was crossed, 2 if the options cannot be used.
int run_load(const LoadOptions& options);

}  // namespace standin::rehearsal
