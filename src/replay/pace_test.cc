#include "replay/pace.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

using namespace std::chrono_literals;

constexpr Instant beginning{1h};

TEST(Pace, StartsOneAfterTheOther) {
  Pace pace(20);
  pace.started(beginning);
  EXPECT_EQ(pace.next_start(), beginning + 200ms) << "it begins at a quarter";
  pace.succeeded();
  pace.started(beginning + 200ms);
  EXPECT_LT(pace.next_start(), beginning + 400ms);
}

TEST(Pace, WhatHadNothingToSendTakesNobodysPlace) {
  Pace pace(20);
  for (int i = 0; i < 100; ++i) {
    pace.started(beginning);
    pace.gave_way();
  }
  EXPECT_EQ(pace.next_start(), beginning);
}

TEST(Pace, AFailureIsWaitedForAllTheSame) {
  Pace pace(20);
  pace.failed(beginning);
  const Instant next = pace.next_start();
  EXPECT_GT(next, beginning);
  pace.started(next);
  pace.gave_way();
  EXPECT_EQ(pace.next_start(), next);
}

}  // namespace
}  // namespace standin
