// Whether a client has its answer: what counts as delivered, what takes an order away from its client, and what never
// does. In virtual time.
#include "tests/virtual/till.h"
#include "tests/virtual/troubled_journal.h"

namespace standin {
namespace {

/// A shop that is down, and a client that may not get what it is told.
struct Counter : Troubled {
  explicit Counter(Undelivered undelivered) {
    stand_in.undelivered = undelivered;
    build();
    shop = [](const Request&) { return refuses(); };
  }

  Reply ask() { return world.run(tour->handle(request("k1", 1000), std::make_shared<TestClient>(), "id")); }
  /// An answer that does not arrive, and what comes of it.
  void ask_in_vain() {
    Reply reply = ask();
    ASSERT_EQ(reply.response.status, 201);
    fail(reply);
  }
  void fail(Reply& reply) {
    if (reply.undelivered) reply.undelivered();
    world.run_for(1s);
  }
  OrderRow the_order() { return journal->orders({.limit = 1})->front(); }
  State state() { return the_order().state; }
};

TEST(Undelivered, AMarkThatComesLateDoesNotWithdrawWhatARetryIsTold) {
  Counter scene(Undelivered::reverse);
  Reply first = scene.ask();
  scene.trouble->marking_takes = 2s;
  first.undelivered();
  scene.world.run_for(1s);
  const auto retry = scene.order_later("k1");
  scene.world.run_for(10s);
  ASSERT_TRUE(retry->peek());
  EXPECT_EQ(retry->peek()->status, 409) << "it waits for the mark, and hears that the order was withdrawn";
  EXPECT_EQ(scene.state(), State::cancelling);
}

TEST(Undelivered, AMarkThatComesLateDoesNotHoldWhatARetryIsTold) {
  Counter scene(Undelivered::hold);
  Reply first = scene.ask();
  scene.trouble->marking_takes = 2s;
  first.undelivered();
  scene.world.run_for(1s);
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.world.run_for(10s);
  EXPECT_EQ(scene.state(), State::accepted);
}

TEST(Undelivered, ACommitThatComesLateDoesNotWithdrawWhatARetryIsTold) {
  Counter scene(Undelivered::reverse);
  scene.trouble->keeping_takes = 20s;
  scene.trouble->marking_takes = 5s;
  ASSERT_EQ(scene.order("k1").status, 503);
  scene.world.run_for(6s);
  EXPECT_EQ(scene.order("k1").status, 409);
  EXPECT_EQ(scene.state(), State::cancelling);
}

TEST(Undelivered, AMarkThatMayBeOnTheDiskPromisesNothingToARetry) {
  Counter scene(Undelivered::reverse);
  Reply first = scene.ask();
  scene.trouble->marking_fails = true;
  scene.fail(first);
  EXPECT_EQ(scene.order("k1").status, 409);
}

class UndeliveredAs : public testing::TestWithParam<Undelivered> {};

TEST_P(UndeliveredAs, TheFirstAnswerFailsAfterARetryHasIt) {
  Counter scene(GetParam());
  Reply first = scene.ask();
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.fail(first);
  EXPECT_EQ(scene.state(), State::accepted);
  EXPECT_FALSE(scene.the_order().undelivered);
}

TEST_P(UndeliveredAs, ARecalledAnswerFailsAfterTheFirstArrived) {
  Counter scene(GetParam());
  Reply first = scene.ask();
  Reply second = scene.ask();
  scene.fail(second);
  EXPECT_EQ(scene.state(), State::accepted) << "the first may yet arrive";
  first = {};
  Reply third = scene.ask();
  scene.fail(third);
  EXPECT_EQ(scene.state(), State::accepted);
  EXPECT_FALSE(scene.the_order().undelivered);
}

TEST_P(UndeliveredAs, ARecalledAnswerFailsAfterARestart) {
  Counter scene(GetParam());
  scene.ask();
  scene.restart();
  Reply recalled = scene.ask();
  ASSERT_EQ(recalled.response.status, 201);
  scene.fail(recalled);
  EXPECT_EQ(scene.state(), State::accepted);
  EXPECT_FALSE(scene.the_order().undelivered);
}

TEST_P(UndeliveredAs, ARecalledAnswerFailsOfAnOrderThatIsHeldForAnotherReason) {
  Counter scene(GetParam());
  scene.ask();
  const Change held{.lease = {scene.the_order().id, 0}, .to = State::held, .who = "ann", .why = "the customer called"};
  ASSERT_EQ(scene.world.run(scene.journal->apply(held)), Applied::applied);
  Reply recalled = scene.ask();
  ASSERT_EQ(recalled.response.status, 201);
  scene.fail(recalled);
  EXPECT_EQ(scene.state(), State::held);
  EXPECT_FALSE(scene.the_order().undelivered);
}

TEST_P(UndeliveredAs, EveryAnswerOfThoseThatWaitedForItFails) {
  Counter scene(GetParam());
  scene.shop = [](const Request&) { return hangs(); };
  const auto gone = std::make_shared<TestClient>();
  gone->left = true;
  const auto retries = scene.world.clock().at(scene.world.now() + 1s, [&] { scene.order_later("k1", 1000, gone); });
  Reply first = scene.ask();
  scene.world.run_for(1s);
  EXPECT_FALSE(scene.the_order().undelivered) << "the first has not failed";
  scene.fail(first);
  EXPECT_TRUE(scene.the_order().undelivered);
}

INSTANTIATE_TEST_SUITE_P(All, UndeliveredAs, testing::Values(Undelivered::hold, Undelivered::reverse));

TEST(Undelivered, OfTwoRetriesOfAHeldOrderOneHasItsAnswer) {
  Counter scene(Undelivered::hold);
  scene.ask_in_vain();
  ASSERT_EQ(scene.state(), State::held);
  scene.trouble->applying_takes = 2s;
  scene.ask();
  Reply second = scene.ask();
  ASSERT_EQ(second.response.status, 201);
  scene.world.run_for(5s);
  ASSERT_EQ(scene.state(), State::accepted);
  scene.fail(second);
  EXPECT_EQ(scene.state(), State::accepted);
}

TEST(Undelivered, AnOrderHeldForItsRetryIsHeldAgainIfThatOneHasNotGotItEither) {
  Counter scene(Undelivered::hold);
  scene.ask_in_vain();
  scene.restart();
  scene.ask_in_vain();
  EXPECT_EQ(scene.state(), State::held);
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.world.run_for(1s);
  EXPECT_EQ(scene.state(), State::accepted);
}

/// A charge whose yes the gateway said, and the client has, and that the journal could not be told of before the
/// process died. Now the gateway is down, and we would decline.
struct LostYes : Till {
  LostYes() {
    route.more_upstreams.clear();
    auto troubled = std::make_unique<TroubledJournal>(std::move(journal), world.clock());
    trouble = troubled.get();
    journal = std::move(troubled);
    rebuild();
    trouble->concluding_fails = true;
    told = form_field(sale({}).body, "UMrefNum");
    policy.floor_limit.clear();
    gateway = [](const Request&) { return refuses(); };
    crash();
    rebuild();
  }
  State state() { return only_state(); }
  std::string result() { return form_field(sale({}).body, "UMresult"); }

