#include "rehearsal/shop_model.h"

#include <gtest/gtest.h>

#include "rehearsal/shop_playground.h"

namespace standin::rehearsal {
namespace {

using playground::order_of;
using playground::Play;
using Kind = ShopAnswer::Kind;

TEST(ShopModel, CommitsTheRowBeforeItCharges) {
  const ShopModel model;
  const Step first = model.begin(Play::placement(order_of("k1", 1999), 1));
  ASSERT_EQ(first.writes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<InsertOrder>(first.writes[0]));
  EXPECT_FALSE(first.answer.has_value());
}

TEST(ShopModel, PlacesAnOrderOnceAndChargesItOnce) {
  Play play;
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, Kind::created);
  EXPECT_EQ(play.orders.size(), 1u);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, AnswersASecondPlacementOfAKeyWithTheOrderThatIsThere) {
  Play play;
  const auto first = play.place(order_of("k1", 1999));
  const auto second = play.place(order_of("k1", 1999));
  EXPECT_EQ(second.kind, Kind::existing);
  EXPECT_EQ(second.order->id, first.order->id);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, PlacesEveryOrderThatNamesNoKey) {
  Play play;
  EXPECT_EQ(play.place(order_of("", 1999)).kind, Kind::created);
  EXPECT_EQ(play.place(order_of("", 1999)).kind, Kind::created);
}

TEST(ShopModel, DeclinesOverTheCardLimitAndWritesNothing) {
  Play play;
  EXPECT_EQ(play.place(order_of("k1", card_limit_minor)).kind, Kind::created);
  EXPECT_EQ(play.place(order_of("k2", card_limit_minor + 1)).kind, Kind::card_failed);
  EXPECT_EQ(play.orders.size(), 1u);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, DeclinesACardThatIsDeclined) {
  Play play;
  NewOrder order = order_of("k1", 100);
  order.card_token = declined_card_token;
  EXPECT_EQ(play.place(order).kind, Kind::card_failed);
}

TEST(ShopModel, WithoutAUniqueIndexServesAKeyTwice) {
  Play play({.unique_index = false});
  play.place(order_of("k1", 1999));
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, Kind::created);
  EXPECT_EQ(play.charges.size(), 2u);
}

TEST(ShopModel, ChargingFirstAndDyingChargesTwice) {
  Play play({.charge_before_commit = true});
  play.apply(play.model.begin(Play::placement(order_of("k1", 1999), 1)));  // and dies here
  play.restart();
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, Kind::created);
  EXPECT_EQ(play.orders.size(), 1u);
  EXPECT_EQ(play.charges.size(), 2u);
}

TEST(ShopModel, ChargingFirstChargesTwoRequestsThatOverlapTwice) {
  Play play({.charge_before_commit = true});
  const Placement one = Play::placement(order_of("k1", 1999), 1);
  const Placement two = Play::placement(order_of("k1", 1999), 2);
  play.apply(play.model.begin(one));
  play.apply(play.model.begin(two));
  play.apply(play.model.finish(one));
  const Step last = play.model.finish(two);
  EXPECT_EQ(last.answer->kind, Kind::existing);
  EXPECT_EQ(play.charges.size(), 2u);
}

TEST(ShopModel, ARestartChargesTheRowsThatAreNotChargedYet) {
  Play play;
  play.apply(play.model.begin(Play::placement(order_of("k1", 1999), 1)));  // and dies here
  play.restart();
  ASSERT_EQ(play.charges.size(), 1u);
  EXPECT_EQ(play.charges[0].order_id, "order-1");
  EXPECT_EQ(play.model.find("k1")[0].state, OrderState::accepted);
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, Kind::existing);
  play.restart();
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, CancellingVoidsAndMayBeAskedTwice) {
  Play play;
  const auto placed = play.place(order_of("k1", 1999));
  const Step first = play.model.cancel(placed.order->id);
  EXPECT_EQ(first.writes.size(), 1u);
  play.apply(first);
  const Step second = play.model.cancel(placed.order->id);
  EXPECT_TRUE(second.writes.empty());
  EXPECT_EQ(second.answer->kind, Kind::cancelled);
  EXPECT_EQ(play.model.cancel("nobody's").answer->kind, Kind::not_found);
}

TEST(ShopModel, AnOrderCancelledWhileItIsPlacedIsNotCharged) {
  Play play;
  const Placement placement = Play::placement(order_of("k1", 1999), 1);
  play.apply(play.model.begin(placement));
  play.apply(play.model.cancel(placement.order_id));
  const Step last = play.model.finish(placement);
  EXPECT_TRUE(last.writes.empty());
  EXPECT_EQ(last.answer->kind, Kind::cancelled);
}

TEST(ShopModel, FindsTheOrdersOfAKey) {
  Play play;
  play.place(order_of("k1", 1999));
  play.place(order_of("k2", 1999));
  ASSERT_EQ(play.model.find("k1").size(), 1u);
  EXPECT_EQ(play.model.find("k1")[0].asked.standin_key, "k1");
  EXPECT_TRUE(play.model.find("k3").empty());
}

}  // namespace
}  // namespace standin::rehearsal
