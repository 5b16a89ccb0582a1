#include "cache/bodies.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>

#include "cache/cache_limits.h"

namespace standin {
namespace {

/// A body in given pieces, which may break off.
struct Pieces final : BodySource {
  std::deque<std::string> left;
  std::string now;
  bool breaks_off = false;
  int asked = 0;
  std::optional<FramingRefusal> why;

  Task<Piece> next() override {
    ++asked;
    if (left.empty() && breaks_off) why = FramingRefusal{502, "cut"};
    if (why) co_return std::unexpected(*why);
    if (left.empty()) co_return std::string_view();
    now = left.front();
    left.pop_front();
    co_return now;
  }
  const std::optional<FramingRefusal>& failure() const override { return why; }
};

Task<> pass_on(BodySource& body, std::string& got, bool& broken) {
  while (true) {
    const auto piece = co_await body.next();
    broken = !piece;
    if (!piece || piece->empty()) co_return;
    got += *piece;
  }
}

struct Copying : testing::Test {
  std::shared_ptr<Cache> cache = std::make_shared<Cache>(1 << 20);
  std::shared_ptr<Pieces> source = std::make_shared<Pieces>();
  std::optional<std::string> kept;
  std::string got;
  bool broken = false;

  void run(const std::shared_ptr<BodySource>& body) {
    boost::asio::io_context context;
    spawn(context.get_executor(), pass_on(*body, got, broken));
    context.run();
  }
  std::shared_ptr<BodySource> copied(std::string begun = {}) {
    return copied_body(source, std::move(begun), cache, [this](std::string body) { kept = std::move(body); });
  }
  bool all_given_back() const {
    const bool free = cache->fill((1 << 20) / 4);
    cache->end_filling(free ? (1 << 20) / 4 : 0);
    return free;
  }
};

TEST_F(Copying, PassesOnAndKeepsTheWhole) {
  source->left = {"bc", "def"};
  run(copied("a"));
  EXPECT_EQ(got, "bcdef");
  EXPECT_EQ(kept, "abcdef");
  EXPECT_TRUE(all_given_back());
}

TEST_F(Copying, AsksForAPieceOnlyWhenAsked) {
  source->left = {"a", "b"};
  const auto body = copied();
  EXPECT_EQ(source->asked, 0);
  run(body);
  EXPECT_EQ(source->asked, 3);
}

TEST_F(Copying, WhatBreaksOffIsNotKept) {
  source->left = {"a"};
  source->breaks_off = true;
  run(copied());
  EXPECT_TRUE(broken);
  EXPECT_EQ(kept, std::nullopt);
  EXPECT_TRUE(all_given_back());
}

TEST_F(Copying, WhatNobodyReadsToItsEndIsNotKept) {
  source->left = {std::string(1000, 'a')};
  copied("begun").reset();
  EXPECT_EQ(kept, std::nullopt);
  EXPECT_TRUE(all_given_back());
}

TEST_F(Copying, WhatIsTooLargePassesAllTheSame) {
  source->left = {std::string(100'000, 'a'), std::string(31'073, 'b'), "c"};
  run(copied());
  EXPECT_EQ(got.size(), 131'074u);
  EXPECT_EQ(kept, std::nullopt);
  EXPECT_TRUE(all_given_back());
}

TEST_F(Copying, WithoutRoomItPassesAllTheSame) {
  ASSERT_TRUE(cache->fill((1 << 20) / 4));
  source->left = {"a"};
  run(copied());
  EXPECT_EQ(got, "a");
  EXPECT_EQ(kept, std::nullopt);
  cache->end_filling((1 << 20) / 4);
  EXPECT_TRUE(all_given_back());
}

TEST(Lending, GivesPiecesOfTheOneBody) {
  const auto whole = std::make_shared<const std::string>(limits::cached_body_piece + 10, 'x');
  boost::asio::io_context context;
  std::string got;
  bool broken = false;
  const auto body = lent_body(whole);
  spawn(context.get_executor(), pass_on(*body, got, broken));
  context.run();
  EXPECT_EQ(got, *whole);
  EXPECT_FALSE(broken);
}

}  // namespace
}  // namespace standin
