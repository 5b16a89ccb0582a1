// What choosing one of 32 targets costs while other threads choose, enter and leave the same ones.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>

#include "telemetry/metrics.h"
#include "upstream/balance.h"

namespace standin {
namespace {

constexpr int targets_in_all = 32;

/// One gateway with many locations, as all threads see it, that failed now and then.
struct Gateway {
  explicit Gateway(Metrics* metrics = nullptr) : states(metrics) {
    UpstreamConfig config{.name = "gate", .balance = Balance::scoreboard, .health = {.path = "/ping"}};
    for (int i = 0; i < targets_in_all; ++i) {
      targets.push_back(states.of(config, fmt::format("https://www-{:02}.gateway.example", i)));
      targets.back()->pinged({.health = i % 8 == 0 ? Health::down : Health::good}, now);
      for (int errors = 0; errors < i % 4; ++errors) targets.back()->record({}, Breaker::End::error, now);
    }
  }

  TargetStates states;
  std::vector<std::shared_ptr<TargetState>> targets;
  Instant now{std::chrono::hours(1)};
};

void choose_target(benchmark::State& state, Balance balance) {
  static Gateway gateway;
  Lots lots(system_random());
  const std::vector<bool> tried(targets_in_all);
  for (auto _ : state) {
    const auto chosen = choose(gateway.targets, tried, balance, gateway.now, lots);
    gateway.targets[*chosen]->enter();
    gateway.targets[*chosen]->leave();
  }
}

/// With what sending adds: the chosen target's breakers, its counts, and its metrics.
void choose_and_record(benchmark::State& state) {
  static Metrics metrics;
  static Gateway gateway(&metrics);
  Lots lots(system_random());
  const std::vector<bool> tried(targets_in_all);
  for (auto _ : state) {
    const auto chosen = choose(gateway.targets, tried, Balance::scoreboard, gateway.now, lots);
    TargetState& target = *gateway.targets[*chosen];
    const auto clearance = target.admit(gateway.now, true);
    target.enter();
    target.record(clearance, Breaker::End::good, gateway.now);
    target.leave();
  }
}

BENCHMARK_CAPTURE(choose_target, scoreboard, Balance::scoreboard)->Threads(1)->Threads(4);
BENCHMARK_CAPTURE(choose_target, least_busy, Balance::least_busy)->Threads(1)->Threads(4);
BENCHMARK(choose_and_record)->Threads(1)->Threads(4);

}  // namespace
}  // namespace standin

BENCHMARK_MAIN();
