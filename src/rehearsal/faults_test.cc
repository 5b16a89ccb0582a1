#include "rehearsal/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Faults, AnEmptyObjectHeals) {
  const auto faults = faults_from_json("{}");
  ASSERT_TRUE(faults.has_value());
  EXPECT_EQ(faults->answer, Misbehaviour::none);
  EXPECT_TRUE(faults->habits().unique_index);
  EXPECT_FALSE(faults->habits().charge_before_commit);
}

TEST(Faults, ReadBackAsTheyWereWritten) {
  const Faults faults{.answer = Misbehaviour::half_answer,
                      .at = Moment::after,
                      .status = 503,
                      .delay_before = 20s,
                      .delay_after = 5ms,
                      .fraction = 0.25,
                      .seed = 7,
                      .everywhere = true,
                      .ping = Faults::Ping::down,
                      .charge_before_commit = true,
                      .no_unique_index = true};
  const auto read = faults_from_json(to_json(faults));
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(to_json(*read), to_json(faults));
  EXPECT_EQ(read->answer, Misbehaviour::half_answer);
  EXPECT_EQ(read->at, Moment::after);
  EXPECT_EQ(read->delay_before, 20s);
  EXPECT_EQ(read->delay_after, 5ms);
  EXPECT_EQ(read->ping, Faults::Ping::down);
}

TEST(Faults, AMisspeltMemberIsAnErrorThatSuggestsTheRightOne) {
  EXPECT_THAT(faults_from_json(R"({"delay_befor_ms": 5})").error().what, HasSubstr("\"delay_before_ms\"?"));
}

TEST(Faults, AMisspeltMisbehaviourIsAnErrorThatSuggestsTheRightOne) {
  EXPECT_THAT(faults_from_json(R"({"answer": "hangs"})").error().what, HasSubstr("\"hang\"?"));
}

TEST(Faults, ValuesOutOfRangeAreErrors) {
  EXPECT_FALSE(faults_from_json(R"({"fraction": 1.5})").has_value());
  EXPECT_FALSE(faults_from_json(R"({"status": 99})").has_value());
  EXPECT_FALSE(faults_from_json(R"({"delay_after_ms": -1})").has_value());
  EXPECT_FALSE(faults_from_json(R"({"everywhere": "yes"})").has_value());
  EXPECT_FALSE(faults_from_json(R"({"answer": "hang", "at": "now"})").has_value());
  EXPECT_FALSE(faults_from_json("[]").has_value());
}

}  // namespace
}  // namespace standin::rehearsal
