#include "upstream/balance.h"

#include <compare>

#include "base/result.h"

namespace standin {
namespace {

int rank(Health health) {
  switch (health) {
    case Health::unchecked:
    case Health::unknown:
    case Health::good: return 0;
    case Health::down: return 1;
    case Health::out: return 2;
  }
  unreachable();
}

/// What makes one target come before another, the weightiest first.
struct Load {
  int health = 0;
  std::uint64_t errors = 0, working = 0, hits = 0, lot = 0;
  auto operator<=>(const Load&) const = default;
};

Load load(const TargetState& target, Balance balance, Instant now, Lots& lots) {
  const int health = rank(target.health());
  switch (balance) {
    case Balance::least_busy: return {.health = health, .working = target.in_flight(), .lot = lots.draw()};
    case Balance::scoreboard:
      return {.health = health,
              .errors = target.recent_errors(now),
              .working = target.in_flight(),
              .hits = target.hits(),
              .lot = lots.draw()};
    case Balance::random: return {.health = health, .lot = lots.draw()};
  }
  unreachable();
}

}  // namespace

/// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t Lots::draw() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::optional<std::size_t> choose(const std::vector<std::shared_ptr<TargetState>>& targets,
                                  const std::vector<bool>& tried, Balance balance, Instant now, Lots& lots) {
  std::optional<std::size_t> best;
  Load least;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (tried[i]) continue;
    const Load one = load(*targets[i], balance, now, lots);
    if (best && one >= least) continue;
    best = i;
    least = one;
  }
  return best;
}

}  // namespace standin
