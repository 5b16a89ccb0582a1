#include "sim/world.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/event.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

Task<int> add_after(Clock& clock, Duration span, int a, int b) {
  co_await clock.sleep_for(span);
  co_return a + b;
}

Task<> note_after(Clock& clock, Duration span, int what, std::vector<int>& notes) {
  co_await clock.sleep_for(span);
  notes.push_back(what);
}

Task<bool> wait_for(Clock& clock, Event& event, Duration span) {
  co_return co_await event.wait_until(clock, clock.now() + span);
}

TEST(World, SleepsOfADayTakeNoRealTimeAndExactlyADayOfItsOwn) {
  World world;
  const Instant start = world.now();
  EXPECT_EQ(world.run(add_after(world.clock(), 24h, 2, 3)), 5);
  EXPECT_EQ(world.now() - start, 24h);
}

TEST(World, AlarmsRingByTimeAndThenInTheOrderTheyWereSet) {
  World world;
  std::vector<int> notes;
  spawn(world.executor(), note_after(world.clock(), 2s, 3, notes));
  spawn(world.executor(), note_after(world.clock(), 1s, 1, notes));
  spawn(world.executor(), note_after(world.clock(), 1s, 2, notes));
  EXPECT_TRUE(world.run_until_idle(1min));
  EXPECT_EQ(notes, (std::vector{1, 2, 3}));
}

TEST(World, StopsWhereItIsTold) {
  World world;
  std::vector<int> notes;
  spawn(world.executor(), note_after(world.clock(), 10s, 1, notes));
  const Instant start = world.now();
  world.run_for(9s);
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(world.now() - start, 9s);
  EXPECT_FALSE(world.run_until_idle(500ms));
  world.run_for(1s);
  EXPECT_EQ(notes, std::vector{1});
}

TEST(World, ACancelledAlarmNeverRings) {
  World world;
  bool rang = false;
  {
    const auto alarm = world.clock().at(world.now() + 1s, [&] { rang = true; });
  }
  world.run_for(2s);
  EXPECT_FALSE(rang);
}

TEST(World, AnAlarmOfThePastRingsSoonButNotAtOnce) {
  World world;
  bool rang = false;
  const auto alarm = world.clock().at(world.now() - 1s, [&] { rang = true; });
  EXPECT_FALSE(rang);
  const Instant before = world.now();
  world.run_until(before);
  EXPECT_TRUE(rang);
  EXPECT_EQ(world.now(), before);
}

TEST(World, AnEventBeatsTheDeadlineAfterIt) {
  World world;
  Event event;
  const auto alarm = world.clock().at(world.now() + 1s, [&] { event.set(); });
  EXPECT_TRUE(world.run(wait_for(world.clock(), event, 2s)));
  Event never;
  EXPECT_FALSE(world.run(wait_for(world.clock(), never, 2s)));
}

TEST(World, TheSameSeedDrawsTheSameAndAnotherSeedDoesNot) {
  World one(7), same(7), other(8);
  const auto drawn = one.random().next();
  EXPECT_EQ(drawn, same.random().next());
  EXPECT_NE(drawn, other.random().next());
}

TEST(World, TheWallClockCanBeWrong) {
  World world;
  EXPECT_EQ(iso8601(world.clock().wall()), "2026-01-01T00:00:00.000Z");
  world.run_for(1500ms);
  world.set_wall_offset(-1h);
  EXPECT_EQ(iso8601(world.clock().wall()), "2025-12-31T23:00:01.500Z");
}

TEST(WorldDeathTest, ATaskThatCanNeverEndAborts) {
  EXPECT_DEATH(
      {
        World world;
        Event never;
        world.run(never.wait());
      },
      "waits for something that will come");
}

TEST(World, UnfinishedTasksDieWithIt) {
  std::vector<int> notes;
  {
    World world;
    spawn(world.executor(), note_after(world.clock(), 1s, 1, notes));
    world.run_for(500ms);
  }
  EXPECT_TRUE(notes.empty());
}

struct TellsItsEnd {
  std::vector<int>& notes;
  int what;
  ~TellsItsEnd() { notes.push_back(what); }
};

Task<> note_and_tell_its_end(Clock& clock, Duration span, int what, std::vector<int>& notes) {
  const TellsItsEnd end{notes, -what};
  co_await clock.sleep_for(span);
  notes.push_back(what);
}

Task<> note_when(Event& event, int what, std::vector<int>& notes) {
  co_await event.wait();
  notes.push_back(what);
}

TEST(Loop, LoopsRunInTheOrderInWhichTheyWereMade) {
  World world;
  const auto first = world.make_loop();
  const auto second = world.make_loop();
  std::vector<int> notes;
  Event event;
  spawn(second->executor(), note_when(event, 2, notes));
  spawn(first->executor(), note_when(event, 1, notes));
  world.run_for(0s);
  event.set();
  world.run_for(0s);
  EXPECT_EQ(notes, (std::vector{1, 2}));
}

