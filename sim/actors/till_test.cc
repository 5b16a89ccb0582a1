#include "sim/actors/till.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "rehearsal/gateway/gateway_test_support.h"
#include "rehearsal/gateway/sandbox_cards.h"
#include "rehearsal/seeded_random.h"
#include "rehearsal/shop_api.h"
#include "sim/actors/answers.h"

namespace standin::sim {
namespace {

using Kind = Told::Kind;
using rehearsal::counter::Counter;

const TillShopper cashier("sandbox");
const StripeShopper merchant("sk_test_1");

Wish wish(bool hold = false) {
  return {.name = "p1",
          .key = "key-p1",
          .customer = "customer-1",
          .card = "4000100011112224",
          .amount_minor = 12'05,
          .invoice = "1000001",
          .hold = hold,
          .intent = true};
}

/// Somebody at a gateway.
struct Visit {
  explicit Visit(const Shopper& with, Wish w = wish()) : shopper(with), wanted(std::move(w)) {
    paid = say("sale", shopper.sale(wanted));
  }
  Told ask(std::string_view what, std::int64_t amount_minor = 0) {
    return say(what, shopper.change(wanted, {what, paid.reference, amount_minor, fmt::format("key-{}", ++keys)}));
  }
  Told say(std::string_view what, Request request) {
    Told told{.what = std::string(what), .reference = {}, .key = {}, .content_type = {}, .body = {}};
    hear(shopper.side(), gateway.send(std::move(request)).response, told);
    return told;
  }

  const Shopper& shopper;
  Wish wanted;
  Counter gateway;
  Told paid;
  int keys = 0;
};

TEST(TillShopper, PaysUnderItsOwnReference) {
  Visit visit(cashier);
  EXPECT_EQ(visit.paid.kind, Kind::yes);
  const auto& rows = visit.gateway.model.books().payments();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().orderid, "p1");
  EXPECT_EQ(rows.front().invoice, "1000001");
  EXPECT_EQ(rows.front().amount.minor, 12'05);
}

TEST(TillShopper, AHoldIsCapturedOnceAndAVoidIsGranted) {
  Visit held(cashier, wish(true));
  EXPECT_EQ(held.ask("capture").kind, Kind::yes);
  EXPECT_EQ(held.ask("capture").kind, Kind::no);
  EXPECT_EQ(Visit(cashier).ask("void").kind, Kind::yes);
}

TEST(TillShopper, MoreIsNotRefundedThanWasPaid) {
  Visit visit(cashier);
  EXPECT_EQ(visit.ask("refund", 2'00).kind, Kind::yes);
  EXPECT_EQ(visit.ask("refund", 12'05).kind, Kind::no);
}

TEST(TillShopper, ADeclinedCardIsANo) {
  Wish declined = wish();
  declined.card = "4000300011112220";
  EXPECT_EQ(Visit(cashier, declined).paid.kind, Kind::no);
}

TEST(TillShopper, AnotherKeyIsAnotherCardAndAnotherPayloadIsNone) {
  EXPECT_NE(cashier.with_other_key(wish()).card, wish().card);
  const Wish changed = cashier.with_other_payload(wish());
  EXPECT_EQ(changed.card, wish().card);
  EXPECT_EQ(changed.amount_minor, wish().amount_minor);
  EXPECT_NE(cashier.sale(changed).body, cashier.sale(wish()).body);
}

TEST(StripeShopper, PaysByIntentAndByCharge) {
  for (const bool intent : {true, false}) {
    Wish wanted = wish();
    wanted.intent = intent;
    Visit visit(merchant, wanted);
    EXPECT_EQ(visit.paid.kind, Kind::yes);
    EXPECT_TRUE(visit.paid.reference.starts_with(intent ? "pi_" : "ch_")) << visit.paid.reference;
    EXPECT_EQ(visit.ask("read").kind, Kind::yes);
    EXPECT_EQ(visit.ask("refund", 2'00).kind, Kind::yes);
    EXPECT_EQ(visit.ask("refund", 12'05).kind, Kind::no);
  }
}

TEST(StripeShopper, TheSameKeyIsTheSameChargeAndAnotherPayloadUnderItIsRefused) {
  Visit visit(merchant);
  EXPECT_EQ(visit.say("sale", merchant.sale(visit.wanted)).reference, visit.paid.reference);
  EXPECT_EQ(visit.say("sale", merchant.sale(merchant.with_other_payload(visit.wanted))).kind, Kind::neither);
  EXPECT_NE(visit.say("sale", merchant.sale(merchant.with_other_key(visit.wanted))).reference, visit.paid.reference);
}

TEST(StripeShopper, AHoldIsCapturedOrCancelled) {
  EXPECT_EQ(Visit(merchant, wish(true)).ask("capture").kind, Kind::yes);
  EXPECT_EQ(Visit(merchant, wish(true)).ask("void").kind, Kind::yes);
  EXPECT_EQ(Visit(merchant).ask("void").kind, Kind::no);
}

TEST(StripeShopper, StandinsReferenceIsAskedAboutByItsKindOfObject) {
  Wish wanted = wish();
  const Change read{.what = "read", .reference = "standin01ARZ"};
  EXPECT_EQ(merchant.change(wanted, read).target, "/v1/payment_intents/pi_standin01ARZ");
  wanted.intent = false;
  EXPECT_EQ(merchant.change(wanted, read).target, "/v1/charges/ch_standin01ARZ");
}

TEST(ShopShopper, SendsWhatTheShopTakes) {
  Wish wanted = wish();
  wanted.card = "visa";
  const auto order = rehearsal::order_from(ShopShopper().sale(wanted));
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->cart_id, "p1");
  EXPECT_EQ(order->idempotency_key, "key-p1");
  EXPECT_EQ(order->customer_id, "customer-1");
  EXPECT_EQ(order->card_token, "visa");
  EXPECT_EQ(order->total.minor, 12'05);
}

TEST(Shoppers, DrawCardsThatAreGoodNumbers) {
  rehearsal::SeededRandom random(1);
  for (std::size_t number = 0; number < 200; ++number) {
    const Wish drawn = cashier.draw(number, random, {.slow_cards = true});
    EXPECT_FALSE(rehearsal::card_problem(drawn.card).has_value()) << number;
  }
}

}  // namespace
}  // namespace standin::sim
