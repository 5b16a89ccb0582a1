#include "upstream/breaker.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

using State = Breaker::State;
using End = Breaker::End;
using Kind = Breaker::Permit::Kind;

/// A breaker with the default configuration (20 ends in 10 s, half of them bad; 3 unanswered in a row; open for 5 s;
/// two good probes; half-open for at most 60 s), and the time it is asked at.
struct BreakerScene {
  BreakerConfig config;
  Breaker breaker{config};
  Instant now{1h};

  void pass(Duration span) { now += span; }
  Breaker::Permit admit(bool covered = true) { return breaker.admit(now, covered); }
  State state() const { return breaker.state(now); }
  void record(const Breaker::Permit& permit, End end) { breaker.record(permit, end, now); }
  void exchange(End end) { record(admit(), end); }
  void exchanges(int count, End end) {
    for (int i = 0; i < count; ++i) exchange(end);
  }
  void trip() {
    exchanges(3, End::timed_out);
    ASSERT_EQ(state(), State::open);
  }
  void half_open() {
    trip();
    pass(config.open_for);
    ASSERT_EQ(state(), State::half_open);
  }
};

TEST(Breaker, TellsWhetherItWouldLetAProbeThroughWithoutGivingLeave) {
  BreakerScene scene;
  EXPECT_TRUE(scene.breaker.lets_through(scene.now));
  scene.trip();
  EXPECT_FALSE(scene.breaker.lets_through(scene.now));
  scene.pass(scene.config.open_for);
  EXPECT_TRUE(scene.breaker.lets_through(scene.now));
  EXPECT_TRUE(scene.breaker.lets_through(scene.now)) << "asking is no probe";
  const auto probe = scene.admit();
  EXPECT_FALSE(scene.breaker.lets_through(scene.now)) << "one probe at a time";
  scene.record(probe, End::good);
  EXPECT_TRUE(scene.breaker.lets_through(scene.now));
}

TEST(Breaker, AdmitsEverythingWhileAllIsWell) {
  BreakerScene scene;
  scene.exchanges(1000, End::good);
  EXPECT_EQ(scene.state(), State::closed);
  EXPECT_EQ(scene.admit(false).kind, Kind::normal);
}

TEST(Breaker, OpensWhenHalfOfTheMinimumWereErrors) {
  BreakerScene scene;
  scene.exchanges(10, End::good);
  scene.exchanges(9, End::error);
  EXPECT_EQ(scene.state(), State::closed);
  scene.exchange(End::error);
  EXPECT_EQ(scene.state(), State::open);
  EXPECT_FALSE(scene.admit().admitted());
}

TEST(Breaker, StaysClosedBelowTheErrorRate) {
  BreakerScene scene;
  for (int i = 0; i < 100; ++i) {
    scene.exchanges(3, End::good);
    scene.exchange(End::error);
  }
  EXPECT_EQ(scene.state(), State::closed);
}

TEST(Breaker, ForgetsErrorsOlderThanItsWindow) {
  BreakerScene scene;
  scene.exchanges(19, End::error);
  scene.pass(11s);
  scene.exchanges(19, End::error);
  EXPECT_EQ(scene.state(), State::closed);
}

TEST(Breaker, TripsOnConsecutiveTimeoutsAtTwoOrdersAMinute) {
  BreakerScene scene;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scene.state(), State::closed);
    scene.exchange(End::timed_out);
    scene.pass(30s);
  }
  scene.now -= 30s;
  EXPECT_EQ(scene.state(), State::open);
}

TEST(Breaker, ARefusedConnectionIsAsBadAsATimeout) {
  BreakerScene scene;
  scene.exchange(End::not_sent);
  scene.exchange(End::timed_out);
  scene.exchange(End::not_sent);
  EXPECT_EQ(scene.state(), State::open);
}

