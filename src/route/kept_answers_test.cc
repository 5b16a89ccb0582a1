#include "route/kept_answers.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

OrderKey key_number(std::uint8_t number) {
  OrderKey key;
  key.digest.bytes.back() = number;
  return key;
}

/// Of the same bucket as that number, and not the same.
OrderKey neighbour_of(std::uint8_t number) {
  OrderKey key = key_number(number);
  key.digest.bytes.front() = 1;
  return key;
}

Digest payload_number(std::uint8_t number) {
  Digest payload;
  payload.bytes.front() = number;
  return payload;
}

void write(KeptAnswers& kept, const OrderKey& key, std::uint8_t payload, const std::string& body) {
  kept.place_for(key, payload_number(payload)).answer = Response{.status = 200, .body = body};
}

std::string body_of(const KeptAnswers& kept, const OrderKey& key, std::uint8_t payload) {
  const auto* found = kept.find(key, payload_number(payload));
  return found ? found->answer.body : "none";
}

TEST(KeptAnswers, AreFoundByKeyAndPayload) {
  KeptAnswers kept(4);
  write(kept, key_number(1), 1, "one");
  write(kept, key_number(1), 2, "two");
  write(kept, neighbour_of(1), 1, "three");
  EXPECT_EQ(body_of(kept, key_number(1), 1), "one");
  EXPECT_EQ(body_of(kept, key_number(1), 2), "two");
  EXPECT_EQ(body_of(kept, neighbour_of(1), 1), "three");
  EXPECT_EQ(body_of(kept, neighbour_of(1), 2), "none");
  EXPECT_EQ(body_of(kept, key_number(2), 1), "none");
}

TEST(KeptAnswers, OfOneKeyAreWalkedThroughFromTheNewest) {
  KeptAnswers kept(4);
  write(kept, key_number(1), 1, "one");
  write(kept, neighbour_of(1), 1, "another's");
  write(kept, key_number(1), 2, "two");
  const auto* newest = std::as_const(kept).newest(key_number(1));
  ASSERT_NE(newest, nullptr);
  EXPECT_EQ(newest->answer.body, "two");
  const auto* before = kept.before(*newest);
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->answer.body, "one");
  EXPECT_EQ(kept.before(*before), nullptr);
}

TEST(KeptAnswers, AreReplacedForTheSamePayload) {
  KeptAnswers kept(2);
  write(kept, key_number(1), 1, "first");
  write(kept, key_number(1), 1, "second");
  write(kept, key_number(2), 1, "other");
  EXPECT_EQ(body_of(kept, key_number(1), 1), "second");
  EXPECT_EQ(body_of(kept, key_number(2), 1), "other");
}

TEST(KeptAnswers, GoWhenTheyAreTheOldestAndThePlacesAreUsedUp) {
  KeptAnswers kept(3);
  for (std::uint8_t number = 0; number < 100; ++number) {
    const OrderKey key = number % 2 == 0 ? key_number(number / 8) : neighbour_of(number / 8);
    write(kept, key, number, std::to_string(number));
    EXPECT_EQ(body_of(kept, key, number), std::to_string(number));
    for (std::uint8_t ago = 1; ago < 5 && ago <= number; ++ago) {
      const auto earlier = static_cast<std::uint8_t>(number - ago);
      const OrderKey its = earlier % 2 == 0 ? key_number(earlier / 8) : neighbour_of(earlier / 8);
      EXPECT_EQ(body_of(kept, its, earlier), ago < 3 ? std::to_string(earlier) : "none");
    }
  }
}

}  // namespace
}  // namespace standin
