#include "sim/actors/shop_party.h"

#include <gtest/gtest.h>

#include "sim/actors/party_test_support.h"

namespace standin::sim {
namespace {

using namespace std::chrono_literals;

/// A shop each of whose steps takes a second: a crash at 1.5 s is between an order's row and its charge.
struct ShopStreet : Street {
  explicit ShopStreet(rehearsal::ShopHabits habits = {}, std::uint64_t seed = 1)
      : Street(seed), shop(world, net, trace, "shop", habits) {
    shop.set_step_time(*rehearsal::ResponseTime::parse("constant:1000"));
    shop.on_fault = note_faults();
  }

  static Request order(const std::string& key, const std::string& cart = "p1") {
    Request request{.method = "POST",
                    .target = "/orders",
                    .headers = {},
                    .body = R"({"order":{"total_cents":1999,"currency":"USD","cart_id":")" + cart + R"("}})"};
    request.headers.set("Standin-Key", key);
    return request;
  }
  static Request cancel(const std::string& order_id) {
    return {.method = "POST", .target = "/orders/" + order_id + "/cancel", .headers = {}, .body = {}};
  }
  int status(const Request& request) {
    const auto answer = ask("shop", request);
    return answer ? answer->status : 0;
  }
  std::string body(const std::string& target) {
    const auto answer = ask("shop", {.method = "GET", .target = target, .headers = {}, .body = {}});
    return answer ? answer->body : answer.error().what;
  }
  void crash_after(Duration span) {
    world.run_for(span);
    shop.crash(5s);
    world.run_for(10s);
  }

