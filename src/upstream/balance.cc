#include "upstream/balance.h"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <numeric>

#include "base/result.h"

namespace standin {
namespace {

/// What makes one target come before another, the weightiest first.
struct Load {
  bool unhealthy = false;
  std::size_t in_flight = 0;
  std::uint64_t lot = 0;
  auto operator<=>(const Load&) const = default;
};

Load load(const TargetState& target, Balance balance, Random& random) {
  switch (balance) {
    case Balance::least_busy:
    case Balance::scoreboard: return {!target.healthy(), target.in_flight(), random.next()};
    case Balance::random: return {!target.healthy(), 0, random.next()};
  }
  unreachable();
}

}  // namespace

std::vector<std::size_t> preference(const std::vector<std::shared_ptr<TargetState>>& targets, Balance balance,
                                    Random& random) {
  std::vector<std::size_t> order(targets.size());
  std::iota(order.begin(), order.end(), 0);
  if (order.size() == 1) return order;
  std::vector<Load> loads;
  loads.reserve(targets.size());
  for (const auto& target : targets) loads.push_back(load(*target, balance, random));
  std::ranges::sort(order, {}, [&](std::size_t i) { return loads[i]; });
  return order;
}

}  // namespace standin
