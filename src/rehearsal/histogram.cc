#include "rehearsal/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace standin::rehearsal {

void Histogram::add(Duration latency) {
  latency = std::max(latency, Duration::zero());
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(latency).count();
  ++buckets_[bucket_of(static_cast<std::uint64_t>(microseconds))];
  ++count_;
  max_ = std::max(max_, latency);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t at = 0; at < buckets_.size(); ++at) buckets_[at] += other.buckets_[at];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Duration Histogram::quantile(double fraction) const {
  if (count_ == 0) return {};
  const double exact_rank = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_);
  // 0.99 of 100 is a hair above 99 in binary: that must not become rank 100.
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(exact_rank - 1e-9)));
  std::uint64_t passed = 0;
  for (std::size_t at = 0; at < buckets_.size(); ++at) {
    passed += buckets_[at];
    if (passed >= rank) return std::min<Duration>(std::chrono::microseconds(last_in(at)), max_);
  }
  return max_;
}

std::size_t Histogram::bucket_of(std::uint64_t microseconds) {
  microseconds = std::min(microseconds, (std::uint64_t{1} << value_bits) - 1);
  // The leading bits, from half to 2 * half - 1, count within an octave; below 2^exact_bits there is nothing to drop.
  const int dropped = std::max(0, static_cast<int>(std::bit_width(microseconds)) - exact_bits);
  return static_cast<std::size_t>(dropped) * half + (microseconds >> dropped);
}

std::uint64_t Histogram::last_in(std::size_t bucket) {
  if (bucket < 2 * half) return bucket;
  const std::uint64_t dropped = bucket / half - 1;
  const std::uint64_t leading = bucket % half + half;
  return ((leading + 1) << dropped) - 1;
}

}  // namespace standin::rehearsal
