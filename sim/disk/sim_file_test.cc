#include "sim/disk/sim_file.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sim/world.h"

namespace standin::sim {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_of(const SimFile& file) {
  std::string text(file.size(), '?');
  EXPECT_EQ(file.read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}, 0), text.size());
  return text;
}

std::string sectors(char a, char b) { return std::string(4096, a) + std::string(4096, b); }

/// What a crash may leave of a file that `change` brings about, by 200 seeds.
std::set<std::string> left_by_crashes(const std::function<void(SimFile&)>& change) {
  std::set<std::string> left;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world(seed);
    SimFile file;
    change(file);
    file.crash(world.random(), 0);
    left.insert(text_of(file));
  }
  return left;
}

TEST(SimFile, ReadsWhatWasWrittenAndZerosInAGap) {
  SimFile file;
  file.write(bytes_of("abcdef"), 0);
  file.write(bytes_of("XY"), 5);
  file.write(bytes_of("z"), 9);
  EXPECT_EQ(text_of(file), std::string("abcdeXY\0\0z", 10));
  file.truncate(3);
  file.write(bytes_of("!"), 4);
  EXPECT_EQ(text_of(file), std::string("abc\0!", 5));
}

TEST(SimFile, KeepsWhatWasSyncedThroughAnyCrash) {
  const auto left = left_by_crashes([](SimFile& file) {
    file.write(bytes_of(sectors('a', 'b')), 0);
    file.truncate(5000);
    file.sync();
  });
  EXPECT_EQ(left, std::set{sectors('a', 'b').substr(0, 5000)});
}

TEST(SimFile, LosesKeepsOrTearsWhatWasNot) {
  const auto left = left_by_crashes([](SimFile& file) {
    file.write(bytes_of(sectors('a', 'a')), 0);
    file.sync();
    file.write(bytes_of(sectors('b', 'b')), 0);
  });
  for (const auto& [first, second] : {std::pair('a', 'a'), {'b', 'b'}, {'a', 'b'}, {'b', 'a'}}) {
    EXPECT_TRUE(left.contains(sectors(first, second))) << first << second;
  }
  EXPECT_GT(left.size(), 10u) << "and in smaller sectors";
  for (const std::string& text : left) {
    for (std::size_t at = 0; at < text.size(); ++at)
      ASSERT_EQ(text[at], text[at / 512 * 512]) << "at a sector's border";
  }
}

TEST(SimFile, MayKeepALaterWriteWithoutAnEarlierOne) {
  const auto left = left_by_crashes([](SimFile& file) {
    file.write(bytes_of("ab"), 0);
    file.sync();
    file.write(bytes_of("X"), 0);
    file.write(bytes_of("Y"), 1);
    file.write(bytes_of("Z"), 1);
  });
  EXPECT_EQ(left, (std::set<std::string>{"ab", "aY", "aZ", "Xb", "XY", "XZ"}));
}

TEST(SimFile, ATruncationMayMakeItLonger) {
  SimFile file;
  file.write(bytes_of("ab"), 0);
  file.truncate(4);
  EXPECT_EQ(text_of(file), std::string("ab\0\0", 4));
}

TEST(SimFile, LosesOrKeepsATruncation) {
  const auto left = left_by_crashes([](SimFile& file) {
    file.write(bytes_of("abcd"), 0);
    file.sync();
    file.truncate(1);
    file.write(bytes_of("XY"), 1);
  });
  EXPECT_EQ(left, (std::set<std::string>{"abcd", "a", "aXY", "aXYd", std::string("a\0\0", 3)}))
      << "zeros of a torn write";
}

TEST(SimFile, DoubtsWhatAFailedSyncLeftWhateverALaterOneSays) {
  const auto left = left_by_crashes([](SimFile& file) {
    file.write(bytes_of("abc"), 0);
    file.sync();
    file.write(bytes_of("XX"), 0);
    file.fail_sync();
    file.write(bytes_of("Y"), 1);
    file.sync();
  });
  EXPECT_EQ(left, (std::set<std::string>{"aYc", "XYc"}));
}

TEST(SimFile, FlipsABitOnlyOfWhatItKeepsUnsynced) {
  bool flipped = false;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    World world(seed);
    SimFile file;
    file.write(bytes_of("aaaa"), 0);
    file.sync();
    file.write(bytes_of("bb"), 2);
    const bool struck = file.crash(world.random(), 1).flipped;
    const std::string left = text_of(file);
    EXPECT_EQ(left.substr(0, 2), "aa");
    EXPECT_EQ(struck, left.substr(2) != "aa" && left.substr(2) != "bb") << left;
    flipped = flipped || struck;
  }
  EXPECT_TRUE(flipped);
}

}  // namespace
}  // namespace standin::sim
