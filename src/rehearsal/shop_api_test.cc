#include "rehearsal/shop_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearsal/shop_playground.h"

namespace standin::rehearsal {
namespace {

using testing::HasSubstr;

Request asking(std::string order) {
  return {.method = "POST", .target = "/orders", .headers = {}, .body = R"({"order":)" + order + "}"};
}

ShopAnswer answered(ShopAnswer::Kind kind) {
  return {.kind = kind,
          .order = ShopOrder{.id = "ord_1",
                             .asked = playground::order_of("k1", 1999),
                             .state = OrderState::accepted,
                             .created = wall_time(0)}};
}

TEST(ShopApi, ReadsAnOrder) {
  const auto order = order_from(asking(R"({"total_cents":1999,"currency":"USD","cart_id":"c1"})"));
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(text(order->total), "19.99 USD");
  EXPECT_EQ(order->cart_id, "c1");
}

TEST(ShopApi, RefusesAmountsThatAreNoWholeNumberOfCentsAboveZero) {
  for (const char* amount :
       {"0", "-5", "1e3", "12.30", "\"1999\"", "9223372036854775808", "null", "1000000000000001"}) {
    EXPECT_FALSE(order_from(asking(std::string(R"({"currency":"USD","total_cents":)") + amount + "}"))) << amount;
  }
}

TEST(ShopApi, RefusesWhatIsNoOrder) {
  EXPECT_FALSE(order_from(asking(R"({"total_cents":1999,"currency":"ABC"})")));
  EXPECT_FALSE(order_from(asking("7")));
  EXPECT_FALSE(order_from({.method = "POST", .target = "/orders", .headers = {}, .body = "{\"order\":"}));
}

TEST(ShopApi, AnswersANewOrder) {
  const Response response = response_to(answered(ShopAnswer::Kind::created));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"({"order":{"id":"ord_1","status":"accepted","total_cents":1999,"currency":"USD",)"
                           R"("created_at":"1970-01-01T00:00:00.000Z"}})");
}

TEST(ShopApi, AConflictNamesTheExistingOrder) {
  const Response response = response_to(answered(ShopAnswer::Kind::existing));
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, HasSubstr(R"({"existing_order":{"id":"ord_1")"));
}

TEST(ShopApi, DeclinesAsTheConfigurationExpects) {
  const Response response = response_to({.kind = ShopAnswer::Kind::card_failed, .order = {}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.body, R"({"error":{"message":"Card failed"}})");
}

}  // namespace
}  // namespace standin::rehearsal
