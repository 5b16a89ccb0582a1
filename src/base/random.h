#pragma once

#include <cstdint>
#include <span>

namespace standin {

/// Chance as a port. Production: the operating system's generator, from any thread. The simulator: one seeded
/// generator.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;

  std::uint64_t next();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  double fraction();
};

/// getrandom(2): fit for keys.
Random& system_random();

}  // namespace standin