  ShopParty shop;
};

TEST(ShopParty, AnOrderIsChargedOnceWhateverItsClientRepeats) {
  ShopStreet street;
  EXPECT_EQ(street.status(street.order("key-1")), 201);
  EXPECT_EQ(street.status(street.order("key-1")), 409);
  ASSERT_EQ(street.shop.ledger().size(), 1U);
  const LedgerEntry entry = street.shop.ledger()[0];
  EXPECT_EQ(entry.party, "shop");
  EXPECT_EQ(entry.purchase, "p1");
  EXPECT_EQ(entry.key, "key-1");
  EXPECT_EQ(entry.amount_minor, 1'999);
  EXPECT_EQ(entry.currency, "USD");
  EXPECT_TRUE(entry.approved);
  EXPECT_FALSE(entry.voided);
  EXPECT_TRUE(entry.keyed);
  EXPECT_NE(street.body("/orders?key=key-1").find(entry.reference), std::string::npos);
  EXPECT_EQ(street.shop.deliveries().size(), 2U);
  EXPECT_TRUE(street.struck.empty());
}

TEST(ShopParty, ACrashBeforeTheRowLeavesNothing) {
  ShopStreet street;
  const auto answer = street.send("shop", street.order("key-1"));
  street.crash_after(500ms);
  ASSERT_TRUE(*answer);
  EXPECT_FALSE((*answer)->has_value());
  EXPECT_TRUE(street.shop.ledger().empty());
  EXPECT_EQ(street.body("/orders?key=key-1"), "[]");
  EXPECT_EQ(street.struck, (std::multiset{Sabotage::shop_crash}));
}

TEST(ShopParty, ARowWithoutItsChargeIsChargedOnceAfterTheCrash) {
  ShopStreet street;
  const auto answer = street.send("shop", street.order("key-1"));
  street.crash_after(1'500ms);
  EXPECT_FALSE((*answer)->has_value());
  EXPECT_EQ(street.shop.ledger().size(), 1U);
  EXPECT_EQ(street.status(street.order("key-1")), 409);
  EXPECT_EQ(street.shop.ledger().size(), 1U);
}

TEST(ShopParty, NobodyListensWhileItIsDown) {
  ShopStreet street;
  street.shop.crash(10s);
  EXPECT_FALSE(street.shop.alive());
  const auto refused = street.send("shop", street.order("key-1"));
  street.world.run_for(9s);
  ASSERT_TRUE(*refused);
  ASSERT_FALSE((*refused)->has_value());
  EXPECT_EQ((*refused)->error().sent, Sent::nothing);
  street.world.run_for(2s);
  EXPECT_TRUE(street.shop.alive());
  EXPECT_EQ(street.status(street.order("key-1")), 201);
}

TEST(ShopParty, ACrashWhileDownOnlyPutsItsReturnOff) {
  ShopStreet street;
  street.shop.crash(5s);
  street.world.run_for(3s);
  street.shop.crash(5s);
  street.world.run_for(4s);
  EXPECT_FALSE(street.shop.alive());
  street.world.run_for(2s);
  EXPECT_TRUE(street.shop.alive());
  EXPECT_EQ(street.struck.size(), 1U);
}

TEST(ShopParty, WithoutAUniqueIndexOneKeyIsChargedTwice) {
  ShopStreet street({.unique_index = false});
  EXPECT_EQ(street.status(street.order("key-1")), 201);
  EXPECT_EQ(street.status(street.order("key-1")), 201);
  EXPECT_EQ(street.shop.ledger().size(), 2U);
  EXPECT_EQ(street.struck, (std::multiset{Sabotage::careless_shop}));
}

TEST(ShopParty, ChargingBeforeTheRowLeavesAChargeThatNoOrderIsOf) {
  ShopStreet street({.charge_before_commit = true});
  const auto lost = street.send("shop", street.order("key-1"));
  street.crash_after(1'500ms);
  EXPECT_EQ(street.body("/orders?key=key-1"), "[]");
  EXPECT_EQ(street.shop.ledger().size(), 1U);
  EXPECT_EQ(street.status(street.order("key-1")), 201);
  EXPECT_EQ(street.shop.ledger().size(), 2U);
}

TEST(ShopParty, ACancelledOrderIsVoidedAndStaysSoAcrossACrash) {
  ShopStreet street;
  EXPECT_EQ(street.status(street.order("key-1")), 201);
  EXPECT_EQ(street.status(street.order("key-2", "p2")), 201);
  EXPECT_EQ(street.status(street.cancel(street.shop.ledger()[0].reference)), 200);
  street.crash_after(0s);
  EXPECT_TRUE(street.shop.ledger()[0].voided);
  EXPECT_FALSE(street.shop.ledger()[1].voided);
  EXPECT_NE(street.body("/orders?key=key-1").find("cancelled"), std::string::npos);
}

TEST(ShopParty, AnOrderCancelledBeforeItsChargeIsNeverCharged) {
  ShopStreet street;
  const auto placed = street.send("shop", street.order("key-1"));
  street.world.run_for(1'500ms);
  street.shop.set_step_time({});
  const std::string found = street.body("/orders?key=key-1");
  const auto id = found.find("ord_");
  ASSERT_NE(id, std::string::npos) << found;
  EXPECT_EQ(street.status(street.cancel(found.substr(id, found.find('"', id) - id))), 200);
  street.world.run_for(5s);
  EXPECT_TRUE(street.shop.ledger().empty());
  ASSERT_TRUE(*placed && (*placed)->has_value());
  EXPECT_NE((*placed)->value().body.find("cancelled"), std::string::npos);
}

TEST(ShopParty, OfTheOrdersThatACarelessShopMakesOfACopiedRequestOneIsACopy) {
  ShopStreet street({.unique_index = false});
  street.net.link("standin", "shop").repeated = 1;
  EXPECT_EQ(street.status(street.order("key-1")), 201);
  street.world.run_for(5s);
  const auto ledger = street.shop.ledger();
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_FALSE(ledger[0].repeated);
  EXPECT_TRUE(ledger[1].repeated);
  EXPECT_FALSE(ledger[0].keyed);
  EXPECT_TRUE(street.shop.deliveries().at(1).repeated);
  EXPECT_EQ(street.shop.repeated(), (std::set<std::string>{"p1"}));
}

TEST(ShopParty, WhatACrashLeftOfACopiedRequestIsStillACopy) {
  ShopStreet street({.unique_index = false});
  street.net.link("standin", "shop").repeated = 1;
  const auto lost = street.send("shop", street.order("key-1"));
  street.crash_after(1'500ms);
  const auto ledger = street.shop.ledger();
  ASSERT_EQ(ledger.size(), 2U) << "both rows were there, and are charged when it is back";
  EXPECT_NE(ledger[0].repeated, ledger[1].repeated);
}

TEST(ShopParty, OneSeedIsOneStory) {
  const auto story = [](std::uint64_t seed) {
    ShopStreet street({}, seed);
    for (int order = 0; order < 20; ++order) {
      street.send("shop", street.order("key-" + std::to_string(order), "p" + std::to_string(order)));
    }
    street.world.run_for(1min);
    return street.trace.hash();
  };
  EXPECT_EQ(story(7), story(7));
  EXPECT_NE(story(7), story(8));
}

}  // namespace
}  // namespace standin::sim
