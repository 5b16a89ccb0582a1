#include "rehearsal/shopper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "rehearsal/shop_api.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;

std::vector<Basket> draw(const ShopperMix& mix, int count, std::uint64_t seed = 1) {
  BasketMaker maker(mix, seed, "run");
  std::vector<Basket> baskets;
  for (int n = 0; n < count; ++n) baskets.push_back(maker.make());
  return baskets;
}

Response answer(int status, std::string body) { return {.status = status, .headers = {}, .body = std::move(body)}; }

TEST(Arrivals, ComeEvenlyAtAConstantRate) {
  const Arrivals arrivals{.rate = 20, .span = 1s};
  EXPECT_EQ(arrivals.at(0), 0ms);
  EXPECT_EQ(arrivals.at(1), 50ms);
  EXPECT_EQ(arrivals.at(19), 950ms);
  EXPECT_FALSE(arrivals.at(20).has_value());
}

TEST(Arrivals, WithoutASpanNeverEnd) { EXPECT_TRUE((Arrivals{.rate = 1000}).at(1'000'000'000).has_value()); }

TEST(Arrivals, OfARampAreAsManyAsItsMeanRate) {
  const Arrivals up{.rate = 10, .ramp_to = 110, .span = 10s};
  EXPECT_TRUE(up.at(599).has_value());
  EXPECT_FALSE(up.at(600).has_value());
  const Arrivals down{.rate = 100, .ramp_to = 0, .span = 10s};
  EXPECT_TRUE(down.at(499).has_value());
  EXPECT_FALSE(down.at(501).has_value());
}

TEST(Arrivals, OfARampComeCloserAndCloser) {
  const Arrivals arrivals{.rate = 1, .ramp_to = 101, .span = 10s};
  EXPECT_EQ(arrivals.at(0), 0ns);
  EXPECT_GT(*arrivals.at(1) - *arrivals.at(0), *arrivals.at(2) - *arrivals.at(1));
  EXPECT_NEAR(seconds(*arrivals.at(130)), 5, 0.01);  // 1·5 + 10·5²/2
}

TEST(Baskets, OfOneSeedAreTheSame) {
  const ShopperMix mix{.hang_up = 0.5, .retry = 0.5};
  const auto one = draw(mix, 50);
  const auto two = draw(mix, 50);
  const auto other = draw(mix, 50, 2);
  int differing = 0;
  for (int n = 0; n < 50; ++n) {
    EXPECT_EQ(one[n].amount_minor, two[n].amount_minor);
    EXPECT_EQ(one[n].retry_after, two[n].retry_after);
    differing += one[n].amount_minor != other[n].amount_minor ? 1 : 0;
  }
  EXPECT_GT(differing, 40);
}

TEST(Baskets, EachHasAKeyAndACartOfItsOwn) {
  std::set<std::string> keys;
  std::set<std::string> carts;
  for (const Basket& basket : draw({}, 1'000)) {
    keys.insert(basket.key);
    carts.insert(basket.cart_id);
  }
  EXPECT_EQ(keys.size(), 1'000u);
  EXPECT_EQ(carts.size(), 1'000u);
}

TEST(Baskets, KeepToTheSharesAsked) {
  int over = 0;
  int with_bad_cards = 0;
  int hanging_up = 0;
  int retrying = 0;
  for (const Basket& basket : draw({.over_floor = 0.2, .declined = 0.1, .hang_up = 0.3, .retry = 0.4}, 10'000)) {
    over += basket.amount_minor > 2'500 ? 1 : 0;
    with_bad_cards += basket.card_token == declined_card_token ? 1 : 0;
    hanging_up += basket.hang_up.has_value() ? 1 : 0;
    retrying += basket.retry_after.has_value() ? 1 : 0;
    EXPECT_GE(basket.amount_minor, 300);
    EXPECT_LE(basket.amount_minor, 20'000);
  }
  EXPECT_NEAR(over, 2'000, 200);
  EXPECT_NEAR(with_bad_cards, 1'000, 200);
  EXPECT_NEAR(hanging_up, 3'000, 200);
  EXPECT_NEAR(retrying, 4'000, 200);
}

TEST(Baskets, AreOrdersThatTheShopUnderstands) {
  const ShopperMix mix;
  const Basket basket = draw(mix, 1)[0];
  const Request request = request_for(basket, mix, "/orders");
  const auto order = order_from(request);
  ASSERT_TRUE(order.has_value()) << order.error().what;
  EXPECT_EQ(order->idempotency_key, basket.key);
  EXPECT_EQ(order->cart_id, basket.cart_id);
  EXPECT_EQ(order->customer_id, basket.customer_id);
  EXPECT_EQ(order->total.minor, basket.amount_minor);
  EXPECT_EQ(order->card_token, "visa");
}

TEST(Hearing, AYesNamesTheOrder) {
  const Heard heard = hear(answer(201, R"({"order":{"id":"ord_1"}})"));
  EXPECT_EQ(heard.told, Told::yes);
  EXPECT_EQ(heard.reference, "ord_1");
}

TEST(Hearing, ALoginPageIsNotAYes) {
  EXPECT_EQ(hear(answer(200, "<title>Sign in</title>")).told, Told::neither);
  EXPECT_EQ(hear(answer(201, R"({"order":{}})")).told, Told::neither);
}

TEST(Hearing, OnlyADeclineIsANo) {
  EXPECT_EQ(hear(answer(422, "{}")).told, Told::no);
  EXPECT_EQ(hear(answer(402, "{}")).told, Told::no);
  EXPECT_EQ(hear(answer(409, "{}")).told, Told::neither);
  EXPECT_EQ(hear(answer(503, "{}")).told, Told::neither);
}

}  // namespace
}  // namespace standin::rehearsal
