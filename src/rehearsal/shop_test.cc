#include "rehearsal/shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearsal/running_shop.h"
#include "rehearsal/shop_control.h"

namespace standin::rehearsal {
namespace {

using namespace std::chrono_literals;
using playground::comes_true;
using playground::get;
using playground::order_request;
using playground::post;
using playground::RunningShop;
using testing::HasSubstr;

constexpr Duration short_patience = 100ms;

std::string order_id_in(const Response& response) {
  const auto at = response.body.find("ord_");
  return response.body.substr(at, 30);
}

TEST(Shop, ServesAnOrderOnceHoweverOftenItIsAsked) {
  const RunningShop shop;
  const auto first = shop.send(order_request("k1"));
  ASSERT_TRUE(first.has_value()) << first.error().what;
  EXPECT_EQ(first->status, 201);
  const auto second = shop.send(order_request("k1"));
  EXPECT_EQ(second->status, 409);
  EXPECT_THAT(second->body, HasSubstr(order_id_in(*first)));
  EXPECT_EQ(shop.books().orders.size(), 1u);
  EXPECT_EQ(shop.books().charges.size(), 1u);
}

TEST(Shop, DeclinesOverTheCardLimit) {
  const RunningShop shop;
  const auto answer = shop.send(order_request("k1", 50'001));
  EXPECT_EQ(answer->status, 422);
  EXPECT_TRUE(shop.books().orders.empty());
}

TEST(Shop, FindsAndCancelsAnOrder) {
  const RunningShop shop;
  const auto placed = shop.send(order_request("k1"));
  const std::string id = order_id_in(*placed);
  EXPECT_THAT(shop.send(get("/orders?key=k1"))->body, HasSubstr(R"([{"id":")" + id + R"(","status":"accepted")"));
  EXPECT_EQ(shop.send(get("/orders?key=k2"))->body, "[]");
  EXPECT_EQ(shop.send(post("/orders/" + id + "/cancel"))->status, 200);
  EXPECT_EQ(shop.send(post("/orders/" + id + "/cancel"))->status, 200);
  EXPECT_THAT(shop.send(get("/orders?key=k1"))->body, HasSubstr(R"("status":"cancelled")"));
  EXPECT_TRUE(shop.books().charges[0].voided);
  EXPECT_EQ(shop.send(post("/orders/nobody/cancel"))->status, 404);
}

TEST(Shop, SaysHowItIs) {
  const RunningShop shop;
  EXPECT_EQ(shop.send(get("/ping"))->body, "UP:shop");
  ASSERT_TRUE(set_faults_at(shop.url(), {.ping = Faults::Ping::down}));
  EXPECT_EQ(shop.send(get("/ping"))->body, "DOWN:shop");
  ASSERT_TRUE(set_faults_at(shop.url(), {.ping = Faults::Ping::error}));
  EXPECT_EQ(shop.send(get("/ping"))->status, 500);
}

TEST(Shop, RemembersItsOrdersOverARestart) {
  {
    const RunningShop shop({}, true);
    EXPECT_EQ(shop.send(order_request("k1"))->status, 201);
  }
  const RunningShop shop;
  EXPECT_EQ(shop.send(order_request("k1"))->status, 409);
}

TEST(Shop, RefusesFaultsItDoesNotKnow) {
  const RunningShop shop;
  Request request{.method = "PUT", .target = "/faults", .headers = {}, .body = R"({"answer":"sulk"})"};
  EXPECT_EQ(shop.send(request)->status, 400);
  EXPECT_THAT(shop.send(get("/faults"))->body, HasSubstr(R"("answer":"none")"));
}

struct StatusCase {
  Moment at;
  int status;
  std::size_t orders;
  std::size_t charges;
};

class ShopStatus : public testing::TestWithParam<StatusCase> {};

TEST_P(ShopStatus, AnswersItWithAsMuchDoneAsTheMomentSays) {
  const StatusCase wanted = GetParam();
  const RunningShop shop({.answer = Misbehaviour::status, .at = wanted.at, .status = wanted.status});
  EXPECT_EQ(shop.send(order_request("k1"))->status, wanted.status);
  EXPECT_EQ(shop.books().orders.size(), wanted.orders);
  EXPECT_EQ(shop.books().charges.size(), wanted.charges);
  EXPECT_EQ(shop.send(get("/ping"))->status, 200);
}

INSTANTIATE_TEST_SUITE_P(Moments, ShopStatus,
                         testing::Values(StatusCase{Moment::before, 500, 0, 0}, StatusCase{Moment::between, 500, 1, 0},
                                         StatusCase{Moment::after, 503, 1, 1}, StatusCase{Moment::before, 401, 0, 0},
                                         StatusCase{Moment::before, 403, 0, 0}, StatusCase{Moment::before, 429, 0, 0}),
                         [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(ShopFaults, AHangIsNeverAnsweredAndItsOrderStandsIfItCameAfter) {
  const RunningShop shop({.answer = Misbehaviour::hang, .at = Moment::after});
  const auto answer = shop.send(order_request("k1"), short_patience);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().sent, Sent::maybe);
  EXPECT_EQ(shop.books().charges.size(), 1u);
}

TEST(ShopFaults, ASlowShopPlacesTheOrderAfterItsClientHasGone) {
  const RunningShop shop({.delay_before = 10 * short_patience});
  EXPECT_FALSE(shop.send(order_request("k1"), short_patience).has_value());
  EXPECT_TRUE(comes_true([&] { return shop.books().charges.size() == 1; }));
}

TEST(ShopFaults, ASlowShopAnswersInTheEnd) {
  const RunningShop shop({.delay_before = 5ms, .delay_after = 5ms});
  EXPECT_EQ(shop.send(order_request("k1"))->status, 201);
}

TEST(ShopFaults, GarbageHalfAnswersAndCutConnectionsAreNoAnswers) {
  const RunningShop shop;
  for (const Misbehaviour answer :
       {Misbehaviour::garbage, Misbehaviour::half_answer, Misbehaviour::close_after_head, Misbehaviour::reset}) {
    ASSERT_TRUE(set_faults_at(shop.url(), {.answer = answer}));
    const auto heard = shop.send(order_request("k1"), short_patience);
    EXPECT_FALSE(heard.has_value()) << static_cast<int>(answer);
    if (!heard) EXPECT_NE(heard.error().sent, Sent::nothing) << static_cast<int>(answer);
  }
  EXPECT_TRUE(shop.books().orders.empty());
}

TEST(ShopFaults, ALoginPageLooksLikeSuccess) {
  const RunningShop shop({.answer = Misbehaviour::login_page});
  const auto answer = shop.send(order_request("k1"));
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(media_type(answer->headers), "text/html");
}

TEST(ShopFaults, HitTheFractionOfOrdersThatWasAsked) {
  const RunningShop shop({.answer = Misbehaviour::status, .fraction = 0.5, .seed = 3});
  int failed = 0;
  for (int n = 0; n < 40; ++n) failed += shop.send(order_request("k" + std::to_string(n)))->status == 500 ? 1 : 0;
  EXPECT_GT(failed, 8);
  EXPECT_LT(failed, 32);
  EXPECT_EQ(shop.books().orders.size(), 40u - static_cast<std::size_t>(failed));
}

TEST(ShopFaults, EverywhereHitsThePingButNeverTheControl) {
  const RunningShop shop({.answer = Misbehaviour::status, .everywhere = true});
  EXPECT_EQ(shop.send(get("/ping"))->status, 500);
  EXPECT_EQ(shop.send(get("/orders?key=k1"))->status, 500);
  ASSERT_TRUE(set_faults_at(shop.url(), {}));
  EXPECT_EQ(shop.send(get("/ping"))->status, 200);
}

TEST(ShopFaults, WithoutAUniqueIndexServesAKeyTwice) {
  const RunningShop shop({.no_unique_index = true});
  EXPECT_EQ(shop.send(order_request("k1"))->status, 201);
  EXPECT_EQ(shop.send(order_request("k1"))->status, 201);
  EXPECT_EQ(shop.books().charges.size(), 2u);
  EXPECT_FALSE(set_faults_at(shop.url(), {}).has_value());
}

TEST(ShopFaults, ChargingFirstAndFailingBetweenChargesAgainForTheRetry) {
  const RunningShop shop({.answer = Misbehaviour::status, .at = Moment::between, .charge_before_commit = true});
  EXPECT_EQ(shop.send(order_request("k1"))->status, 500);
  ASSERT_TRUE(set_faults_at(shop.url(), {.charge_before_commit = true}));
  EXPECT_EQ(shop.send(order_request("k1"))->status, 201);
  EXPECT_EQ(shop.books().orders.size(), 1u);
  EXPECT_EQ(shop.books().charges.size(), 2u);
}

struct DeathCase {
  Moment at;
  std::size_t orders;
  std::size_t charges;
  std::size_t charges_after_restart;
};

class ShopDeathTest : public testing::TestWithParam<DeathCase> {};

TEST_P(ShopDeathTest, LeavesInTheLedgerWhatItHadDoneAndFinishesItLater) {
  const DeathCase wanted = GetParam();
  std::filesystem::remove_all(RunningShop::folder());
  EXPECT_EXIT(
      {
        const RunningShop shop({.answer = Misbehaviour::die, .at = wanted.at});
        (void)shop.send(order_request("k1"));
      },
      testing::ExitedWithCode(died_exit_status), "");
  EXPECT_EQ(RunningShop::books().orders.size(), wanted.orders);
  EXPECT_EQ(RunningShop::books().charges.size(), wanted.charges);
  const RunningShop shop;
  EXPECT_EQ(shop.books().charges.size(), wanted.charges_after_restart);
  EXPECT_EQ(shop.send(order_request("k1"))->status, wanted.orders == 1 ? 409 : 201);
  EXPECT_EQ(shop.books().charges.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Moments, ShopDeathTest,
                         testing::Values(DeathCase{Moment::before, 0, 0, 0}, DeathCase{Moment::between, 1, 0, 1},
                                         DeathCase{Moment::after, 1, 1, 1}),
                         [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(ShopDeath, ComesAtOnceWhenAsked) {
  EXPECT_EXIT(
      {
        const RunningShop shop;
        (void)set_faults_at(shop.url(), {.answer = Misbehaviour::die, .at = Moment::now});
      },
      testing::ExitedWithCode(died_exit_status), "");
  std::filesystem::remove_all(RunningShop::folder());
}

TEST(ShopStop, AnswersWhatIsInFlight) {
  RunningShop shop({.delay_after = 200ms});
  auto answer = std::async(std::launch::async, [&] { return shop.send(order_request("k1")); });
  ASSERT_TRUE(comes_true([&] { return shop.books().charges.size() == 1; }));
  shop.stop(30s);
  const auto heard = answer.get();
  ASSERT_TRUE(heard.has_value()) << heard.error().what;
  EXPECT_EQ(heard->status, 201);
}

TEST(ShopStop, DoesNotWaitForWhatHangs) {
  RunningShop shop({.answer = Misbehaviour::hang, .at = Moment::after});
  auto answer = std::async(std::launch::async, [&] { return shop.send(order_request("k1"), 60s); });
  ASSERT_TRUE(comes_true([&] { return shop.books().charges.size() == 1; }));
  shop.stop(60s);
  EXPECT_FALSE(answer.get().has_value());
}

}  // namespace
}  // namespace standin::rehearsal
