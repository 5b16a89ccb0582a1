#include "rehearsal/shop_model.h"

#include <gtest/gtest.h>

#include "rehearsal/shop_playground.h"

namespace standin::rehearsal {
namespace {

using playground::order_of;
using playground::Play;

TEST(ShopModel, CommitsTheRowBeforeItCharges) {
  const ShopModel model;
  const Step first = model.begin(Play::placement(order_of("k1", 1999), 1));
  ASSERT_EQ(first.writes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<InsertOrder>(first.writes[0]));
  EXPECT_FALSE(first.answer.has_value());
}

TEST(ShopModel, PlacesAnOrderOnceAndChargesItOnce) {
  Play play;
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, ShopAnswer::Kind::created);
  EXPECT_EQ(play.orders.size(), 1u);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, AnswersASecondPlacementOfAKeyWithTheOrderThatIsThere) {
  Play play;
  const auto first = play.place(order_of("k1", 1999));
  const auto second = play.place(order_of("k1", 1999));
  EXPECT_EQ(second.kind, ShopAnswer::Kind::existing);
  EXPECT_EQ(second.order->id, first.order->id);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, PlacesEveryOrderThatNamesNoKey) {
  Play play;
  EXPECT_EQ(play.place(order_of("", 1999)).kind, ShopAnswer::Kind::created);
  EXPECT_EQ(play.place(order_of("", 1999)).kind, ShopAnswer::Kind::created);
}

TEST(ShopModel, DeclinesOverTheCardLimitAndWritesNothing) {
  Play play;
  EXPECT_EQ(play.place(order_of("k1", card_limit_minor)).kind, ShopAnswer::Kind::created);
  EXPECT_EQ(play.place(order_of("k2", card_limit_minor + 1)).kind, ShopAnswer::Kind::card_failed);
  EXPECT_EQ(play.orders.size(), 1u);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopModel, DeclinesACardThatIsDeclined) {
  Play play;
  NewOrder order = order_of("k1", 100);
  order.card_token = declined_card_token;
  EXPECT_EQ(play.place(order).kind, ShopAnswer::Kind::card_failed);
}

TEST(ShopModel, WithoutAUniqueIndexServesAKeyTwice) {
  Play play({.unique_index = false});
  play.place(order_of("k1", 1999));
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, ShopAnswer::Kind::created);
  EXPECT_EQ(play.charges.size(), 2u);
}

TEST(ShopModel, ChargingFirstAndDyingChargesTwice) {
  Play play({.charge_before_commit = true});
  play.apply(play.model.begin(Play::placement(order_of("k1", 1999), 1)));  // and dies here
  play.restart();
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, ShopAnswer::Kind::created);
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
  EXPECT_EQ(last.answer->kind, ShopAnswer::Kind::existing);
  EXPECT_EQ(play.charges.size(), 2u);
}

TEST(ShopModel, ARestartChargesTheRowsThatAreNotChargedYet) {
  Play play;
  play.apply(play.model.begin(Play::placement(order_of("k1", 1999), 1)));  // and dies here
  play.restart();
  ASSERT_EQ(play.charges.size(), 1u);
  EXPECT_EQ(play.charges[0].order_id, "order-1");
  EXPECT_EQ(play.model.find("k1")[0].state, OrderState::accepted);
  EXPECT_EQ(play.place(order_of("k1", 1999)).kind, ShopAnswer::Kind::existing);
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
  EXPECT_EQ(second.answer->kind, ShopAnswer::Kind::cancelled);
  EXPECT_EQ(play.model.cancel("nobody's").answer->kind, ShopAnswer::Kind::not_found);
}

TEST(ShopModel, AnOrderCancelledWhileItIsPlacedIsNotCharged) {
  Play play;
  const Placement placement = Play::placement(order_of("k1", 1999), 1);
  play.apply(play.model.begin(placement));
  play.apply(play.model.cancel(placement.order_id));
  const Step last = play.model.finish(placement);
  EXPECT_TRUE(last.writes.empty());
  EXPECT_EQ(last.answer->kind, ShopAnswer::Kind::cancelled);
}

TEST(ShopModel, FindsTheOrdersOfAKey) {
  Play play;
  play.place(order_of("k1", 1999));
  play.place(order_of("k2", 1999));
  ASSERT_EQ(play.model.find("k1").size(), 1u);
  EXPECT_EQ(play.model.find("k1")[0].asked.standin_key, "k1");
  EXPECT_TRUE(play.model.find("k3").empty());
}

/// A shop that charges through a gateway, and hears from it what the test says.
struct GatewayPlay : Play {
  GatewayPlay() : Play({.through_gateway = true}) {}

