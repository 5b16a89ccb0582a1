#include "journal/consequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace standin {
namespace {

Change after(State from, Outcome outcome) {
  const AttemptEnd end{.attempt = {.kind = "live", .outcome = outcome, .detail = "status 200"},
                       .upstream_reference = "A",
                       .now = wall_time(1),
                       .again = wall_time(2)};
  return consequence({}, from, end, "test");
}

TEST(Consequence, ForAnIntentIsWhatThePartyDid) {
  EXPECT_EQ(after(State::charging, Outcome::approved).to, State::settled);
  EXPECT_EQ(after(State::charging, Outcome::declined).to, State::declined);
  EXPECT_EQ(after(State::charging, Outcome::not_done).to, State::lapsed);
  EXPECT_EQ(after(State::charging, Outcome::unknown).to, State::charging);
}

TEST(Consequence, OfADeclineAfterOurYesIsACaseWithTheAdviceForItsKind) {
  const auto advice = [](OrderKind kind) {
    const AttemptEnd end{.attempt = {.kind = "replay", .outcome = Outcome::declined}, .kind = kind};
    return consequence({}, State::replaying, end, "test").follow_up.value_or("");
  };
  using testing::AllOf, testing::HasSubstr, testing::Not;
  EXPECT_THAT(advice(OrderKind::charge), HasSubstr("collect from the customer or write off"));
  EXPECT_THAT(advice(OrderKind::capture), HasSubstr("capture it at the party"));
  EXPECT_THAT(advice(OrderKind::refund), AllOf(HasSubstr("refund it"), Not(HasSubstr("collect"))));
}

TEST(Consequence, ForAnIntentIsNobodysCase) {
  for (const Outcome outcome : {Outcome::approved, Outcome::declined, Outcome::not_done, Outcome::unknown}) {
    const Change change = after(State::charging, outcome);
    EXPECT_FALSE(change.follow_up);
    EXPECT_EQ(change.due, wall_time(2));
    EXPECT_EQ(change.upstream_reference, outcome == Outcome::approved ? "A" : "");
  }
}

TEST(Consequence, IsAStepThatTheLifecycleHas) {
  for (const State from : {State::accepted, State::replaying, State::charging, State::reversing, State::cancelling}) {
    for (const Outcome outcome : {Outcome::approved, Outcome::declined, Outcome::not_done, Outcome::unknown}) {
      const State to = after(from, outcome).to;
      EXPECT_TRUE(to == from || may_follow(from, to)) << name(from) << " to " << name(to);
    }
  }
}

}  // namespace
}  // namespace standin
