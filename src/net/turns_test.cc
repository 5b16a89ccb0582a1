#include "net/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "net/net_limits.h"

namespace standin {
namespace {

class TurnsOfALoop : public ::testing::Test {
 protected:
  /// Takes all that may begin at once.
  void fill_turn() {
    for (std::size_t i = 0; i < limits::begun_a_turn; ++i) ASSERT_TRUE(turns_->begin());
  }
  void wait(bool rested, std::string name) {
    turns_->wait(rested, [this, name = std::move(name)] { begun_.push_back(name); });
  }
  /// Runs the turn that is to come, and returns what it began.
  std::vector<std::string> turn() {
    begun_.clear();
    loop_.run_one();
    return begun_;
  }

  boost::asio::io_context loop_;
  std::shared_ptr<Turns> turns_ = std::make_shared<Turns>(loop_.get_executor());
  std::vector<std::string> begun_;
};

TEST_F(TurnsOfALoop, BeginsAFewAtOnceAndMoreInTheNextTurn) {
  fill_turn();
  EXPECT_FALSE(turns_->begin());
  turn();
  EXPECT_TRUE(turns_->begin());
}

TEST_F(TurnsOfALoop, NobodyOvertakesWhoWaits) {
  fill_turn();
  for (std::size_t i = 0; i <= limits::begun_a_turn; ++i) wait(false, std::to_string(i));
  EXPECT_EQ(turn().size(), limits::begun_a_turn);
  EXPECT_FALSE(turns_->begin());
  EXPECT_EQ(turn(), std::vector{std::to_string(limits::begun_a_turn)});
}

TEST_F(TurnsOfALoop, WhoHasRestedGoesFirstAndTheBusyAreNotForgotten) {
  fill_turn();
  for (std::size_t i = 0; i < 2 * limits::begun_a_turn; ++i) {
    wait(false, "busy");
    wait(true, "rested");
  }
  const auto begun = turn();
  ASSERT_EQ(begun.size(), limits::begun_a_turn);
  EXPECT_EQ(begun.front(), "rested");
  EXPECT_EQ(std::ranges::count(begun, "busy"), static_cast<std::ptrdiff_t>(limits::begun_busy));
}

TEST_F(TurnsOfALoop, AnIdleLoopHasNothingToRun) {
  fill_turn();
  turn();
  EXPECT_EQ(loop_.run(), 0U);
}

TEST_F(TurnsOfALoop, OneThatWaitsForAnotherTurnGetsIt) {
  fill_turn();
  turns_->wait(false, [this] { wait(false, "again"); });
  EXPECT_EQ(turn(), std::vector<std::string>{"again"});
}

TEST(Turns, WhatWaitsGoesWithTheLoop) {
  std::weak_ptr<Turns> seen;
  {
    boost::asio::io_context loop;
    const auto turns = std::make_shared<Turns>(loop.get_executor());
    seen = turns;
    while (turns->begin()) continue;
    turns->wait(false, [keeps_alive = turns] {});
    turns->wait(true, [keeps_alive = turns] {});
  }
  EXPECT_TRUE(seen.expired());
}

TEST(Turns, ACoroutineThatWaitsGoesWithTheLoop) {
  struct Note {
    ~Note() { *destroyed = true; }
    bool* destroyed;
  };
  bool begun = false, destroyed = false;
  {
    boost::asio::io_context loop;
    auto waits = [](std::shared_ptr<Turns> of, bool* went_on, bool* ended) -> Task<> {
      const Note note{ended};
      while (of->begin()) continue;
      co_await of->wait(true);
      *went_on = true;
    };
    spawn(loop.get_executor(), waits(std::make_shared<Turns>(loop.get_executor()), &begun, &destroyed));
    loop.run_one();
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
  EXPECT_FALSE(begun);
}

TEST(Turns, RestIsMoreThanTheShortestPause) {
  EXPECT_FALSE(has_rested(Instant() + limits::rest, Instant() + 2 * limits::rest));
  EXPECT_TRUE(has_rested(Instant() + limits::rest, Instant() + 2 * limits::rest + Duration(1)));
}

}  // namespace
}  // namespace standin