TEST(Breaker, AGoodEndBreaksTheRowOfTimeoutsButAnErrorDoesNot) {
  BreakerScene scene;
  scene.exchanges(2, End::timed_out);
  scene.exchange(End::good);
  scene.exchanges(2, End::timed_out);
  EXPECT_EQ(scene.state(), State::closed);
  scene.exchange(End::error);
  EXPECT_EQ(scene.state(), State::closed);
  scene.exchange(End::timed_out);
  EXPECT_EQ(scene.state(), State::open);
}

TEST(Breaker, RefusesUntilItWasOpenForItsTime) {
  BreakerScene scene;
  scene.trip();
  scene.pass(5s - 1ns);
  EXPECT_FALSE(scene.admit().admitted());
  scene.pass(1ns);
  EXPECT_EQ(scene.admit().kind, Kind::probe);
}

TEST(Breaker, LetsOneProbeThroughAtATime) {
  BreakerScene scene;
  scene.half_open();
  const auto first = scene.admit();
  EXPECT_EQ(first.kind, Kind::probe);
  EXPECT_FALSE(scene.admit().admitted());
  scene.record(first, End::good);
  EXPECT_EQ(scene.admit().kind, Kind::probe);
  EXPECT_FALSE(scene.admit().admitted());
}

TEST(Breaker, WhatIsNotCoveredByStandInIsNoProbe) {
  BreakerScene scene;
  scene.half_open();
  EXPECT_FALSE(scene.admit(false).admitted());
  EXPECT_EQ(scene.admit(true).kind, Kind::probe);
}

TEST(Breaker, ClosesAfterTwoGoodProbes) {
  BreakerScene scene;
  scene.half_open();
  scene.exchange(End::good);
  EXPECT_EQ(scene.state(), State::half_open);
  scene.exchange(End::good);
  EXPECT_EQ(scene.state(), State::closed);
  EXPECT_EQ(scene.admit(false).kind, Kind::normal);
}

TEST(Breaker, StartsAfreshOnceClosed) {
  BreakerScene scene;
  scene.exchanges(17, End::error);
  scene.half_open();
  scene.exchanges(2, End::good);
  scene.exchanges(2, End::timed_out);
  EXPECT_EQ(scene.state(), State::closed);
}

TEST(Breaker, OneFailedProbeReopensIt) {
  for (const End end : {End::error, End::timed_out, End::not_sent}) {
    BreakerScene scene;
    scene.half_open();
    scene.exchange(End::good);
    scene.exchange(end);
    EXPECT_EQ(scene.state(), State::open);
    scene.pass(5s);
    scene.exchange(End::good);
    EXPECT_EQ(scene.state(), State::half_open) << "the good probe before the failed one counts no more";
  }
}

TEST(Breaker, AGoodPingHalfOpensItButDoesNotCloseIt) {
  BreakerScene scene;
  scene.trip();
  for (int i = 0; i < 10; ++i) scene.breaker.healthy(scene.now);
  EXPECT_EQ(scene.state(), State::half_open);
  EXPECT_FALSE(scene.admit(false).admitted());
  scene.exchanges(2, End::good);
  EXPECT_EQ(scene.state(), State::closed);
}

TEST(Breaker, AGoodPingDoesNotDisturbAProbe) {
  BreakerScene scene;
  scene.half_open();
  const auto probe = scene.admit();
  scene.breaker.healthy(scene.now);
  EXPECT_FALSE(scene.admit().admitted());
  scene.record(probe, End::error);
  EXPECT_EQ(scene.state(), State::open);
}

TEST(Breaker, AGoodPingChangesNothingWhileClosed) {
  BreakerScene scene;
  scene.exchanges(2, End::timed_out);
  scene.breaker.healthy(scene.now);
  scene.exchange(End::timed_out);
  EXPECT_EQ(scene.state(), State::open);
}

TEST(Breaker, ALateGoodAnswerDoesNotCloseIt) {
  BreakerScene scene;
  const auto slow = scene.admit();
  scene.trip();
  scene.record(slow, End::good);
  EXPECT_EQ(scene.state(), State::open);
  scene.pass(5s);
  scene.record(slow, End::good);
  scene.record(slow, End::good);
  EXPECT_EQ(scene.state(), State::half_open);
}

