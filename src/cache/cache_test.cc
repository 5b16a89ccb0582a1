#include "cache/cache.h"

#include <gtest/gtest.h>

#include <thread>

namespace standin {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mebibyte = 1 << 20;

std::shared_ptr<const KeptAnswer> answer_of(std::size_t bytes, Varying varying = {}) {
  Response response{.status = 200, .body = std::string(bytes, 'x')};
  return keep(std::move(response), {.lifetime = 60s}, std::move(varying), Instant(), WallTime());
}
Headers accepts(const std::string& encoding) {
  Headers headers;
  headers.add("Accept-Encoding", encoding);
  return headers;
}
Varying by_encoding(const std::string& encoding) { return {{"accept-encoding", encoding}}; }

TEST(Cache, GivesOutWhatItKeepsAndCopiesNothing) {
  Cache cache(mebibyte);
  const auto answer = answer_of(10);
  cache.put("a", answer, Instant());
  EXPECT_EQ(cache.find("a", {}, Instant()), answer);
  EXPECT_EQ(cache.find("b", {}, Instant()), nullptr);
}

TEST(Cache, ANewerAnswerTakesTheOldOnesPlace) {
  Cache cache(mebibyte);
  cache.put("a", answer_of(100), Instant());
  const std::size_t before = cache.bytes();
  const auto newer = answer_of(100);
  cache.put("a", newer, Instant());
  EXPECT_EQ(cache.find("a", {}, Instant()), newer);
  EXPECT_EQ(cache.answers(), 1u);
  EXPECT_EQ(cache.bytes(), before);
}

TEST(Cache, KeepsVariantsApartAndOnlySoMany) {
  Cache cache(mebibyte);
  for (int i = 0; i < 40; ++i) {
    const std::string encoding = "e" + std::to_string(i);
    cache.put("a", answer_of(1, by_encoding(encoding)), Instant());
  }
  EXPECT_EQ(cache.answers(), limits::cached_variants);
  EXPECT_EQ(cache.find("a", accepts("e0"), Instant()), nullptr);
  ASSERT_NE(cache.find("a", accepts("e39"), Instant()), nullptr);
  EXPECT_EQ(cache.find("a", accepts("e39"), Instant())->varying, by_encoding("e39"));
  EXPECT_EQ(cache.find("a", {}, Instant()), nullptr);
}

TEST(Cache, ForgetsEveryVariantOfATarget) {
  Cache cache(mebibyte);
  cache.put("a", answer_of(1, by_encoding("gzip")), Instant());
  cache.put("a", answer_of(1, by_encoding("br")), Instant());
  cache.put("b", answer_of(1), Instant());
  cache.forget("a");
  cache.forget("nothing");
  EXPECT_EQ(cache.answers(), 1u);
  EXPECT_NE(cache.find("b", {}, Instant()), nullptr);
  cache.forget("b");
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(Cache, StaysWithinItsSizeAndLetsGoOfWhatWasUsedLeastLately) {
  Cache cache(mebibyte);
  std::size_t evicted = 0;
  for (int i = 0; i < 100; ++i) {
    evicted += cache.put("k" + std::to_string(i), answer_of(20'000), Instant(std::chrono::seconds(i)));
    EXPECT_LE(cache.bytes(), mebibyte);
    EXPECT_NE(cache.find("k0", {}, Instant(std::chrono::seconds(i))), nullptr) << "used all the time";
  }
  EXPECT_EQ(cache.answers() + evicted, 100u);
  EXPECT_GT(cache.answers(), 40u);
  EXPECT_EQ(cache.find("k1", {}, Instant(200s)), nullptr);
  EXPECT_NE(cache.find("k99", {}, Instant(200s)), nullptr);
}

TEST(Cache, CountsMoreThanTheBody) {
  Cache cache(mebibyte);
  cache.put(std::string(10'000, 'k'), answer_of(0), Instant());
  EXPECT_GT(cache.bytes(), 10'000u + limits::cached_answer_overhead);
  for (int i = 0; i < 5'000; ++i) cache.put(std::to_string(i), answer_of(0), Instant());
  EXPECT_LE(cache.bytes(), mebibyte);
  EXPECT_LT(cache.answers(), mebibyte / limits::cached_answer_overhead);
}

TEST(Cache, OneAnswerHasNotTheWholeOfIt) {
  Cache cache(mebibyte);
  EXPECT_EQ(cache.answer_bytes_max(), mebibyte / 8);
  cache.put("a", answer_of(mebibyte / 8 + 1), Instant());
  EXPECT_EQ(cache.answers(), 0u);
  cache.put("a", answer_of(mebibyte / 8), Instant());
  EXPECT_EQ(cache.answers(), 1u);
  EXPECT_EQ(Cache(std::size_t{1} << 30).answer_bytes_max(), limits::cached_answer);
}

TEST(Cache, WhatIsBeingCopiedIsBoundedToo) {
  Cache cache(mebibyte);
  EXPECT_TRUE(cache.fill(mebibyte / 4));
  EXPECT_FALSE(cache.fill(1));
  cache.end_filling(mebibyte / 4);
  EXPECT_TRUE(cache.fill(1));
}

TEST(Cache, OneRefreshesAnAnswerAndTheOthersAreTold) {
  Cache cache(mebibyte);
  const auto answer = answer_of(1);
  const auto another = answer_of(1);
  std::shared_ptr<Event> theirs;
  {
    const Cache::Turn first = cache.refresh(*answer);
    EXPECT_TRUE(first.mine.granted());
    EXPECT_TRUE(cache.refresh(*another).mine.granted());
    Cache::Turn second = cache.refresh(*answer);
    EXPECT_FALSE(second.mine.granted());
    theirs = second.theirs;
    ASSERT_NE(theirs, nullptr);
    EXPECT_FALSE(theirs->is_set());
  }
  EXPECT_TRUE(theirs->is_set());
  EXPECT_TRUE(cache.refresh(*answer).mine.granted());
}

TEST(Cache, IsSharedByThreads) {
  Cache cache(mebibyte);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&cache, thread] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string key = std::to_string((i * (thread + 1)) % 90);
        if (const auto found = cache.find(key, {}, Instant(std::chrono::milliseconds(i)))) {
          const Cache::Turn turn = cache.refresh(*found);
          if (i % 7 == 0) cache.forget(key);
        } else {
          cache.put(key, answer_of(30'000), Instant(std::chrono::milliseconds(i)));
        }
      }
    });
  }
  threads.clear();
  EXPECT_LE(cache.bytes(), mebibyte + 4 * 32'000u);
  for (int key = 0; key < 90; ++key) cache.forget(std::to_string(key));
  EXPECT_EQ(cache.bytes(), 0u);
  EXPECT_EQ(cache.answers(), 0u);
}

}  // namespace
}  // namespace standin
