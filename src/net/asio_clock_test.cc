#include "net/asio_clock.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

using namespace std::chrono_literals;

TEST(AsioClock, RingsFromTheLoopAndNeverFromInsideTheCall) {
  boost::asio::io_context io{1};
  AsioClock clock(io.get_executor());
  bool rang = false;
  const auto alarm = clock.at(clock.now() - 1s, [&] { rang = true; });
  EXPECT_FALSE(rang);
  io.run_for(10s);
  EXPECT_TRUE(rang);
}

TEST(AsioClock, ADestroyedAlarmNeverRings) {
  boost::asio::io_context io{1};
  AsioClock clock(io.get_executor());
  bool rang = false;
  auto alarm = clock.at(clock.now(), [&] { rang = true; });
  alarm.reset();
  io.run_for(10s);
  EXPECT_FALSE(rang);
}

TEST(AsioClock, AnAlarmThatIsDueIsStillCancelledByAnEarlierOne) {
  boost::asio::io_context io{1};
  AsioClock clock(io.get_executor());
  bool rang = false;
  std::unique_ptr<Alarm> second;
  const auto first = clock.at(clock.now() - 2s, [&] { second.reset(); });
  second = clock.at(clock.now() - 1s, [&] { rang = true; });
  io.run_for(10s);
  EXPECT_FALSE(rang);
}

TEST(AsioClock, AnAlarmMayBeDestroyedByItsOwnRing) {
  boost::asio::io_context io{1};
  AsioClock clock(io.get_executor());
  std::unique_ptr<Alarm> alarm;
  int rings = 0;
  alarm = clock.at(clock.now(), [&] {
    alarm.reset();
    ++rings;
  });
  io.run_for(10s);
  EXPECT_EQ(rings, 1);
}

TEST(AsioClock, AnAlarmMayOutliveItsLoop) {
  std::unique_ptr<Alarm> alarm;
  {
    boost::asio::io_context io{1};
    AsioClock clock(io.get_executor());
    alarm = clock.at(clock.now() + 1h, [] {});
  }
  EXPECT_NE(alarm, nullptr);
  alarm.reset();
}

TEST(AsioClock, NowGoesOn) {
  boost::asio::io_context io{1};
  const AsioClock clock(io.get_executor());
  const Instant before = clock.now();
  EXPECT_LE(before, clock.now());
  EXPECT_GT(unix_ms(clock.wall()), 1'700'000'000'000);
}

/// Until the machine's own clock shows another millisecond.
void let_a_millisecond_pass() {
  const auto until = std::chrono::steady_clock::now() + 2ms;
  while (std::chrono::steady_clock::now() < until) continue;
}

TEST(AsioClock, TimeStandsStillWithinAMoment) {
  boost::asio::io_context io{1};
  const AsioClock clock(io.get_executor());
  Instant now;
  WallTime wall;
  {
    const Moment moment;
    now = clock.now();
    wall = clock.wall();
    let_a_millisecond_pass();
    EXPECT_EQ(clock.now(), now);
    EXPECT_EQ(clock.wall(), wall);
  }
  EXPECT_GT(clock.now(), now);
  EXPECT_GT(clock.wall(), wall);
}

TEST(AsioClock, AMomentBeginsWhenItIsFirstAsked) {
  boost::asio::io_context io{1};
  const AsioClock clock(io.get_executor());
  const Moment moment;
  const Instant before = std::chrono::steady_clock::now();
  EXPECT_GE(clock.now(), before);
}

}  // namespace
}  // namespace standin
