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

}  // namespace
}  // namespace standin