  Step hear(const Ask& ask, GatewayWord::Kind kind, const std::string& reference = "777") {
    Step step = model.heard(ask, {kind, kind == GatewayWord::Kind::approved ? reference : ""}, wall_time(5'000));
    apply(step);
    return step;
  }
  Step begin(const NewOrder& order, int n) {
    Step step = model.begin(placement(order, n));
    apply(step);
    return step;
  }
  Step cancel(const std::string& id) {
    Step step = model.cancel(id);
    apply(step);
    return step;
  }
  /// Dies, and reads what is on disk.
  void reopen() {
    Books books{.orders = orders, .charges = charges};
    for (ShopOrder& row : books.orders) row.state = state_of(row.asked.standin_key);
    model = ShopModel(std::move(books), model.habits());
  }
  OrderState state_of(const std::string& key) { return model.find(key).at(0).state; }
};

constexpr auto approved = GatewayWord::Kind::approved;
constexpr auto declined = GatewayWord::Kind::declined;
constexpr auto unknown = GatewayWord::Kind::unknown;

const std::string& voided_charge(const Step& step) { return std::get<AskVoid>(*step.ask).charge_id; }

TEST(ShopWithGateway, CommitsTheRowBeforeItAsks) {
  GatewayPlay play;
  const Step first = play.begin(order_of("k1", 1999), 1);
  ASSERT_EQ(first.writes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<InsertOrder>(first.writes[0]));
  EXPECT_EQ(std::get<AskSale>(*first.ask).order.id, "order-1");
}

TEST(ShopWithGateway, AnApprovalIsTheOrdersCharge) {
  GatewayPlay play;
  const Step first = play.begin(order_of("k1", 1999), 1);
  EXPECT_EQ(play.hear(*first.ask, approved).answer->kind, ShopAnswer::Kind::created);
  ASSERT_EQ(play.charges.size(), 1u);
  EXPECT_EQ(play.charges[0].id, "777");
  EXPECT_EQ(play.charges[0].order_id, "order-1");
  EXPECT_EQ(play.begin(order_of("k1", 1999), 2).answer->kind, ShopAnswer::Kind::existing);
}

TEST(ShopWithGateway, ADeclineCancelsTheOrderAndIsSaidAgainToTheSameKey) {
  GatewayPlay play;
  const Step first = play.begin(order_of("k1", 1999), 1);
  EXPECT_EQ(play.hear(*first.ask, declined).answer->kind, ShopAnswer::Kind::card_failed);
  EXPECT_EQ(play.state_of("k1"), OrderState::cancelled);
  EXPECT_EQ(play.begin(order_of("k1", 1999), 2).answer->kind, ShopAnswer::Kind::card_failed);
  EXPECT_TRUE(play.charges.empty());
}

TEST(ShopWithGateway, WithoutAWordTheSameKeyAsksAgainForTheSameOrder) {
  GatewayPlay play;
  const Step first = play.begin(order_of("k1", 1999), 1);
  EXPECT_EQ(play.hear(*first.ask, unknown).answer->kind, ShopAnswer::Kind::in_doubt);
  const Step again = play.begin(order_of("k1", 1999), 2);
  EXPECT_TRUE(again.writes.empty());
  EXPECT_EQ(std::get<AskSale>(*again.ask).order.id, "order-1");
  EXPECT_EQ(play.hear(*again.ask, approved).answer->kind, ShopAnswer::Kind::created);
}

TEST(ShopWithGateway, TwoThatAskAtOnceHaveOneCharge) {
  GatewayPlay play;
  const Step first = play.begin(order_of("k1", 1999), 1);
  const Step second = play.begin(order_of("k1", 1999), 2);
  play.hear(*first.ask, approved);
  EXPECT_EQ(play.hear(*second.ask, approved).answer->kind, ShopAnswer::Kind::existing);
  EXPECT_EQ(play.charges.size(), 1u);
}

TEST(ShopWithGateway, CancellingAcceptedOrdersWaitsForTheVoid) {
  GatewayPlay play;
  play.hear(*play.begin(order_of("k1", 1999), 1).ask, approved);
  const Step first = play.cancel("order-1");
  EXPECT_EQ(voided_charge(first), "777");
  EXPECT_EQ(play.state_of("k1"), OrderState::cancelling);
  EXPECT_EQ(play.hear(*first.ask, unknown).answer->kind, ShopAnswer::Kind::in_doubt);
  ASSERT_EQ(play.model.owed().size(), 1u);
  EXPECT_EQ(play.hear(play.model.owed()[0], approved).answer->kind, ShopAnswer::Kind::cancelled);
  EXPECT_EQ(play.state_of("k1"), OrderState::cancelled);
  EXPECT_TRUE(play.model.owed().empty());
}

TEST(ShopWithGateway, CancellingWhatMayHaveBeenChargedAsksForItsNameAndVoidsIt) {
  GatewayPlay play;
  play.hear(*play.begin(order_of("k1", 1999), 1).ask, unknown);
  const Step first = play.cancel("order-1");
  ASSERT_TRUE(std::holds_alternative<AskSale>(*first.ask));
  const Step second = play.hear(*first.ask, approved);
  EXPECT_FALSE(second.answer.has_value());
  EXPECT_EQ(voided_charge(second), "777");
  EXPECT_EQ(play.hear(*second.ask, approved).answer->kind, ShopAnswer::Kind::cancelled);
}

TEST(ShopWithGateway, AnApprovalAfterADeclineIsVoided) {
  GatewayPlay play;
  const Step one = play.begin(order_of("k1", 1999), 1);
  const Step two = play.begin(order_of("k1", 1999), 2);
  play.hear(*one.ask, declined);
  const Step late = play.hear(*two.ask, approved);
  EXPECT_EQ(voided_charge(late), "777");
  EXPECT_EQ(play.state_of("k1"), OrderState::cancelling);
}

TEST(ShopWithGateway, ARestartOwesTheChargesThatWereUnderWay) {
  GatewayPlay play;
  play.begin(order_of("k1", 1999), 1);
  EXPECT_TRUE(play.model.owed().empty());
  play.reopen();
  ASSERT_EQ(play.model.owed().size(), 1u);
  play.hear(play.model.owed()[0], approved);
  EXPECT_TRUE(play.model.owed().empty());
  EXPECT_EQ(play.state_of("k1"), OrderState::accepted);
}

TEST(ShopWithGateway, HasNoCardLimitOfItsOwn) {
  GatewayPlay play;
  EXPECT_TRUE(play.begin(order_of("k1", card_limit_minor + 1), 1).ask.has_value());
}

}  // namespace
}  // namespace standin::rehearsal
