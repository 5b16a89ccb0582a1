// The tour in virtual time: each test is a day at the till in microseconds.
#include "tests/virtual/scene.h"

namespace standin {
namespace {

TEST(Tour, PassesAHealthyShopsAnswerOnUnchanged) {
  Scene scene;
  const Response answer = scene.order("k1");
  EXPECT_EQ(to_wire(answer), to_wire(shop_created("shop-1")));
  EXPECT_TRUE(scene.journal->orders({})->empty());
  EXPECT_EQ(scene.transport.arrived[0].request.headers.find("Standin-Key")->size(), 64u);
}

TEST(Tour, StandsInWithinTheDeadlineWhenTheShopHangs) {
  Scene scene;
  scene.shop = [](const Request&) { return hangs(); };
  const Instant before = scene.world.now();
  const Response answer = scene.order("k1");
  EXPECT_EQ(answer.status, 201);
  EXPECT_LE(scene.world.now() - before, 15s);
  EXPECT_EQ(scene.only_order().cause, Cause::timed_out_in_service);
}

TEST(Tour, AnswersAtOnceWhenTheShopRefusesConnections) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  const Instant before = scene.world.now();
  EXPECT_EQ(scene.order("k1").status, 201);
  EXPECT_LT(scene.world.now() - before, 100ms);
  EXPECT_EQ(scene.only_order().cause, Cause::refused);
}

TEST(Tour, PassesADeclineOfTheShopOnAndNeverStandsInForIt) {
  Scene scene;
  scene.shop = [](const Request&) { return declines(); };
  EXPECT_EQ(scene.order("k1").status, 422);
  EXPECT_TRUE(scene.journal->orders({})->empty());
}

TEST(Tour, DeclinesAnOrderOverTheFloorLimitAsTheShopWould) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  EXPECT_EQ(to_wire(scene.order("k1", 9900)), to_wire(shop_declined()));
  EXPECT_EQ(scene.only_state(), State::declined);
}

TEST(Tour, GivesTheSameAnswerToTheSameKeyAlsoAfterARestart) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  const std::string first = to_wire(scene.order("k1"));
  scene.shop = [](const Request&) { return creates(); };
  EXPECT_EQ(to_wire(scene.order("k1")), first);
  scene.restart();
  EXPECT_EQ(to_wire(scene.order("k1")), first);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
}

TEST(Tour, RefusesTheSameKeyWithAnotherPayload) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  scene.order("k1", 1000);
  EXPECT_EQ(scene.order("k1", 1001).status, 422);
}

TEST(Tour, TwoHundredAtOnceWithOneKeyAreOneOrderAndOneAnswer) {
  Scene scene;
  scene.shop = [](const Request&) { return creates(1s); };
  std::vector<std::shared_ptr<OneShot<Response>>> answers;
  for (int i = 0; i < 200; ++i) answers.push_back(scene.order_later("k1"));
  scene.world.run_for(20s);
  for (const auto& answer : answers) EXPECT_EQ(to_wire(*answer->peek()), to_wire(shop_created("shop-1")));
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Tour, TheSecondOfAKeyInFlightIsToldSoAtItsDeadline) {
  Scene scene;
  scene.route.mode = Mode::off;
  scene.upstream.timeouts = {.response = 100s, .listen_late = 200s};
  scene.route.deadline = 90s;
  scene.build();
  scene.shop = [](const Request&) { return hangs(); };
  const auto first = scene.order_later("k1");
  scene.world.run_for(1s);
  scene.route.deadline = 15s;
  const auto claims = std::move(scene.claims);
  scene.claims = std::make_unique<Claims>(*scene.journal, scene.vault, scene.world.now());
  // A second route over the same claims, with a shorter deadline.
  const auto second_route = std::make_shared<ProtectedRoute>(
      ProtectedRoute::Setup{scene.route,
                            scene.stand_in,
                            scene.policy,
                            "config-1",
                            512 << 20,
                            scene.dialect,
                            {{scene.party, scene.dialect, {}}}},
      SharedPorts{*scene.journal, scene.vault, *claims, *scene.lookalikes, *scene.modes, scene.metrics, scene.ulids,
                  scene.listening, scene.in_flight_bytes},
      LoopPorts{scene.world.executor(), scene.world.clock(), scene.world.random()});
  scene.tour = second_route;
  const auto second = scene.order_later("k1");
  scene.world.run_for(16s);
  ASSERT_TRUE(second->peek().has_value());
  EXPECT_EQ(second->peek()->status, 409);
  EXPECT_FALSE(first->peek().has_value());
  scene.world.run_for(300s);
}

