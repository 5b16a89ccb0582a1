#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace standin {

/// The errors of one target on the connection scoreboard: all of them are forgotten together, once the last is old
/// enough (USAePay's high availability guide: "setting all error counts to 0 when the last error date is greater than a
/// certain amount of time"). Any thread; one word, so that count and time belong together without a lock.
class RecentErrors {
 public:
  void add(Instant now, Duration forget_after) {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(seen, packed(count(seen, now, forget_after) + 1, now),
                                        std::memory_order_relaxed)) {
    }
  }
  std::uint64_t count(Instant now, Duration forget_after) const {
    return count(word_.load(std::memory_order_relaxed), now, forget_after);
  }

 private:
  static constexpr int count_bits = 20;
  static constexpr std::uint64_t count_max = (1u << count_bits) - 1;

  static std::uint64_t milliseconds(Instant at) {
    return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count());
  }
  static std::uint64_t packed(std::uint64_t errors, Instant last) {
    return milliseconds(last) << count_bits | std::min(errors, count_max);
  }
  static std::uint64_t count(std::uint64_t word, Instant now, Duration forget_after) {
    const Instant last{std::chrono::milliseconds(word >> count_bits)};
    return now - last >= forget_after ? 0 : word & count_max;
  }

  std::atomic<std::uint64_t> word_ = 0;  ///< the last error's time in milliseconds, and in the low bits the count
};

}  // namespace standin
