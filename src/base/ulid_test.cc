#include "base/ulid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace standin {
namespace {

/// The same byte for ever.
class Constant final : public Random {
 public:
  explicit Constant(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, byte_); }

 private:
  std::uint8_t byte_;
};

TEST(Ulid, IsWrittenAsTheSpecificationSays) {
  // 1469918176385 ms is 01ARYZ6S41 in the specification's example.
  Constant zeros(0);
  UlidMaker maker(zeros);
  EXPECT_EQ(maker.make(wall_time(1469918176385)).text(), "01ARYZ6S410000000000000000");
}

TEST(Ulid, IsReadAsItIsWritten) {
  UlidMaker maker(system_random());
  for (int i = 0; i < 100; ++i) {
    const Ulid id = maker.make(wall_time(1'700'000'000'000 + i));
    EXPECT_EQ(Ulid::parse(id.text()), id);
    EXPECT_EQ(id.made_at(), wall_time(1'700'000'000'000 + i));
  }
  Ulid greatest;
  greatest.bytes.fill(0xff);
  EXPECT_EQ(greatest.text(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(Ulid::parse(greatest.text()), greatest);
}

TEST(Ulid, IsReadInEitherCase) {
  EXPECT_EQ(Ulid::parse("01aryz6s410000000000000000"), Ulid::parse("01ARYZ6S410000000000000000"));
}

TEST(Ulid, AnythingElseIsNone) {
  for (const char* text : {"", "01ARYZ6S41000000000000000", "01ARYZ6S4100000000000000000", "81ARYZ6S410000000000000000",
                           "01ARYZ6S41000000000000000U", "01ARYZ6S41000000000000000I", "U1ARYZ6S410000000000000000",
                           "01ARYZ6S41-000000000000000"}) {
    EXPECT_FALSE(Ulid::parse(text)) << text;
  }
}

TEST(UlidMaker, NoTwoMillisecondsShareTheirChance) {
  UlidMaker maker(system_random());
  std::set<std::vector<std::uint8_t>> chances;
  for (int ms = 0; ms < 100; ++ms) {
    const Ulid id = maker.make(wall_time(1000 + ms));
    chances.emplace(id.bytes.begin() + 6, id.bytes.end());
  }
  EXPECT_EQ(chances.size(), 100u);
}

TEST(UlidMaker, SortsByTimeAsBytesAndAsText) {
  UlidMaker maker(system_random());
  Ulid before = maker.make(wall_time(1000));
  for (int ms = 1001; ms < 1100; ++ms) {
    const Ulid after = maker.make(wall_time(ms));
    EXPECT_LT(before, after);
    EXPECT_LT(before.text(), after.text());
    before = after;
  }
}

TEST(UlidMaker, CountsUpWithinAMillisecond) {
  Constant ones(0xff);
  UlidMaker maker(ones);
  Ulid before = maker.make(wall_time(1000));
  for (unsigned i = 1; i < ulids_in_a_millisecond; ++i) {
    const Ulid after = maker.make(wall_time(1000));
    EXPECT_LT(before, after);
    EXPECT_EQ(after.made_at(), wall_time(1000));
    before = after;
  }
}

TEST(UlidMaker, ThreeDigitsTellTheIdsOfAMillisecondApartWhileTheClockStandsStill) {
  for (const std::uint8_t chance : {0x00, 0x83, 0xff}) {
    Constant random(chance);
    UlidMaker maker(random);
    std::set<std::pair<WallTime, int>> references;
    Ulid last = maker.make(wall_time(1000));
    for (int i = 0; i < 3500; ++i) {
      const Ulid id = maker.make(wall_time(1000));
      EXPECT_GT(id, last);
      references.emplace(id.made_at(), (id.bytes[14] * 256 + id.bytes[15]) % 1000);
      last = id;
    }
    EXPECT_EQ(references.size(), 3500u);
  }
}

TEST(UlidMaker, StaysMonotonicWhenTheClockGoesBack) {
  UlidMaker maker(system_random());
  const Ulid before = maker.make(wall_time(5000));
  const Ulid after = maker.make(wall_time(1000));
  EXPECT_LT(before, after);
  EXPECT_LT(after, maker.make(wall_time(5001)));
}

TEST(UlidMaker, DrawsTheFirstIdByChanceAlsoAtTheEpoch) {
  Constant ones(0x11);
  UlidMaker maker(ones);
  EXPECT_EQ(maker.make(wall_time(0)).bytes[15], 0x11);
}

TEST(UlidMaker, ThreadsNeverShareAnId) {
  UlidMaker maker(system_random());
  std::vector<std::vector<Ulid>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made) {
      threads.emplace_back([&ids, &maker] {
        for (int i = 0; i < 500; ++i) ids.push_back(maker.make(wall_time(1000)));
      });
    }
  }
  std::set<Ulid> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 2000u);
}

}  // namespace
}  // namespace standin
