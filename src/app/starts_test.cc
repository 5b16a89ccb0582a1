#include "app/starts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

namespace standin {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class StartsTest : public ::testing::Test {
 protected:
  StartsTest() { std::filesystem::remove(journal_ + ".starts"); }
  ~StartsTest() override { std::filesystem::remove(journal_ + ".starts"); }

  /// A process that starts now, in place of the one before.
  Starts& start(WallTime::duration later) {
    now_ += later;
    process_.reset();
    return process_.emplace(journal_, now_);
  }

  const std::string journal_ =
      std::filesystem::temp_directory_path() / ("standin-starts-" + std::to_string(::getpid()));
  WallTime now_{std::chrono::hours(1)};
  std::optional<Starts> process_;
};

TEST_F(StartsTest, ThreeDeathsWithinAMinuteAreTooMany) {
  EXPECT_FALSE(start(seconds(0)).too_many());
  EXPECT_FALSE(start(minutes(60)).too_many());
  EXPECT_FALSE(start(seconds(30)).too_many());
  EXPECT_TRUE(start(seconds(30)).too_many());
  EXPECT_TRUE(start(seconds(1)).too_many());
}

TEST_F(StartsTest, DeathsFurtherApartAreNot) {
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(start(seconds(31)).too_many());
}

TEST_F(StartsTest, AnEndThatWasAskedForForgetsThem) {
  start(seconds(0));
  start(seconds(1));
  start(seconds(1)).forget();
  EXPECT_FALSE(start(seconds(1)).too_many());
  EXPECT_FALSE(start(seconds(1)).too_many());
  EXPECT_FALSE(start(seconds(1)).too_many());
  EXPECT_TRUE(start(seconds(1)).too_many());
}

TEST_F(StartsTest, AStartThatIsTakenBackCountsForNothing) {
  start(seconds(0));
  start(seconds(1));
  for (int i = 0; i < 5; ++i) start(seconds(1)).take_back();
  EXPECT_FALSE(start(seconds(1)).too_many());
  EXPECT_TRUE(start(seconds(1)).too_many());
}

TEST_F(StartsTest, AnotherProcessOfTheSameJournalCountsNothing) {
  start(seconds(0));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Starts(journal_, now_).too_many());
  EXPECT_FALSE(start(seconds(1)).too_many());
}

}  // namespace
}  // namespace standin
