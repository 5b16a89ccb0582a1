#include "sim/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "sim/sabotage.h"

namespace standin::sim {
namespace {

constexpr Instant noon{std::chrono::hours(12)};

std::uint64_t hash_of(Instant now, std::string_view who, int number) {
  Trace trace;
  trace.note(now, who, "did {}", number);
  return trace.hash();
}

TEST(Trace, TheSameNotesHaveTheSameHashAndEveryPartOfANoteCounts) {
  const auto hash = hash_of(noon, "shop", 1);
  EXPECT_EQ(hash_of(noon, "shop", 1), hash);
  EXPECT_NE(hash_of(noon + Duration(1), "shop", 1), hash);
  EXPECT_NE(hash_of(noon, "till", 1), hash);
  EXPECT_NE(hash_of(noon, "shop", 2), hash);
}

TEST(Trace, PrintsALineForANoteAndHashesTheSame) {
  std::vector<std::string> lines;
  Trace trace([&](const std::string& line) { lines.push_back(line); });
  trace.note(noon + std::chrono::microseconds(5), "shop", "did {}", 1);
  EXPECT_THAT(lines, testing::ElementsAre("12:00:00.000005 shop         did 1"));
  EXPECT_EQ(trace.hash(), hash_of(noon + std::chrono::microseconds(5), "shop", 1));
}

TEST(Sabotage, EveryKindIsReadAsItIsSpelt) {
  for (const Sabotage kind : all_sabotage) EXPECT_EQ(parse_sabotage(name(kind)), kind);
  EXPECT_FALSE(parse_sabotage("arson"));
}

}  // namespace
}  // namespace standin::sim