  TroubledJournal* trouble;
  std::string told;
};

TEST(LostYes, IsNotFollowedByANoOfOurs) {
  LostYes till;
  ASSERT_EQ(till.told, "132020588");
  EXPECT_EQ(till.result(), "E") << "neither yes nor no";
  till.world.run_for(1s);
  EXPECT_EQ(till.state(), State::charging) << "nothing is undone";
  till.gateway = [](const Request&) { return says(gate_approves("132020588", "10.00", true)); };
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), till.told);
  EXPECT_EQ(till.state(), State::settled);
}

TEST(LostYes, IsNotFollowedByANoBecauseTheCapIsReached) {
  LostYes till;
  till.policy.floor_limit = {Money{2500, *Currency::parse("USD")}};
  till.policy.exposure_total = {Money{1, *Currency::parse("USD")}};
  till.rebuild();
  EXPECT_EQ(till.result(), "E");
  till.world.run_for(1s);
  EXPECT_EQ(till.state(), State::charging);
}

TEST(LostYes, IsNotUndoneForAClientThatAskedAgainAndLeft) {
  LostYes till;
  till.stand_in.undelivered = Undelivered::reverse;
  till.rebuild();
  till.gateway = [](const Request&) { return hangs(); };
  const auto client = std::make_shared<TestClient>();
  till.send_later(till.sale_request({}), client);
  till.world.run_for(1s);
  client->left = true;
  till.world.run_for(300s);
  EXPECT_EQ(till.state(), State::charging);
}

TEST(LostYes, IsNotUndoneByTheGatewayBecauseWeWouldDecline) {
  LostYes till;
  till.gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  EXPECT_EQ(form_field(till.last_arrival().body, "UMtimeout"), "");
}

TEST(LostYes, PromisedAnewIsNotWithdrawnWhenThatAnswerFails) {
  LostYes till;
  till.policy.floor_limit = {Money{2500, *Currency::parse("USD")}};
  till.stand_in.undelivered = Undelivered::reverse;
  till.rebuild();
  const auto client = std::make_shared<TestClient>();
  Reply reply = till.world.run(till.tour->handle(till.sale_request({}), client, "id"));
  ASSERT_EQ(form_field(reply.response.body, "UMresult"), "A");
  reply.undelivered();
  till.world.run_for(1s);
  EXPECT_EQ(till.state(), State::accepted);
  EXPECT_TRUE(till.only_order().unresolved) << "looked up before it is delivered";
}

/// The same at a shop that can be asked for the order.
struct LostYesAtTheShop : Troubled {
  LostYesAtTheShop() {
    route.journalled = true;
    build();
    trouble->concluding_fails = true;
    EXPECT_EQ(order("k1").status, 201);
    policy.floor_limit.clear();
    shop = [this](const Request& request) {
      if (request.method != "GET") return refuses();
      Response found{.status = 200, .body = standing ? R"([{"id":"shop-1","status":"accepted"}])" : "[]"};
      found.headers.add("Content-Type", "application/json");
      return Behaviour{.answer = std::move(found)};
    };
    crash();
    EXPECT_EQ(order("k1").status, 503);
  }
  bool standing = true;
};

TEST(LostYes, IsAnsweredAgainOnceTheFinderHasFoundIt) {
  LostYesAtTheShop scene;
  const auto replayer = scene.new_replayer("r1");
  scene.world.run_for(300s);
  EXPECT_EQ(scene.only_state(), State::settled);
  const Response answer = scene.order("k1");
  EXPECT_EQ(answer.status, 201);
  EXPECT_NE(answer.body.find("shop-1"), std::string::npos);
  EXPECT_EQ(scene.arrivals("POST /orders/shop-1/cancel"), 0u);
}

TEST(LostYes, ThatDoesNotStandAfterAllFreesItsKey) {
  LostYesAtTheShop scene;
  scene.standing = false;
  const auto replayer = scene.new_replayer("r1");
  scene.world.run_for(300s);
  EXPECT_EQ(scene.only_state(), State::lapsed);
  scene.shop = [](const Request&) { return creates({}, "shop-2"); };
  EXPECT_EQ(scene.order("k1").status, 201);
}

}  // namespace
}  // namespace standin
