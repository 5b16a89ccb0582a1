#include "base/time.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace standin
