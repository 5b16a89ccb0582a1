#include "sim/actors/shoppers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

namespace standin::sim {
namespace {

using namespace std::chrono_literals;
using Kind = Told::Kind;

/// What follows `before` in a request's body, up to the next separator.
std::string after(const std::string& body, std::string_view before) {
  const auto at = body.find(before);
  if (at == std::string::npos) return {};
  const auto begin = at + before.size();
  return body.substr(begin, body.find_first_of("&\"", begin) - begin);
}

std::string purchase_in(const Request& request) {
  for (const std::string_view before : {R"("cart_id":")", "UMorderid=", "metadata[order_id]="}) {
    if (auto found = after(request.body, before); !found.empty()) return found;
  }
  return {};
}

/// All by which one try is told from another.
std::string bytes_of(const Request& request) {
  return fmt::format("{} {}", request.headers.find("Idempotency-Key").value_or(""), request.body);
}

/// Says the same to everybody.
struct Desk final : Server {
  explicit Desk(World& w) : world(w) {}

  void serve(std::shared_ptr<ServedCall> call) override {
    arrived.push_back(call->request());
    if (!answer) return open.push_back(std::move(call));
    alarms.push_back(world.clock().at(world.now() + takes, [this, call] {
      if (call->gone()) ++gone;
      call->answer(answer(call->request()), [] {});
    }));
  }

  World& world;
  std::function<Response(const Request&)> answer;  ///< none: never
  Duration takes = 100ms;
  std::vector<Request> arrived;
  std::vector<std::shared_ptr<ServedCall>> open;
  std::vector<std::unique_ptr<Alarm>> alarms;
  int gone = 0;
};

struct Mall {
  explicit Mall(ShopperSettings settings, std::uint64_t seed = 1)
      : world(seed),
        net(world, trace, world.fork_random()),
        loop(world.make_loop()),
        shoppers(world, *loop, net, trace, world.fork_random(), std::move(settings)),
        standin(world) {
    net.listen("standin", standin, world.executor());
    shoppers.on_fault = [this](Sabotage) { ++rudenesses; };
    shoppers.on_told = [this](const Purchase&, const Told&) { ++told; };
  }
  /// Until everybody has left.
  std::vector<Purchase> run() {
    shoppers.start();
    for (int minute = 0; minute < 60 && !shoppers.done(); ++minute) world.run_for(1min);
    EXPECT_TRUE(shoppers.done());
    return shoppers.purchases();
  }
  std::map<std::string, std::vector<std::string>> sales() const {
    std::map<std::string, std::vector<std::string>> by_purchase;
    for (const Request& request : standin.arrived) {
      if (const auto name = purchase_in(request); !name.empty()) by_purchase[name].push_back(bytes_of(request));
    }
    return by_purchase;
  }

