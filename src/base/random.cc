#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <bit>

#include "base/result.h"

namespace standin {
namespace {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
      ensure(got > 0, "the operating system has randomness");
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

std::uint64_t Random::next() {
  std::array<std::uint8_t, 8> bytes;
  fill(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

std::uint64_t Random::below(std::uint64_t bound) {
  ensure(bound > 0, "a random number is drawn from at least one");
  const std::uint64_t fair = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t drawn = next();
  while (drawn >= fair) drawn = next();
  return drawn % bound;
}

double Random::fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace standin
