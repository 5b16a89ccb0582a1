#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace standin {

/// How many of the exchanges that ended within the last `window` were bad. Counts in tenths of the window: an end is
/// forgotten after between nine and ten of them.
class ErrorWindow {
 public:
  explicit ErrorWindow(Duration window);

  void add(Instant now, bool bad);
  /// At least `minimum` ends, of which at least `rate` were bad.
  bool reaches(Instant now, unsigned minimum, double rate) const;
  void clear();

 private:
  struct Bucket {
    std::int64_t slot = -1;  ///< which tenth, counted from the clock's zero
    unsigned ends = 0;
    unsigned bad = 0;
  };
  std::int64_t slot(Instant now) const;

  Duration width_;
  std::array<Bucket, 10> buckets_;
};

}  // namespace standin
