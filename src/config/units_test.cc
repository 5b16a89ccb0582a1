#include "config/units.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationsAreAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("200ms").value(), 200ms);
  EXPECT_EQ(parse_duration("15s").value(), 15s);
  EXPECT_EQ(parse_duration("2m").value(), 2min);
  EXPECT_EQ(parse_duration("24h").value(), 24h);
  EXPECT_EQ(parse_duration("30d").value(), 720h);
  EXPECT_EQ(parse_duration("0s").value(), 0s);
}

TEST(Units, AnythingElseIsAnError) {
  for (const char* text : {"", "s", "15", "15 s", " 15s", "15s ", "-1s", "+1s", "1.5s", "1m30s", "15S", "15min",
                           "9223372036854775808s", "9223372036854775807d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, DurationsAreWrittenWithTheLargestUnitThatDividesThem) {
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(150s), "150s");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(24h), "1d");
  EXPECT_EQ(duration_text(0s), "0s");
}

TEST(Units, SizesAreAWholeNumberAndABinaryUnit) {
  EXPECT_EQ(parse_bytes("600B").value(), 600u);
  EXPECT_EQ(parse_bytes("32KiB").value(), 32768u);
  EXPECT_EQ(parse_bytes("1MiB").value(), 1048576u);
  EXPECT_EQ(parse_bytes("2GiB").value(), 2147483648u);
}

TEST(Units, DecimalUnitsAreAnErrorThatSuggestsTheBinaryOne) {
  const auto size = parse_bytes("10kb");
  ASSERT_FALSE(size);
  EXPECT_TRUE(size.error().what.ends_with("did you mean '10KiB'?")) << size.error().what;
}

TEST(Units, SizesAreReadAsTheyAreWritten) {
  for (const std::size_t size : {1u, 600u, 1024u, 1536u, 1048576u, 2147483648u}) {
    EXPECT_EQ(parse_bytes(bytes_text(size)).value(), size);
  }
}

}  // namespace
}  // namespace standin
