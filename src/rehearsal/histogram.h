#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace standin::rehearsal {

/// Latencies in a fixed amount of memory: whole microseconds, in buckets no wider than 1/128 of what they hold, as
/// HdrHistogram does (https://hdrhistogram.org). A quantile is at most 0.8 % above the truth and never below it.
/// Durations of more than 19 hours count as that long.
class Histogram {
 public:
  void add(Duration latency);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }
  /// The smallest latency that at least `fraction` of all do not exceed, e.g. 0.99; zero if there are none.
  Duration quantile(double fraction) const;

 private:
  static constexpr int exact_bits = 8;  ///< up to 2^8 µs every microsecond has its own bucket
  static constexpr int value_bits = 36;
  static constexpr std::uint64_t half = 1u << (exact_bits - 1);

  static std::size_t bucket_of(std::uint64_t microseconds);
  static std::uint64_t last_in(std::size_t bucket);

  std::array<std::uint64_t, (value_bits - exact_bits + 2) * half> buckets_{};
  std::uint64_t count_ = 0;
  Duration max_{};
};

}  // namespace standin::rehearsal