TEST(Tour, ALateApprovalSettlesTheOrderWithoutASecondRequest) {
  Scene scene;
  scene.shop = [](const Request&) { return creates(40s); };
  EXPECT_EQ(scene.order("k1").status, 201);
  EXPECT_EQ(scene.only_state(), State::accepted);
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::settled);
  EXPECT_EQ(scene.only_order().upstream_reference, "shop-1");
  EXPECT_EQ(scene.only_order().done_after_all, true);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Tour, ALateDeclineOfAnAcceptedOrderOpensAFollowUp) {
  Scene scene;
  scene.shop = [](const Request&) { return declines(40s); };
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::refused);
  EXPECT_EQ(scene.journal->follow_ups(true)->size(), 1u);
}

TEST(Tour, ALateApprovalAfterADeclineIsReversed) {
  Scene scene;
  scene.shop = [](const Request& request) { return request.path() == "/orders" ? creates(40s) : answers(200, "{}"); };
  const auto replayer = scene.new_replayer("r1");
  EXPECT_EQ(scene.order("k1", 9900).status, 422);
  EXPECT_EQ(scene.only_state(), State::reversing);
  scene.world.run_for(90s);
  EXPECT_EQ(scene.only_state(), State::reversed);
  EXPECT_EQ(scene.arrivals("POST /orders/shop-1/cancel"), 1u);
  replayer->shut_down();
}

TEST(Tour, ADeclineWhoseForwardIsNeverHeardOfIsLookedUp) {
  Scene scene;
  scene.shop = [](const Request& request) {
    if (request.method == "GET") {
      Response found{.status = 200, .body = "[]"};
      found.headers.add("Content-Type", "application/json");
      return Behaviour{.answer = found};
    }
    return hangs();
  };
  const auto replayer = scene.new_replayer("r1");
  scene.order("k1", 9900);
  scene.world.run_for(400s);
  EXPECT_EQ(scene.only_state(), State::reversed);
  EXPECT_GE(scene.arrivals("GET /orders"), 1u);
  replayer->shut_down();
}

TEST(Tour, TheCapIsNeverExceeded) {
  Scene scene;
  scene.policy.exposure_total = {Money{2500, *Currency::parse("USD")}};
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  std::vector<std::shared_ptr<OneShot<Response>>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(scene.order_later("k" + std::to_string(i)));
  scene.world.run_for(20s);
  int accepted = 0;
  for (const auto& answer : answers) accepted += answer->peek()->status == 201 ? 1 : 0;
  EXPECT_EQ(accepted, 2);
  EXPECT_EQ(scene.journal->exposure().front().minor, 2000);
}

TEST(Tour, ForcedModeNeverTriesTheShop) {
  Scene scene;
  ASSERT_TRUE(
      scene.world.run(scene.modes->set({.route = "orders", .mode = Mode::forced, .who = "op", .why = "drill"})));
  EXPECT_EQ(scene.order("k1").status, 201);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
  EXPECT_EQ(scene.only_order().cause, Cause::forced);
}

TEST(Tour, FallbackModeReckonsWithWhatTheRouterInFrontHasSent) {
  Scene scene;
  ASSERT_TRUE(
      scene.world.run(scene.modes->set({.route = "orders", .mode = Mode::fallback, .who = "op", .why = "a router"})));
  EXPECT_EQ(scene.order("k1").status, 201);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
  EXPECT_EQ(scene.only_order().cause, Cause::fallback);
  EXPECT_TRUE(scene.only_order().unresolved);
}

TEST(Tour, InFallbackModeWhatIsDeclinedIsLookedForAndUndone) {
  Scene scene;
  ASSERT_TRUE(
      scene.world.run(scene.modes->set({.route = "orders", .mode = Mode::fallback, .who = "op", .why = "a router"})));
  EXPECT_EQ(scene.order("k1", 9900).status, 422);
  EXPECT_EQ(scene.only_order().state, State::reversing);
}

TEST(Tour, ForcedModeOutlivesARestartAndExpires) {
  Scene scene;
  ASSERT_TRUE(scene.world.run(scene.modes->set({.route = "orders",
                                                .mode = Mode::forced,
                                                .until = scene.world.clock().wall() + 1h,
                                                .who = "op",
                                                .why = "drill"})));
  scene.restart();
  EXPECT_EQ(scene.modes->of(scene.route, scene.world.clock().wall()), Mode::forced);
  EXPECT_EQ(scene.modes->of(scene.route, scene.world.clock().wall() + 1h), Mode::automatic);
}

TEST(Tour, ModeOffPassesTheShopsErrorOn) {
  Scene scene;
  scene.route.mode = Mode::off;
  scene.build();
  scene.shop = [](const Request&) { return answers(500, "oops"); };
  EXPECT_EQ(scene.order("k1").body, "oops");
  EXPECT_TRUE(scene.journal->orders({})->empty());
}

