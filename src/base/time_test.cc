#include "base/time.h"

#include <gtest/gtest.h>

#include "base/party_clocks.h"

namespace standin {
namespace {

TEST(Time, Iso8601IsUtcWithMilliseconds) {
  EXPECT_EQ(iso8601(wall_time(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso8601(wall_time(1'795'316'645'678)), "2026-11-22T03:04:05.678Z");
  EXPECT_EQ(iso8601(wall_time(951'782'400'005)), "2000-02-29T00:00:00.005Z");
}

TEST(Time, Iso8601BeforeTheEpochCountsMillisecondsForwards) {
  EXPECT_EQ(iso8601(wall_time(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Time, HttpDateIsTheFixedFormat) {
  EXPECT_EQ(http_date(wall_time(784'111'777'000)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(wall_time(784'111'777'999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(wall_time(1'795'316'645'678)), "Sun, 22 Nov 2026 03:04:05 GMT");
}

TEST(Time, UnixMillisecondsAreReadAsTheyAreWritten) {
  EXPECT_EQ(unix_ms(wall_time(1'795'316'645'678)), 1'795'316'645'678);
  EXPECT_EQ(seconds(std::chrono::milliseconds(1500)), 1.5);
}

TEST(Time, ReadsTheDateOfAnAnswerAndNothingElse) {
  EXPECT_EQ(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), wall_time(784'111'777'000));
  for (const char* const other : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
                                  "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC"}) {
    EXPECT_EQ(read_http_date(other), std::nullopt) << other;
  }
}

TEST(PartyClocks, TheLeadIsKnownAsFarAsWholeSecondsAndTheWayTell) {
  const WallTime asked = wall_time(784'111'717'400), answered = wall_time(784'111'717'600);
  const auto lead = lead_of("Sun, 06 Nov 1994 08:49:37 GMT", asked, answered);
  ASSERT_TRUE(lead);
  EXPECT_EQ(lead->least, std::chrono::milliseconds(59'400));
  EXPECT_EQ(lead->most, std::chrono::milliseconds(60'600));
}

TEST(PartyClocks, ThePartysTargetsMayHaveDifferentOnesAndTheLastWordOfEachCounts) {
  using namespace std::chrono_literals;
  PartyClocks clocks;
  EXPECT_FALSE(clocks.lead("gate"));
  clocks.heard("gate", "east", {1h, 1h});
  clocks.heard("gate", "west", {-1s, 0s});
  clocks.heard("gate", "east", {2s, 3s});
  ASSERT_TRUE(clocks.lead("gate"));
  EXPECT_EQ(clocks.lead("gate")->least, -1s);
  EXPECT_EQ(clocks.lead("gate")->most, 3s);
  EXPECT_FALSE(clocks.lead("other"));
}

}  // namespace
}  // namespace standin
