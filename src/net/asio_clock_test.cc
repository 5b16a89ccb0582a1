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

}  // namespace
}  // namespace standin
