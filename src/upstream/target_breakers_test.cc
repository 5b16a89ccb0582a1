#include "upstream/target_breakers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "upstream/breaker_key.h"

namespace standin {
namespace {

using End = Breaker::End;
using State = Breaker::State;
using namespace std::chrono_literals;

/// Breakers by country and card network, with the default times.
struct KeyedScene {
  BreakerConfig config{.key = {"merchant_country", "card_network"}};
  TargetBreakers breakers{config};
  Instant now{1h};

  TargetBreakers::Clearance admit(const std::string& key) { return breakers.admit(now, true, key); }
  void exchanges(int count, const std::string& key, End end) {
    for (int i = 0; i < count; ++i) breakers.record(admit(key), end, now);
  }
};

TEST(TargetBreakers, AnErrorCountsForItsKeyAlone) {
  for (const End end : {End::error, End::timed_out}) {
    KeyedScene scene;
    scene.exchanges(20, "FR/visa", end);
    EXPECT_FALSE(scene.admit("FR/visa").admitted());
    EXPECT_TRUE(scene.admit("FR/amex").admitted());
    EXPECT_TRUE(scene.admit("DE/visa").admitted());
    EXPECT_EQ(scene.breakers.own(scene.now), State::closed);
  }
}

TEST(TargetBreakers, WhatCouldNotBeSentCountsForTheTarget) {
  KeyedScene scene;
  scene.exchanges(3, "FR/visa", End::not_sent);
  EXPECT_FALSE(scene.admit("DE/visa").admitted());
  EXPECT_EQ(scene.breakers.own(scene.now), State::open);
  EXPECT_TRUE(scene.breakers.troubled(scene.now).empty());
}

TEST(TargetBreakers, WithoutFactsTheTargetsOwnHearsOfEverything) {
  KeyedScene scene;
  scene.breakers.reconfigure({});
  scene.exchanges(3, "FR/visa", End::timed_out);
  EXPECT_FALSE(scene.admit("DE/visa").admitted());
  EXPECT_TRUE(scene.breakers.keys().empty());
}

TEST(TargetBreakers, ATargetIsReachableAgainOnceAProbeCouldBeSentWhateverBecameOfIt) {
  KeyedScene scene;
  scene.exchanges(3, "FR/visa", End::not_sent);
  scene.now += 5s;
  scene.exchanges(2, "DE/visa", End::timed_out);
  EXPECT_EQ(scene.breakers.own(scene.now), State::closed);
}

TEST(TargetBreakers, OneProbeIsSharedByAllWhoAskForAKey) {
  KeyedScene scene;
  scene.exchanges(3, "FR/visa", End::timed_out);
  scene.now += 5s;
  const auto probe = scene.admit("FR/visa");
  EXPECT_TRUE(probe.is_probe());
  EXPECT_FALSE(scene.admit("FR/visa").admitted());
  EXPECT_TRUE(scene.admit("FR/amex").admitted());
}

TEST(TargetBreakers, AProbeThatTheTargetRefusesOrThatCannotBeSentIsFreeForTheNext) {
  KeyedScene scene;
  scene.exchanges(3, "FR/visa", End::timed_out);
  scene.now += 3s;
  scene.exchanges(3, "DE/visa", End::not_sent);
  scene.now += 2s;
  EXPECT_FALSE(scene.admit("FR/visa").admitted()) << "its own breaker is half-open, the target's still open";
  scene.now += 3s;
  const auto unsent = scene.admit("FR/visa");
  ASSERT_TRUE(unsent.is_probe());
  scene.breakers.record(unsent, End::not_sent, scene.now);
  scene.now += 5s;
  EXPECT_TRUE(scene.admit("FR/visa").is_probe());
}

TEST(TargetBreakers, AGoodPingHalfOpensThemAll) {
  KeyedScene scene;
  scene.exchanges(3, "FR/visa", End::timed_out);
  scene.exchanges(3, "DE/visa", End::timed_out);
  scene.breakers.healthy(scene.now);
  EXPECT_TRUE(scene.admit("FR/visa").is_probe());
  EXPECT_TRUE(scene.admit("DE/visa").is_probe());
}

TEST(TargetBreakers, KeysBeyondTheLimitAndOverlongOnesShareOne) {
  KeyedScene scene;
  for (std::size_t i = 0; i < 2 * limits::breaker_keys; ++i) scene.exchanges(1, std::to_string(i), End::good);
  EXPECT_EQ(scene.breakers.keys().size(), limits::breaker_keys);
  scene.exchanges(3, "one too many", End::timed_out);
  EXPECT_FALSE(scene.admit(std::string(1000, 'x')).admitted());
  EXPECT_TRUE(scene.admit("7").admitted());
  ASSERT_EQ(scene.breakers.troubled(scene.now).size(), 1u);
  EXPECT_EQ(scene.breakers.troubled(scene.now)[0].key, TargetBreakers::the_rest);
}

TEST(TargetBreakers, KeysOfOtherFactsStartAnewAndAnEndFromBeforeDoesNotCount) {
  KeyedScene scene;
  const auto before = scene.admit("FR/visa");
  scene.exchanges(3, "FR/visa", End::timed_out);
  scene.breakers.reconfigure({.key = {"merchant_country"}});
  EXPECT_TRUE(scene.breakers.keys().empty());
  scene.breakers.record(before, End::timed_out, scene.now);
  EXPECT_EQ(scene.breakers.keys_not_closed(), 0u);
}

TEST(BreakerKey, HasAPlaceForEachFactAlsoForAMissingOne) {
  const Facts facts{.country = "FR", .network = "visa"};
  EXPECT_EQ(breaker_key({}, facts), "");
  EXPECT_EQ(breaker_key({"merchant_country"}, facts), "FR");
  EXPECT_EQ(breaker_key({"merchant_country", "card_network"}, facts), "FR/visa");
  EXPECT_EQ(breaker_key({"merchant_country", "card_network"}, {.network = "visa"}), "/visa");
}

}  // namespace
}  // namespace standin
