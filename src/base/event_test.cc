#include "base/event.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace standin {
namespace {

using namespace std::chrono_literals;

/// Time that stands still until a test moves it, on the loop's own thread.
class StillClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return wall_time(0); }

  std::unique_ptr<Alarm> at(Instant when, std::move_only_function<void()> ring) override {
    const int id = next_++;
    alarms_.emplace(id, std::pair(when, std::move(ring)));
    return std::make_unique<Entry>(*this, id);
  }

  void move_to(Instant when) {
    now_ = when;
    while (const int id = due()) {
      auto ring = std::move(alarms_.at(id).second);
      alarms_.erase(id);
      ring();
    }
  }

  std::size_t pending() const { return alarms_.size(); }

 private:
  struct Entry final : Alarm {
    Entry(StillClock& owner, int id) : clock(owner), number(id) {}
    ~Entry() override { clock.alarms_.erase(number); }
    StillClock& clock;
    int number;
  };

  int due() const {
    for (const auto& [id, alarm] : alarms_) {
      if (alarm.first <= now_) return id;
    }
    return 0;
  }

  Instant now_{};
  int next_ = 1;
  std::map<int, std::pair<Instant, std::move_only_function<void()>>> alarms_;
};

Task<> note_when(Event& event, std::string& story, std::string name) {
  co_await event.wait();
  story += name;
}

Task<> note_in_time(Event& event, Clock& clock, Instant deadline, std::string& story) {
  const bool happened = co_await event.wait_until(clock, deadline);
  story += happened ? "happened" : "too late";
}

Task<> note_value(OneShot<std::string>& shot, std::string& story) {
  const std::string value = co_await shot.wait();
  story += value;
}

Task<> note_value_in_time(OneShot<int>& shot, Clock& clock, Instant deadline, std::optional<int>& out) {
  out = co_await shot.wait_until(clock, deadline);
}

TEST(Event, SetBeforeTheWaitIsSeenAtOnce) {
  boost::asio::io_context loop;
  Event event;
  event.set();
  std::string story;
  spawn(loop.get_executor(), note_when(event, story, "a"));
  loop.run();
  EXPECT_EQ(story, "a");
  EXPECT_TRUE(event.is_set());
}

TEST(Event, WakesEveryoneWhoWaits) {
  boost::asio::io_context loop;
  Event event;
  std::string story;
  spawn(loop.get_executor(), note_when(event, story, "a"));
  spawn(loop.get_executor(), note_when(event, story, "b"));
  loop.poll();
  EXPECT_EQ(story, "");
  event.set();
  loop.restart();
  loop.run();
  EXPECT_EQ(story, "ab");
}

TEST(Event, SettingTwiceWakesOnce) {
  boost::asio::io_context loop;
  Event event;
  std::string story;
  spawn(loop.get_executor(), note_when(event, story, "a"));
  loop.poll();
  event.set();
  event.set();
  loop.restart();
  loop.run();
  EXPECT_EQ(story, "a");
}

TEST(Event, TheDeadlineEndsTheWait) {
  boost::asio::io_context loop;
  StillClock clock;
  Event event;
  std::string story;
  spawn(loop.get_executor(), note_in_time(event, clock, clock.now() + 5s, story));
  loop.poll();
  clock.move_to(clock.now() + 4s);
  loop.poll();
  EXPECT_EQ(story, "");
  clock.move_to(clock.now() + 1s);
  loop.poll();
  EXPECT_EQ(story, "too late");
  event.set();
  loop.poll();
  EXPECT_EQ(story, "too late");
}

TEST(Event, HappeningInTimeCancelsTheAlarm) {
  boost::asio::io_context loop;
  StillClock clock;
  Event event;
  std::string story;
  spawn(loop.get_executor(), note_in_time(event, clock, clock.now() + 5s, story));
  loop.poll();
  event.set();
  loop.poll();
  EXPECT_EQ(story, "happened");
  EXPECT_EQ(clock.pending(), 0u);
}

