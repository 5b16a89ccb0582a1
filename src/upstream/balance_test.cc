#include "upstream/balance.h"

#include <gtest/gtest.h>

#include <array>

namespace standin {
namespace {

using namespace std::chrono_literals;

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, std::uint8_t{7}); }
};

/// Two locations of a gateway on one scoreboard, as USAePay's high availability guide has them.
struct Scoreboard {
  Scoreboard() { config.forget_errors_after = 30min; }

  void exchanges(std::size_t target, int count, Breaker::End end) {
    for (int i = 0; i < count; ++i) targets[target]->record(targets[target]->admit(now, true), end, now);
  }
  std::optional<std::size_t> next() { return choose(targets, {false, false}, Balance::scoreboard, now, lots); }

  UpstreamConfig config{.name = "gate", .targets = {"https://www-01", "https://www-02"}};
  TargetStates states;
  std::vector<std::shared_ptr<TargetState>> targets{states.of(config, config.targets[0]),
                                                    states.of(config, config.targets[1])};
  Instant now{1h};
  FixedRandom random;
  Lots lots{random};
};

TEST(Scoreboard, OfEqualErrorsTheIdleOneIsChosen) {
  Scoreboard scene;
  scene.exchanges(0, 100, Breaker::End::good);
  scene.exchanges(1, 50, Breaker::End::good);
  scene.targets[1]->enter();
  EXPECT_EQ(scene.next(), 0u);
}

TEST(Scoreboard, AfterAnErrorTheOtherIsChosenUntilItIsForgotten) {
  Scoreboard scene;
  scene.exchanges(0, 101, Breaker::End::good);
  scene.exchanges(0, 1, Breaker::End::error);
  scene.exchanges(1, 2310, Breaker::End::good);
  scene.targets[1]->enter();
  EXPECT_EQ(scene.next(), 1u);
  scene.now += 30min - 1ms;
  EXPECT_EQ(scene.next(), 1u);
  scene.now += 1ms;
  EXPECT_EQ(scene.next(), 0u);
}

TEST(Scoreboard, OfEquallyBusyOnesTheOneWithFewestHitsIsChosen) {
  Scoreboard scene;
  scene.exchanges(0, 5, Breaker::End::good);
  scene.exchanges(1, 4, Breaker::End::good);
  EXPECT_EQ(scene.next(), 1u);
}

TEST(Scoreboard, TiesAreBrokenByChance) {
  Scoreboard scene;
  std::array<int, 2> chosen{};
  for (int i = 0; i < 1000; ++i) ++chosen[*scene.next()];
  EXPECT_GT(chosen[0], 400);
  EXPECT_GT(chosen[1], 400);
}

TEST(Scoreboard, HealthGoesBeforeErrors) {
  Scoreboard scene;
  scene.exchanges(0, 3, Breaker::End::error);
  scene.targets[1]->pinged({.health = Health::down}, scene.now);
  EXPECT_EQ(scene.next(), 0u);
  scene.targets[0]->pinged({.health = Health::out}, scene.now);
  EXPECT_EQ(scene.next(), 1u);
}

TEST(Choosing, EndsWhenEveryTargetWasTried) {
  Scoreboard scene;
  EXPECT_EQ(choose(scene.targets, {true, false}, Balance::random, scene.now, scene.lots), 1u);
  EXPECT_EQ(choose(scene.targets, {true, true}, Balance::random, scene.now, scene.lots), std::nullopt);
}

}  // namespace
}  // namespace standin
