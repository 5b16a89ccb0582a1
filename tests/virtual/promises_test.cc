// The promises under the worst order of events, in virtual time.
#include <future>
#include <map>

#include "tests/virtual/troubled_journal.h"

namespace standin {
namespace {

Behaviour says(const std::string& body) {
  Response found{.status = 200, .body = body};
  found.headers.add("Content-Type", "application/json");
  return {.answer = found};
}

Reply ask(Scene& scene, const std::string& key) {
  return scene.world.run(scene.tour->handle(scene.request(key, 1000), std::make_shared<TestClient>(), "id"));
}

TEST(Promises, AnOrderHeldForItsClientsRetryIsDeliveredOnceTheRetryHasTheYes) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  ask(scene, "k1").undelivered();
  scene.world.run_for(1s);
  ASSERT_EQ(scene.only_state(), State::held);
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.shop = [](const Request&) { return creates(); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Promises, AYesThatACommitBroughtTooLateIsDeliveredOnceTheRetryHasIt) {
  Troubled scene;
  scene.shop = [](const Request&) { return refuses(); };
  scene.trouble->keeping_takes = 20s;
  EXPECT_EQ(scene.order("k1").status, 503);
  scene.world.run_for(10s);
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.shop = [](const Request&) { return creates(); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Promises, AnOrderThatWasWithdrawnIsNotPromisedAgain) {
  Scene scene;
  scene.stand_in.undelivered = Undelivered::reverse;
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  ask(scene, "k1").undelivered();
  scene.world.run_for(1s);
  EXPECT_NE(scene.order("k1").status, 201) << "while it is being withdrawn";
  const auto replayer = scene.new_replayer("r1");
  scene.world.run_for(60s);
  ASSERT_EQ(scene.only_state(), State::cancelled);
  EXPECT_NE(scene.order("k1").status, 201);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
}

TEST(Promises, ALateAnswerThatComesDuringTheCommitCounts) {
  Troubled scene;
  scene.shop = [](const Request&) { return creates(14600ms); };
  scene.trouble->keeping_takes = 300ms;
  EXPECT_EQ(scene.order("k1").status, 201);
  scene.world.run_for(1s);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Promises, AfterACommitOfUnknownEndItsKeyStaysClaimed) {
  Troubled scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  scene.trouble->keeping_says = Kept::unknown;
  EXPECT_EQ(scene.order("k1").status, 503);
  scene.shop = [](const Request&) { return creates(); };
  EXPECT_EQ(scene.order("k1").status, 409);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u) << "it may be on the disk, and would be delivered after the restart";
}

TEST(Promises, NobodyElseWaitsWhileTheDiskIsAskedForAnAnswer) {
  Troubled scene;
  scene.shop = [](const Request&) { return refuses(); };
  ASSERT_EQ(scene.order("k1").status, 201);
  const Intent other{.key = scene.only_order().key, .payload = scene.vault.payload_digest("another"), .tenant = ""};
  std::future<void> asked;
  bool waits = false;
  scene.trouble->reading = [&] {
    asked = std::async(std::launch::async, [&] { scene.claims->remembered(other, {}); });
    waits = asked.wait_for(10s) != std::future_status::ready;
  };
  EXPECT_EQ(scene.order("k1").status, 201);
  EXPECT_TRUE(asked.valid());
  EXPECT_FALSE(waits) << "of the same shard, as its key is the same";
}

TEST(Promises, AnAnswerIsNotGivenAgainWhereItsOrderWasWithdrawnWhileItWasRead) {
  Troubled scene;
  scene.shop = [](const Request&) { return refuses(); };
  ASSERT_EQ(scene.order("k1").status, 201);
  scene.trouble->reading = [&] { scene.trouble->state_is = State::cancelling; };
  EXPECT_EQ(scene.order("k1").status, 409);
}

TEST(Promises, AnUnheardForwardAtAPartyThatRecognisesNothingIsNotRepeatedWhileNothingCanBePromised) {
  Troubled scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.trouble->keeping_says = Kept::not_kept;
  scene.shop = [](const Request&) { return creates(40s); };
  EXPECT_EQ(scene.order("k1").status, 503);
  scene.order_later("k1");
  scene.world.run_for(60s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
  EXPECT_EQ(scene.order("k1").status, 201) << "the late answer is the retry's";
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Promises, WhatAnotherReplayMadeOfAnOrderMeanwhileIsLookedAtBeforeItIsSent) {
  std::map<std::string, int> charges;
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.stand_in.replay_rate = 2;
  scene.stand_in.replay_concurrency = 100;
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  for (int i = 0; i < 40; ++i) scene.order("k" + std::to_string(i));
  scene.shop = [&charges](const Request& request) {
    if (request.method == "GET") return answers(500);
    ++charges[std::string(*request.headers.find("Standin-Key"))];
    return breaks_off();
  };
  scene.upstream.breaker.minimum = 1000;
  scene.upstream.breaker.consecutive = 1000;
  scene.build();
  std::vector<std::shared_ptr<Replayer>> replayers;
  for (int i = 0; i < 5; ++i) {
    replayers.push_back(scene.new_replayer("r" + std::to_string(i)));
    ASSERT_TRUE(replayers.back()->start({}));
    scene.world.run_for(3s);
  }
  scene.world.run_for(100s);
  EXPECT_GE(charges.size(), 5u);
  for (const auto& [key, count] : charges) EXPECT_EQ(count, 1);
}

TEST(Promises, TheOneOrderAPersonAsksForIsFoundBehindHundredsOfOthers) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  for (int i = 0; i < 300; ++i) scene.order("k" + std::to_string(i), 100);
  scene.shop = [](const Request&) { return creates(); };
  const Ulid newest = scene.journal->orders({.limit = 1})->front().id;
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({.order = newest}));
  scene.world.run_for(5s);
  EXPECT_EQ(scene.journal->orders({.id = newest})->front().state, State::settled);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

struct UnknownAtUnkeyedParty : Scene {
  UnknownAtUnkeyedParty() {
    upstream.duplicates = Duplicates::none;
    upstream.finder->max_processing = 600s;
    build();
    shop = [](const Request&) { return hangs(); };
    order("k1");
    world.run_for(120s);
  }
};

TEST(Promises, APersonsWordDoesNotWearTheFinderOut) {
  UnknownAtUnkeyedParty scene;
  scene.shop = [](const Request& request) { return request.method == "GET" ? says("[]") : creates({}, "shop-2"); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({.order = scene.only_order().id}));
  scene.world.run_for(300s);
  EXPECT_LE(scene.arrivals("GET /orders"), 2u);
  EXPECT_TRUE(scene.journal->follow_ups(true)->empty());
  scene.world.run_for(600s);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Promises, AfterManyTriesAPersonsWordStillHasTheOrderDelivered) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  scene.order("k1");
  scene.shop = [](const Request&) { return answers(500); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(65min);
  ASSERT_EQ(scene.journal->follow_ups(true)->size(), 1u);
  ASSERT_EQ(scene.only_state(), State::held);
  scene.shop = [](const Request&) { return creates(); };
  ASSERT_TRUE(replayer->start({.order = scene.only_order().id}));
  scene.world.run_for(600s);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Promises, AFindersWordThatBelongsToAnotherOrderSettlesNoQuestion) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.shop = [](const Request&) { return creates(20s, "shop-1"); };
  scene.order("k0");
  scene.world.run_for(60s);
  ASSERT_EQ(scene.only_state(), State::settled);
  scene.shop = [](const Request&) { return hangs(); };
  scene.order("k1");
  scene.world.run_for(120s);
  scene.shop = [](const Request& request) {
    return request.method == "GET" ? says(R"([{"id":"shop-1","status":"accepted"}])") : creates({}, "shop-2");
  };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(120s);
  const OrderRow order = scene.journal->orders({.limit = 1})->front();
  ASSERT_EQ(order.state, State::held);
  EXPECT_TRUE(order.unresolved);
  ASSERT_TRUE(replayer->start({.order = order.id}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 2u) << "it may stand already: it is not charged on a guess";
}

TEST(Promises, AnAnswerThatAWaitingRetryGotIsNotUndelivered) {
  Scene scene;
  scene.stand_in.undelivered = Undelivered::reverse;
  scene.build();
  scene.shop = [](const Request&) { return hangs(); };
  std::shared_ptr<OneShot<Response>> retry;
  const auto retries = scene.world.clock().at(scene.world.clock().now() + 1s, [&] { retry = scene.order_later("k1"); });
  Reply first = ask(scene, "k1");
  scene.world.run_for(1s);
  ASSERT_EQ(retry->peek()->status, 201);
  first.undelivered();
  scene.world.run_for(1s);
  EXPECT_EQ(scene.only_state(), State::accepted);
}

/// A shop that places what it is sent, and answers later than anybody waits; found by the finder from then on.
struct LateShop {
  explicit LateShop(Scene& scene) {
    scene.shop = [this](const Request& request) {
      if (request.method == "GET") return says(placed ? R"([{"id":"shop-1","status":"accepted"}])" : "[]");
      if (request.path() != "/orders") return answers(200, "{}");
      if (down) return refuses();
      placed = true;
      return hangs();
    };
  }
  bool placed = false, down = false;
};

void order_and_leave(Scene& scene, int cents) {
  const auto client = std::make_shared<TestClient>();
  scene.order_later("k1", cents, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(20s);
  ASSERT_TRUE(scene.journal->orders({})->empty());
}

TEST(Promises, ARetryIsNotDeclinedForGoodWhileTheFirstTryOfAClientThatLeftMayStand) {
  Scene scene;
  LateShop shop(scene);
  const auto replayer = scene.new_replayer("r1");
  order_and_leave(scene, 9900);
  shop.down = true;
  EXPECT_EQ(scene.order("k1", 9900).status, 422);
  EXPECT_EQ(scene.only_state(), State::reversing);
  scene.world.run_for(180s);  // not before nobody listens to the first try
  EXPECT_EQ(scene.only_state(), State::reversed);
  EXPECT_EQ(scene.arrivals("POST /orders/shop-1/cancel"), 1u);
  replayer->shut_down();
}

TEST(Promises, ARetryThatIsAcceptedWhileAnEarlierTryMayStandIsLookedUpBeforeItIsDelivered) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  LateShop shop(scene);
  order_and_leave(scene, 1000);
  scene.world.run_for(200s);
  shop.down = true;
  EXPECT_EQ(scene.order("k1", 1000).status, 201);
  EXPECT_TRUE(scene.only_order().unresolved);
  shop.down = false;
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::matched);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Promises, ADefiniteAnswerEndsTheDoubt) {
  Scene scene;
  LateShop shop(scene);
  order_and_leave(scene, 9900);
  scene.shop = [](const Request&) { return declines(); };
  EXPECT_EQ(scene.order("k1", 9900).status, 422);
  shop.down = true;
  scene.shop = [](const Request&) { return refuses(); };
  EXPECT_EQ(scene.order("k1", 9900).status, 422);
  EXPECT_TRUE(scene.journal->orders({})->empty()) << "the shop's own decline is given again";
}

TEST(Promises, AReplayCarriesTheConfiguredCredentialInItsOwnField) {
  Scene scene;
  scene.stand_in.replay_credential = "Authorization: Bearer s3cret";
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  scene.order("k1");
  scene.shop = [](const Request&) { return creates(); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  const Request& replayed = scene.transport.arrived.back().request;
  EXPECT_EQ(replayed.headers.find("Authorization").value_or(""), "Bearer s3cret");
}

TEST(Promises, NothingIsUndoneForAClientThatLeftARouteThatIsOff) {
  Scene scene;
  scene.stand_in.undelivered = Undelivered::reverse;
  scene.route.mode = Mode::off;
  scene.build();
  scene.shop = [](const Request&) { return hangs(); };
  const auto client = std::make_shared<TestClient>();
  scene.order_later("k1", 1000, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(200s);
  EXPECT_TRUE(scene.journal->orders({})->empty());
}

}  // namespace
}  // namespace standin