TEST(Loop, AnAlarmNeverRingsBeforeItsOwnDriftingClockShowsItsTime) {
  for (const double drift : {-0.1, -0.000001, 0.0, 0.000001, 0.001, 0.1}) {
    World world;
    world.run_for(1234567ns);
    const auto loop = world.make_loop({.drift = drift});
    for (const Duration span : {Duration(1ns), Duration(999'999'999ns), Duration(1h), Duration(24h * 365)}) {
      const Instant due = loop->clock().now() + span;
      bool rang = false;
      const auto alarm = loop->clock().at(due, [&] {
        rang = true;
        EXPECT_GE(loop->clock().now(), due) << drift;
        EXPECT_LE(loop->clock().now() - due, 2ns) << drift;
      });
      EXPECT_TRUE(world.run_until_idle(24h * 500));
      EXPECT_TRUE(rang);
    }
  }
}

TEST(Loop, ADriftingClockRunsAsMuchFasterAsItSays) {
  World world;
  const auto fast = world.make_loop({.wall_offset = 5s, .drift = 0.001});
  const auto slow = world.make_loop({.wall_offset = -5s, .drift = -0.001});
  const Instant start = world.now();
  world.run_for(1000s);
  EXPECT_EQ(fast->clock().now() - start, 1001s);
  EXPECT_EQ(slow->clock().now() - start, 999s);
  EXPECT_EQ(iso8601(fast->clock().wall()), "2026-01-01T00:16:46.000Z");
  EXPECT_EQ(iso8601(slow->clock().wall()), "2026-01-01T00:16:34.000Z");
  world.set_wall_offset(1h);
  EXPECT_EQ(iso8601(fast->clock().wall()), "2026-01-01T00:16:46.000Z") << "a process reads its wall clock once";
}

TEST(Loop, NothingRunsWhileItStandsStillAndAfterwardsEverythingInItsOrder) {
  World world;
  const auto loop = world.make_loop();
  std::vector<int> notes;
  spawn(loop->executor(), note_after(loop->clock(), 3s, 3, notes));
  spawn(loop->executor(), note_after(loop->clock(), 2s, 2, notes));
  spawn(loop->executor(), note_after(loop->clock(), 10s, 4, notes));
  world.run_for(1s);
  loop->stall_until(world.now() + 9s);
  loop->stall_until(world.now() + 1s);
  spawn(loop->executor(), note_after(loop->clock(), 0s, 1, notes));
  spawn(world.executor(), note_after(world.clock(), 5s, 0, notes));
  world.run_for(8999ms);
  EXPECT_EQ(notes, std::vector{0});
  world.run_for(1ms);
  EXPECT_EQ(notes, (std::vector{0, 2, 3, 4, 1}));
}

TEST(Loop, StandsStillFromItsOwnCurrentStepOn) {
  World world;
  const auto loop = world.make_loop();
  std::vector<int> notes;
  const auto alarm = loop->clock().at(world.now(), [&] {
    spawn(loop->executor(), note_after(loop->clock(), 0s, 1, notes));
    loop->stall_until(world.now() + 2s);
    notes.push_back(0);
  });
  world.run_for(1s);
  EXPECT_EQ(notes, std::vector{0});
  EXPECT_TRUE(world.run_until_idle(2s));
  EXPECT_EQ(notes, (std::vector{0, 1}));
}

TEST(Loop, AnAlarmCanBeCancelledWhileItsLoopStandsStill) {
  World world;
  const auto loop = world.make_loop();
  bool rang = false;
  auto alarm = loop->clock().at(world.now() + 1s, [&] { rang = true; });
  loop->stall_until(world.now() + 3s);
  world.run_for(2s);
  alarm.reset();
  EXPECT_TRUE(world.run_until_idle(2s));
  EXPECT_FALSE(rang);
}

TEST(Loop, WhatWaitedOnADestroyedLoopIsDestroyedWithoutRunningOn) {
  World world;
  auto loop = world.make_loop();
  Event event;
  std::vector<int> notes;
  spawn(loop->executor(), note_and_tell_its_end(loop->clock(), 1s, 1, notes));
  spawn(loop->executor(), note_when(event, 2, notes));
  spawn(world.executor(), note_when(event, 3, notes));
  bool rang = false;
  const auto alarm = loop->clock().at(world.now() + 1s, [&] { rang = true; });
  world.run_for(500ms);
  loop->stall_until(world.now() + 2s);
  world.run_for(1s);
  loop.reset();
  EXPECT_EQ(notes, std::vector{-1});
  event.set();
  EXPECT_TRUE(world.run_until_idle(1min));
  EXPECT_EQ(notes, (std::vector{-1, 3}));
  EXPECT_FALSE(rang);
}

TEST(Loop, OneLoopMayDestroyAnotherAndMakeItAnew) {
  World world;
  auto loop = world.make_loop();
  std::vector<int> notes;
  spawn(loop->executor(), note_after(loop->clock(), 2s, 1, notes));
  const auto kill = world.clock().at(world.now() + 1s, [&] {
    loop = world.make_loop();
    spawn(loop->executor(), note_after(loop->clock(), 5s, 2, notes));
  });
  EXPECT_TRUE(world.run_until_idle(1min));
  EXPECT_EQ(notes, std::vector{2});
}

TEST(World, AGeneratorOfItsOwnDoesNotChangeWhatOthersDraw) {
  World one(7), same(7);
  const auto forked = one.fork_random();
  const auto also_forked = same.fork_random();
  forked->next();
  EXPECT_EQ(one.random().next(), same.random().next());
  EXPECT_NE(forked->next(), also_forked->next());
}

}  // namespace
}  // namespace standin
