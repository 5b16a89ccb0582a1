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

TEST(Lifecycle, NothingFollowsAnEndExceptThatADeclineMayBeDoubtedAndAChargeVoided) {
  for (const State from : every_state()) {
    for (const State to : every_state()) {
      if (!is_end(from) || (from == State::declined && to == State::reversing)) continue;
      if ((from == State::settled || from == State::matched) && (to == State::cancelled || to == State::cancelling)) {
        continue;
      }
      EXPECT_FALSE(may_follow(from, to)) << name(from) << " to " << name(to);
    }
  }
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

TEST(Lifecycle, ARefusedOrderIsNotReplayed) {
  EXPECT_FALSE(may_follow(State::refused, State::replaying));
  EXPECT_FALSE(may_follow(State::refused, State::accepted));
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
