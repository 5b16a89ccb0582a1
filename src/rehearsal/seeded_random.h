#pragma once

#include "base/random.h"

namespace standin::rehearsal {

/// Chance that repeats: the same seed, the same numbers (splitmix64, https://prng.di.unimi.it/splitmix64.c). Rehearsals
/// only, never keys. One thread at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::uint8_t> bytes) override {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      if (at % 8 == 0) word_ = step();
      bytes[at] = static_cast<std::uint8_t>(word_ >> (at % 8 * 8));
    }
  }

 private:
  std::uint64_t step() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
  std::uint64_t word_ = 0;
};

}  // namespace standin::rehearsal
