#include "journal/lifecycle.h"

#include <gtest/gtest.h>

#include <vector>

namespace standin {
namespace {

std::vector<State> every_state() {
  std::vector<State> states;
  for (int value = 1; value <= 15; ++value) states.push_back(stored_state(value).value());
  return states;
}

TEST(Lifecycle, NamesAreReadBack) {
  for (const State state : every_state()) EXPECT_EQ(parse_state(name(state)), state);
  EXPECT_FALSE(parse_state("forgotten"));
}

TEST(Lifecycle, NumbersThatNoStateHasAreRefused) {
  for (const int value : {-1, 0, 16, 256 + 1}) EXPECT_FALSE(stored_state(value)) << value;
}

TEST(Lifecycle, NothingFollowsAnEndExceptThatAChargeMayBeVoided) {
  for (const State from : every_state()) {
    if (!is_end(from)) continue;
    for (const State to : every_state()) {
      const bool voided = is_delivered(from) && to == State::cancelling;
      EXPECT_EQ(may_follow(from, to), voided) << name(from) << " to " << name(to);
    }
  }
}

TEST(Lifecycle, OnlyWhatIsBeingWithdrawnIsCancelledOrReversed) {
  for (const State from : every_state()) {
    EXPECT_EQ(may_follow(from, State::cancelled), from == State::cancelling) << name(from);
    EXPECT_EQ(may_follow(from, State::reversed), from == State::reversing) << name(from);
  }
}

TEST(Lifecycle, ARefusedOrderIsWithAPersonToTheEnd) {
  for (const State to : every_state()) {
    const bool by_person = to == State::collected || to == State::written_off;
    EXPECT_EQ(may_follow(State::refused, to), by_person) << name(to);
  }
}

TEST(Lifecycle, OnlyAReplayMatches) {
  for (const State from : every_state()) EXPECT_EQ(may_follow(from, State::matched), from == State::replaying);
}

TEST(Lifecycle, EveryStateThatIsNoEndLeadsSomewhere) {
  for (const State from : every_state()) {
    if (is_end(from)) continue;
    bool leads = false;
    for (const State to : every_state()) leads = leads || may_follow(from, to);
    EXPECT_TRUE(leads) << name(from);
  }
}

TEST(Lifecycle, NoStateFollowsItself) {
  for (const State state : every_state()) EXPECT_FALSE(may_follow(state, state)) << name(state);
}

TEST(Lifecycle, AYesNeverBecomesANoNorANoAYes) {
  for (const State from : every_state()) {
    if (from == State::charging) continue;  // nobody was told anything
    for (const State to : every_state()) {
      if (to == State::charging) continue;
      const bool by_person = to == State::collected || to == State::written_off;
      if (may_follow(from, to) && !by_person)
        EXPECT_EQ(was_accepted(from), was_accepted(to)) << name(from) << " to " << name(to);
    }
  }
}

TEST(Lifecycle, WhatIsExposedIsPromisedAndOpen) {
  for (const State state : every_state()) {
    if (is_exposed(state)) {
      EXPECT_TRUE(was_accepted(state)) << name(state);
      EXPECT_FALSE(is_end(state)) << name(state);
    }
  }
}

TEST(Lifecycle, AnOpenPromiseIsExposed) {
  for (const State state : every_state()) {
    if (was_accepted(state) && !is_end(state)) EXPECT_TRUE(is_exposed(state)) << name(state);
  }
}

TEST(Lifecycle, AnIntentIsNeverReplayedNorRefused) {
  for (const State to : {State::replaying, State::refused, State::matched}) {
    EXPECT_FALSE(may_follow(State::charging, to)) << name(to);
  }
}

TEST(Lifecycle, OnlyAnIntentLapses) {
  for (const State from : every_state()) EXPECT_EQ(may_follow(from, State::lapsed), from == State::charging);
}

TEST(Lifecycle, AWithdrawnOrderIsNotReplayed) {
  EXPECT_FALSE(may_follow(State::cancelling, State::replaying));
  EXPECT_FALSE(may_follow(State::cancelling, State::accepted));
  EXPECT_FALSE(may_follow(State::cancelling, State::held));
}

}  // namespace
}  // namespace standin
