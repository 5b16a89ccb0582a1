// P4: what is promised and not yet collected never exceeds its cap, at any instant.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {

// A cap that a reload lowers binds what is promised from then on: the sum may stay above it, but not grow, and a
// promise that was under way may still be kept under the cap before.
Violations exposure(const Books& books) {
  Violations found;
  std::map<std::string, const ExposureSample*> before;
  for (const ExposureSample& sample : books.evidence().exposure) {
    const ExposureSample*& last = before[sample.currency];
    const std::int64_t cap = std::max(sample.cap_minor, last ? last->cap_minor : sample.cap_minor);
    const bool grew = !last || sample.sum_minor > last->sum_minor;
    last = &sample;
    if (sample.sum_minor <= cap || !grew) continue;
    found.push_back({"P4", "",
                     fmt::format("{} {} were promised and not delivered at {}, over the cap of {}", sample.sum_minor,
                                 sample.currency, seconds(sample.at_ms), cap)});
  }
  return found;
}

}  // namespace standin::sim