TEST(Tour, ShadowModeRecordsAndNeverAnswers) {
  Scene scene;
  scene.route.mode = Mode::shadow;
  scene.build();
  scene.shop = [](const Request&) { return answers(500, "oops"); };
  EXPECT_EQ(scene.order("k1").body, "oops");
  scene.world.run_for(1s);
  EXPECT_EQ(scene.journal->orders({.include_shadow = true})->size(), 1u);
  EXPECT_TRUE(scene.journal->exposure().empty() || scene.journal->exposure().front().minor == 0);
  scene.shop = [](const Request&) { return creates(); };
  EXPECT_EQ(scene.order("k1").status, 201) << "a shadow decision is never recalled";
}

TEST(Tour, NothingIsSentForAClientThatLeftBeforeItsTurn) {
  Scene scene;
  const auto client = std::make_shared<TestClient>();
  client->left = true;
  scene.order_later("k1", 1000, client);
  scene.world.run_for(20s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
  EXPECT_TRUE(scene.journal->orders({})->empty());
  EXPECT_EQ(scene.order("k1").status, 201) << "the retry is handled as if it were the first";
}

TEST(Tour, NothingIsPromisedToAClientThatLeftBeforeItsAnswer) {
  Scene scene;
  scene.shop = [](const Request&) { return hangs(); };
  const auto client = std::make_shared<TestClient>();
  const auto answer = scene.order_later("k1", 1000, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(20s);
  EXPECT_TRUE(answer->peek().has_value());
  EXPECT_TRUE(scene.journal->orders({})->empty());
}

TEST(Tour, ADefiniteAnswerOfAClientThatLeftIsKeptForItsRetry) {
  Scene scene;
  scene.shop = [](const Request&) { return creates(5s); };
  const auto client = std::make_shared<TestClient>();
  scene.order_later("k1", 1000, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(10s);
  EXPECT_EQ(to_wire(scene.order("k1")), to_wire(shop_created("shop-1")));
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Tour, AnAttemptLeftUnknownByAClientThatLeftIsReversedWhereTheRouteSaysSo) {
  Scene scene;
  scene.stand_in.undelivered = Undelivered::reverse;
  scene.build();
  scene.shop = [](const Request&) { return hangs(); };
  const auto client = std::make_shared<TestClient>();
  scene.order_later("k1", 1000, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(20s);
  EXPECT_EQ(scene.only_state(), State::reversing);
}

TEST(Tour, AnAnswerThatCouldNotBeWrittenHoldsItsOrder) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  auto reply = scene.world.run(scene.tour->handle(scene.request("k1", 1000), std::make_shared<TestClient>(), "id"));
  EXPECT_EQ(reply.response.status, 201);
  reply.undelivered();
  scene.world.run_for(1s);
  EXPECT_EQ(scene.only_state(), State::held);
  EXPECT_TRUE(scene.only_order().undelivered);
  EXPECT_EQ(scene.journal->follow_ups(true)->size(), 1u) << "somebody has the case";
}

TEST(Tour, ARetryOfAnOrderThatTheShopAnsweredIsNeverDecidedAnewWhenTheShopIsDown) {
  Scene scene;
  const std::string first = to_wire(scene.order("k1", 9900));
  scene.shop = [](const Request&) { return answers(500); };
  EXPECT_EQ(to_wire(scene.order("k1", 9900)), first);
  EXPECT_TRUE(scene.journal->orders({})->empty()) << "a decline would have reversed what the shop had served";
}

TEST(Tour, ALoginPageWithStatus200IsNotAnApproval) {
  Scene scene;
  scene.shop = [](const Request&) { return answers(200, "<html>Sign in</html>"); };
  EXPECT_EQ(scene.order("k1").status, 201);
  EXPECT_EQ(scene.only_order().cause, Cause::untrustworthy);
}

TEST(Tour, A401IsPassedOnAndNeverStoodInFor) {
  Scene scene;
  scene.shop = [](const Request&) { return answers(401, "who are you?"); };
  EXPECT_EQ(scene.order("k1").status, 401);
  EXPECT_TRUE(scene.journal->orders({})->empty());
}

TEST(Tour, UnreadableFactsAreDeclinedAndPromiseNothing) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  Request request = scene.request("k1", 1000);
  request.body = R"({"order":{"total_cents":"1e3","currency":"USD"}})";
  const Reply reply = scene.world.run(scene.tour->handle(std::move(request), std::make_shared<TestClient>(), "id"));
  EXPECT_EQ(reply.response.status, 422);
  EXPECT_EQ(scene.only_state(), State::declined);
}

TEST(Tour, AMissingRequiredKeyIs400) {
  Scene scene;
  scene.route.key_required = true;
  scene.build();
  EXPECT_EQ(scene.order("").status, 400);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
}

TEST(Tour, AnOpenBreakerAnswersWithoutWaiting) {
  Scene scene;
  scene.shop = [](const Request&) { return hangs(); };
  for (int i = 0; i < 3; ++i) scene.order("k" + std::to_string(i));
  const Instant before = scene.world.now();
  EXPECT_EQ(scene.order("last").status, 201);
  EXPECT_LT(scene.world.now() - before, 100ms);
}

}  // namespace
}  // namespace standin
