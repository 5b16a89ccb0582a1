#include "rehearsal/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearsal/shop_playground.h"

namespace standin::rehearsal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Attempt told(Told what, std::string cart = "cart-1") { return {.cart_id = std::move(cart), .told = what}; }

ShopOrder standing() { return {.id = "o", .asked = playground::order_of("k1", 1999), .state = OrderState::accepted}; }
ShopOrder cancelled() { return {.id = "o", .asked = playground::order_of("k1", 1999), .state = OrderState::cancelled}; }
Charge charged(bool voided = false) { return {.id = "c", .order_id = "o", .cart_id = "cart-1", .voided = voided}; }

TEST(Judge, FindsNothingWrongWithAYesThatWasServedOnce) {
  const Verdict verdict = judge({told(Told::yes), told(Told::yes)}, {{standing()}, {charged()}});
  EXPECT_TRUE(verdict.clean());
  EXPECT_EQ(verdict.intents, 1u);
  EXPECT_EQ(verdict.served, 1u);
}

TEST(Judge, FindsAYesThatWasNotServed) {
  EXPECT_THAT(judge({told(Told::yes)}, {}).yes_not_served, ElementsAre("cart-1"));
  EXPECT_THAT(judge({told(Told::yes)}, {{cancelled()}, {charged(true)}}).yes_not_served, ElementsAre("cart-1"));
  EXPECT_THAT(judge({told(Told::yes)}, {{standing()}, {}}).yes_not_served, ElementsAre("cart-1"));
}

TEST(Judge, FindsWhatWasServedTwiceWhateverWasTold) {
  const Verdict twice_ordered = judge({told(Told::nothing)}, {{standing(), standing()}, {charged()}});
  EXPECT_THAT(twice_ordered.served_twice, ElementsAre("cart-1"));
  const Verdict twice_charged = judge({told(Told::yes)}, {{standing()}, {charged(), charged()}});
  EXPECT_THAT(twice_charged.served_twice, ElementsAre("cart-1"));
}

TEST(Judge, AVoidedChargeDoesNotStand) {
  EXPECT_TRUE(judge({told(Told::yes)}, {{standing(), cancelled()}, {charged(), charged(true)}}).clean());
  EXPECT_TRUE(judge({told(Told::no)}, {{cancelled()}, {charged(true)}}).clean());
}

TEST(Judge, FindsANoThatWasServed) {
  EXPECT_THAT(judge({told(Told::no)}, {{standing()}, {charged()}}).no_but_served, ElementsAre("cart-1"));
  EXPECT_THAT(judge({told(Told::no)}, {{}, {charged()}}).no_but_served, ElementsAre("cart-1"));
}

TEST(Judge, FindsOneKeyWithTwoAnswers) {
  EXPECT_THAT(judge({told(Told::no), told(Told::yes)}, {{standing()}, {charged()}}).told_both, ElementsAre("cart-1"));
}

TEST(Judge, SomebodyWhoHungUpMayBeServedOrNot) {
  EXPECT_TRUE(judge({told(Told::nothing)}, {{standing()}, {charged()}}).clean());
  EXPECT_TRUE(judge({told(Told::nothing)}, {}).clean());
}

TEST(Judge, AFollowUpExcusesButNotASecondCharge) {
  const std::set<std::string> with_a_person{"cart-1"};
  const Verdict refused = judge({told(Told::yes)}, {}, with_a_person);
  EXPECT_TRUE(refused.clean());
  EXPECT_EQ(refused.excused, 1u);
  EXPECT_TRUE(judge({told(Told::no)}, {{standing()}, {charged()}}, with_a_person).clean());
  EXPECT_FALSE(judge({told(Told::yes)}, {{standing()}, {charged(), charged()}}, with_a_person).clean());
}

TEST(Judge, LooksOnlyAtCartsThatShoppersNamed) {
  const Verdict verdict = judge({told(Told::nothing, "other")}, {{standing(), standing()}, {}});
  EXPECT_TRUE(verdict.clean());
  EXPECT_THAT(verdict.served_twice, IsEmpty());
}

}  // namespace
}  // namespace standin::rehearsal