TEST(Breaker, AnErrorFromBeforeItOpenedDoesNotReopenIt) {
  BreakerScene scene;
  const auto slow = scene.admit();
  scene.half_open();
  scene.record(slow, End::timed_out);
  EXPECT_EQ(scene.state(), State::half_open);
  scene.exchanges(2, End::good);
  scene.exchanges(2, End::timed_out);
  scene.record(slow, End::timed_out);
  EXPECT_EQ(scene.state(), State::closed);
}

TEST(Breaker, GivesUpHalfOpenWithoutAVerdict) {
  BreakerScene scene;
  scene.half_open();
  ASSERT_EQ(scene.admit().kind, Kind::probe);
  scene.pass(60s - 1ns);
  EXPECT_EQ(scene.state(), State::half_open);
  scene.pass(1ns);
  EXPECT_EQ(scene.state(), State::open);
  scene.pass(5s);
  EXPECT_EQ(scene.admit().kind, Kind::probe);
}

TEST(Breaker, AStaleProbeIsIgnored) {
  BreakerScene scene;
  scene.half_open();
  const auto lost = scene.admit();
  scene.pass(65s);
  const auto second = scene.admit();
  ASSERT_EQ(second.kind, Kind::probe);
  scene.record(lost, End::good);
  EXPECT_FALSE(scene.admit().admitted()) << "the second probe is still out";
  scene.record(lost, End::error);
  EXPECT_EQ(scene.state(), State::half_open);
  scene.record(second, End::good);
  scene.exchange(End::good);
  EXPECT_EQ(scene.state(), State::closed);
}

TEST(Breaker, AGoodProbeGivesTheNextOneItsTime) {
  BreakerScene scene;
  scene.half_open();
  scene.pass(59s);
  scene.exchange(End::good);
  scene.pass(3s);
  EXPECT_EQ(scene.state(), State::half_open);
}

TEST(Breaker, ASiteWithPlainRequestsAloneFindsBack) {
  BreakerScene scene;
  scene.half_open();
  scene.pass(65s);
  EXPECT_EQ(scene.admit(false).kind, Kind::probe);
}

TEST(Breaker, OncePlainRequestsHelpedCoveredOnesAreAskedFirstAgain) {
  BreakerScene scene;
  scene.half_open();
  scene.pass(65s);
  scene.exchanges(2, End::good);
  scene.half_open();
  EXPECT_FALSE(scene.admit(false).admitted());
}

TEST(Breaker, DoesNotDependOnWhoLooksWhen) {
  BreakerScene watched, alone;
  watched.trip();
  alone.trip();
  for (int second = 0; second < 1000; ++second) {
    watched.pass(1s);
    alone.pass(1s);
    watched.breaker.admit(watched.now, false);
    Breaker unseen = alone.breaker;
    EXPECT_EQ(watched.state(), unseen.state(alone.now)) << second;
  }
}

TEST(Breaker, AYearWithoutTrafficEndsInAnAnswer) {
  BreakerScene scene;
  scene.trip();
  scene.pass(24h * 365);
  const State state = scene.state();
  EXPECT_TRUE(state == State::half_open || state == State::open);
  scene.breaker.healthy(scene.now);
  EXPECT_EQ(scene.admit().kind, Kind::probe);
}

TEST(Breaker, KeepsItsStateWhenReconfigured) {
  BreakerScene scene;
  scene.trip();
  BreakerConfig longer = scene.config;
  longer.open_for = 20s;
  longer.successes = 1;
  scene.breaker.reconfigure(longer);
  scene.pass(19s);
  EXPECT_EQ(scene.state(), State::open);
  scene.pass(1s);
  scene.exchange(End::good);
  EXPECT_EQ(scene.state(), State::closed);
}

}  // namespace
}  // namespace standin