TEST(Event, HappeningTogetherWithTheDeadlineCounts) {
  boost::asio::io_context loop;
  StillClock clock;
  Event event;
  std::string story;
  spawn(loop.get_executor(), note_in_time(event, clock, clock.now() + 5s, story));
  loop.poll();
  clock.move_to(clock.now() + 5s);
  event.set();
  loop.poll();
  EXPECT_EQ(story, "happened");
}

TEST(Event, EachWaiterResumesOnItsOwnLoopWhicheverThreadSetsIt) {
  boost::asio::io_context loop;
  Event event;
  std::thread::id resumed_on;
  const auto wait = [](Event& waited, std::thread::id& out) -> Task<> {
    co_await waited.wait();
    out = std::this_thread::get_id();
  };
  spawn(loop.get_executor(), wait(event, resumed_on));
  std::jthread runner([&loop] { loop.run(); });
  const std::thread::id loop_thread = runner.get_id();
  std::jthread setter([&event] { event.set(); });
  setter.join();
  runner.join();
  EXPECT_EQ(resumed_on, loop_thread);
}

TEST(Event, WaitingAndSettingMayRaceOnTwoThreads) {
  for (int round = 0; round < 200; ++round) {
    boost::asio::io_context loop;
    Event event;
    std::string story;
    spawn(loop.get_executor(), note_when(event, story, "a"));
    std::jthread setter([&event] { event.set(); });
    loop.run();
    setter.join();
    ASSERT_EQ(story, "a") << "round " << round;
  }
}

TEST(Event, AWaiterDiesWithItsLoopAndTheEventLivesOn) {
  Event event;
  std::string story;
  {
    boost::asio::io_context loop;
    spawn(loop.get_executor(), note_when(event, story, "a"));
    loop.poll();
  }
  event.set();
  EXPECT_TRUE(event.is_set());
  EXPECT_EQ(story, "");
}

TEST(OneShot, GivesEveryWaiterTheValue) {
  boost::asio::io_context loop;
  OneShot<std::string> shot;
  std::string story;
  spawn(loop.get_executor(), note_value(shot, story));
  loop.poll();
  EXPECT_FALSE(shot.peek());
  shot.set("x");
  spawn(loop.get_executor(), note_value(shot, story));
  loop.restart();
  loop.run();
  EXPECT_EQ(story, "xx");
}

TEST(OneShot, TheValueComesFromAnotherThread) {
  boost::asio::io_context loop;
  OneShot<std::string> shot;
  std::string story;
  spawn(loop.get_executor(), note_value(shot, story));
  std::jthread setter([&shot] { shot.set("from there"); });
  loop.run();
  setter.join();
  EXPECT_EQ(story, "from there");
}

TEST(OneShot, AfterTheDeadlineTheValueMayStillArrive) {
  boost::asio::io_context loop;
  StillClock clock;
  OneShot<int> shot;
  std::optional<int> in_time = 7;
  spawn(loop.get_executor(), note_value_in_time(shot, clock, clock.now() + 1s, in_time));
  loop.poll();
  clock.move_to(clock.now() + 1s);
  loop.poll();
  EXPECT_EQ(in_time, std::nullopt);
  shot.set(3);
  EXPECT_EQ(shot.peek(), 3);
}

TEST(OneShotDeathTest, IsSetOnce) {
  OneShot<int> shot;
  shot.set(1);
  EXPECT_DEATH(shot.set(2), "a OneShot is set once");
}

TEST(Clock, SleepsUntilItsTime) {
  boost::asio::io_context loop;
  StillClock clock;
  std::string story;
  const auto sleep = [](Clock& on, std::string& out) -> Task<> {
    co_await on.sleep_for(2s);
    out = "awake";
  };
  spawn(loop.get_executor(), sleep(clock, story));
  loop.poll();
  EXPECT_EQ(story, "");
  clock.move_to(clock.now() + 2s);
  loop.poll();
  EXPECT_EQ(story, "awake");
}

}  // namespace
}  // namespace standin
