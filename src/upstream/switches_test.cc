#include "upstream/switches.h"

#include <gtest/gtest.h>

#include <thread>

namespace standin {
namespace {

const WallTime now = wall_time(1'800'000'000'000);

TEST(Switches, OneWithoutAKeyCutsTheWholeUpstream) {
  Switches switches;
  switches.cut({.upstream = "cardgate"});
  EXPECT_TRUE(switches.stops("cardgate", "", now));
  EXPECT_TRUE(switches.stops("cardgate", "FR", now));
  EXPECT_FALSE(switches.stops("backupgate", "FR", now));
}

TEST(Switches, OneWithAKeyCutsThatKeyAlone) {
  Switches switches;
  switches.cut({.upstream = "cardgate", .key = "FR"});
  EXPECT_TRUE(switches.stops("cardgate", "FR", now));
  EXPECT_FALSE(switches.stops("cardgate", "FR/visa", now));
  EXPECT_FALSE(switches.stops("cardgate", "", now));
}

TEST(Switches, ExpireByThemselves) {
  Switches switches;
  switches.cut({.upstream = "cardgate", .until = now});
  EXPECT_TRUE(switches.stops("cardgate", "", now - std::chrono::milliseconds(1)));
  EXPECT_FALSE(switches.stops("cardgate", "", now));
  EXPECT_TRUE(switches.in_force(now).empty());
}

TEST(Switches, AreRestoredOneByOne) {
  Switches switches;
  switches.cut({.upstream = "cardgate"});
  switches.cut({.upstream = "cardgate", .key = "FR"});
  switches.restore("cardgate", "");
  EXPECT_TRUE(switches.stops("cardgate", "FR", now));
  EXPECT_FALSE(switches.stops("cardgate", "DE", now));
  switches.restore("cardgate", "FR");
  EXPECT_FALSE(switches.stops("cardgate", "FR", now));
}

TEST(Switches, HoldOnEveryThreadOnceCut) {
  Switches switches;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&switches, key = std::to_string(i)] {
      for (int turn = 0; turn < 1000; ++turn) {
        switches.cut({.upstream = "cardgate", .key = key});
        EXPECT_TRUE(switches.stops("cardgate", key, now));
        switches.restore("cardgate", key);
        EXPECT_FALSE(switches.stops("cardgate", key, now));
      }
    });
  }
}

}  // namespace
}  // namespace standin