  World world;
  Trace trace;
  SimNet net;
  std::unique_ptr<Loop> loop;
  Shoppers shoppers;
  Desk standin;
  int rudenesses = 0, told = 0;
};

ShopperSettings polite(std::vector<Side> sides = {Side::shop, Side::till, Side::payments}) {
  return {.purchases = 60, .within = 1min, .sabotage = {}, .sides = std::move(sides)};
}
ShopperSettings rude(std::vector<Side> sides = {Side::shop, Side::till, Side::payments}) {
  return {.purchases = 120, .within = 1min, .sabotage = {Sabotage::rude_shoppers}, .sides = std::move(sides)};
}

Response says(int status, std::string type, std::string body) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.add("Content-Type", type);
  return response;
}
Response try_again(const Request&) { return says(503, "text/plain", "later"); }
Response approves(const Request& request) {
  const std::string name = purchase_in(request);
  if (request.target == "/orders") {
    return says(201, "application/json", fmt::format(R"({{"order":{{"id":"ord_{}","status":"accepted"}}}})", name));
  }
  if (request.target == "/gate") {
    return says(200, "text/html", fmt::format("UMresult=A&UMrefNum={}", name.empty() ? "1" : name.substr(1) + "00"));
  }
  return says(200, "application/json",
              fmt::format(R"({{"id":"pi_{}","object":"payment_intent","status":"succeeded"}})", name));
}

TEST(Shoppers, WhoIsToldYesAtOnceAsksOnce) {
  Mall mall(polite());
  mall.standin.answer = approves;
  const auto purchases = mall.run();
  ASSERT_EQ(purchases.size(), 60U);
  for (const Purchase& purchase : purchases) {
    EXPECT_EQ(purchase.tries, 1) << purchase.name;
    ASSERT_FALSE(purchase.told.empty()) << purchase.name;
    EXPECT_EQ(purchase.told.front().kind, Kind::yes);
    EXPECT_EQ(purchase.told.front().what, "sale");
    EXPECT_GT(purchase.told.front().at_ms, purchase.told.front().asked_ms);
    EXPECT_TRUE(purchase.honest_key);
    EXPECT_FALSE(purchase.hung_up);
  }
  EXPECT_EQ(mall.rudenesses, 0);
}

TEST(Shoppers, AnAnswerThatIsNeitherYesNorNoIsAskedAgainWithTheVerySameBytes) {
  Mall mall(polite());
  mall.standin.answer = try_again;
  const auto purchases = mall.run();
  bool anybody_repeats = false;
  for (const auto& [name, tries] : mall.sales()) {
    EXPECT_EQ(std::ranges::count(tries, tries.front()), std::ssize(tries)) << name;
    EXPECT_LE(tries.size(), 5U);
    anybody_repeats |= tries.size() > 1;
  }
  EXPECT_TRUE(anybody_repeats);
  for (const Purchase& purchase : purchases) {
    EXPECT_TRUE(purchase.honest_key) << purchase.name;
    EXPECT_EQ(purchase.tries, std::ssize(purchase.told));
    EXPECT_EQ(purchase.began_ms, purchase.told.front().asked_ms);
    EXPECT_EQ(purchase.last_try_ms, purchase.told.back().asked_ms);
    EXPECT_LT(purchase.told.back().asked_ms - purchase.told.front().asked_ms, 9 * 60'000);
  }
}

TEST(Shoppers, KeepWaitingForPartiesThatNeverAnswerUntilTheirPatienceEnds) {
  Mall mall(polite());
  const auto purchases = mall.run();
  for (const Purchase& purchase : purchases) {
    EXPECT_TRUE(purchase.told.empty()) << purchase.name;
    EXPECT_TRUE(purchase.hung_up) << purchase.name;
    EXPECT_TRUE(purchase.honest_key) << purchase.name;
  }
}

TEST(Shoppers, WhoIsRefusedAConnectionHasNotHungUp) {
  Mall mall(polite());
  mall.net.close("standin");
  for (const Purchase& purchase : mall.run()) EXPECT_FALSE(purchase.hung_up) << purchase.name;
}

TEST(Shoppers, EveryRepeatThatIsNotTheSameIsTheirOwnDoingAndNoOther) {
  Mall mall(rude());
  mall.standin.answer = try_again;
  const auto purchases = mall.run();
  auto sales = mall.sales();
  int dishonest = 0;
  for (const Purchase& purchase : purchases) {
    auto tries = sales[purchase.name];
    EXPECT_EQ(std::ssize(tries), purchase.tries) << purchase.name;
    const bool same = std::ranges::count(tries, tries.front()) == std::ssize(tries);
    EXPECT_EQ(purchase.honest_key, same) << purchase.name;
    dishonest += purchase.honest_key ? 0 : 1;
  }
  EXPECT_GT(dishonest, 5);
  EXPECT_LT(dishonest, 60);
  EXPECT_GT(mall.rudenesses, dishonest);
}

TEST(Shoppers, AnAnswerAfterHangingUpIsNotHeard) {
  Mall mall(rude());
  mall.standin.answer = try_again;
  mall.standin.takes = 3s;
  const auto purchases = mall.run();
  EXPECT_GT(std::ranges::count_if(purchases, &Purchase::hung_up), 0);
  EXPECT_GT(mall.standin.gone, 0);
  for (const Purchase& purchase : purchases) {
    if (purchase.hung_up) EXPECT_LT(std::ssize(purchase.told), purchase.tries) << purchase.name;
  }
}

TEST(Shoppers, SomeSendTheSameTwiceAtOnce) {
  Mall mall(rude());
  mall.standin.answer = try_again;
  mall.standin.takes = 3s;
  bool at_once = false;
  for (const Purchase& purchase : mall.run()) {
    for (std::size_t i = 1; i < purchase.told.size(); ++i) {
      at_once |= purchase.told[i].asked_ms < purchase.told[i - 1].at_ms;
    }
  }
  EXPECT_TRUE(at_once);
}

TEST(Shoppers, AreNoLongerRudeOnceAllIsQuiet) {
  Mall mall(rude());
  mall.standin.answer = try_again;
  mall.shoppers.quiet();
  for (const Purchase& purchase : mall.run()) {
    EXPECT_TRUE(purchase.honest_key && !purchase.hung_up) << purchase.name;
  }
  EXPECT_EQ(mall.rudenesses, 0);
}

TEST(Shoppers, WhatTheyAskBackAndVoidIsRecordedAsItWasSent) {
  Mall mall(rude({Side::till}));
  mall.standin.answer = approves;
  const auto purchases = mall.run();
  std::map<std::string, std::int64_t> voids, refunds;  // by reference
  for (const Request& request : mall.standin.arrived) {
    const std::string command = after(request.body, "UMcommand=");
    const std::string amount = after(request.body, "UMamount=");
    const std::string reference = after(request.body, "UMrefNum=");
    if (command == "cc:void") ++voids[reference];
    if (command == "cc:refund")
      refunds[reference] +=
          std::stoll(amount.substr(0, amount.size() - 3)) * 100 + std::stoll(amount.substr(amount.size() - 2));
  }
  EXPECT_FALSE(voids.empty() || refunds.empty());
  for (const Purchase& purchase : purchases) {
    const std::string reference = purchase.name.substr(1) + "00";
    EXPECT_EQ(purchase.void_sent, voids.contains(reference)) << purchase.name;
    EXPECT_EQ(purchase.refund_sent_minor, refunds[reference]) << purchase.name;
    EXPECT_LE(purchase.refund_granted_minor, purchase.refund_sent_minor) << purchase.name;
  }
}

TEST(Shoppers, ARefundThatMayHaveHappenedIsNotSentAgainWithoutAKey) {
  Mall mall(polite({Side::till}));
  mall.standin.answer = [](const Request& request) {
    return after(request.body, "UMcommand=") == "cc:refund" ? try_again(request) : approves(request);
  };
  mall.run();
  std::map<std::string, int> refunds;
  for (const Request& request : mall.standin.arrived) {
    if (after(request.body, "UMcommand=") == "cc:refund") ++refunds[after(request.body, "UMrefNum=")];
  }
  EXPECT_FALSE(refunds.empty());
  for (const auto& [reference, count] : refunds) EXPECT_EQ(count, 1) << reference;
}

TEST(Shoppers, SomeChargesLookLikeOthersAndAreNot) {
  Mall mall(polite({Side::till}));
  mall.standin.answer = approves;
  mall.run();
  std::map<std::string, std::set<std::string>> names;  // by card and amount
  for (const Request& request : mall.standin.arrived) {
    if (const auto name = purchase_in(request); !name.empty()) {
      names[after(request.body, "UMcard=") + " " + after(request.body, "UMamount=")].insert(name);
    }
  }
  EXPECT_TRUE(std::ranges::any_of(names, [](const auto& each) { return each.second.size() > 1; }));
}

TEST(Shoppers, APurchaseOfWhichSomethingInBetweenSentARequestTwiceSaysSo) {
  Mall mall(polite());
  mall.standin.answer = approves;
  mall.net.link("shopper", "standin").repeated = 0.3;
  const auto purchases = mall.run();
  const auto sales = mall.sales();
  std::size_t repeated = 0;
  for (const Purchase& purchase : purchases) {
    repeated += purchase.repeated ? 1 : 0;
    const auto sent = static_cast<std::size_t>(purchase.tries);
    if (sales.at(purchase.name).size() > sent) EXPECT_TRUE(purchase.repeated) << purchase.name;
  }
  EXPECT_GT(repeated, purchases.size() / 5);
  EXPECT_LT(repeated, purchases.size());
}

TEST(Shoppers, EveryAnswerIsToldOn) {
  Mall mall(rude());
  mall.standin.answer = approves;
  int heard = 0;
  for (const Purchase& purchase : mall.run()) heard += static_cast<int>(purchase.told.size());
  EXPECT_EQ(mall.told, heard);
}

TEST(Shoppers, TheSameSeedIsTheSameRun) {
  const auto hash = [](std::uint64_t seed) {
    Mall mall(rude(), seed);
    mall.standin.answer = approves;
    mall.run();
    return mall.trace.hash();
  };
  EXPECT_EQ(hash(7), hash(7));
  EXPECT_NE(hash(7), hash(8));
}

TEST(Shoppers, MayBeCutOffInTheMiddleOfIt) {
  Mall mall(rude());
  mall.standin.answer = approves;
  mall.shoppers.start();
  mall.world.run_for(20s);
  EXPECT_FALSE(mall.shoppers.done());
  EXPECT_LT(mall.shoppers.purchases().size(), 120U);
}

}  // namespace
}  // namespace standin::sim
