// Keeping the promises, in virtual time.
#include "tests/virtual/scene.h"

namespace standin {
namespace {

Behaviour finds(const std::string& body) {
  Response found{.status = 200, .body = body};
  found.headers.add("Content-Type", "application/json");
  return {.answer = found};
}

/// A scene in which the shop was down for one order, and is as the test says from now on.
struct Outage : Scene {
  explicit Outage(int orders = 1) {
    shop = [](const Request&) { return refuses(); };
    for (int i = 0; i < orders; ++i) order("k" + std::to_string(i));
    shop = [this](const Request& request) { return creates({}, "shop-" + std::to_string(served_by_key(request))); };
  }

  /// The shop's unique index: the same key, the same order.
  std::size_t served_by_key(const Request& request) {
    const std::string key(*request.headers.find("Standin-Key"));
    return orders_by_key.emplace(key, orders_by_key.size() + 1).first->second;
  }

  void replay_all() {
    replayer = new_replayer("r1");
    ASSERT_TRUE(replayer->start({}));
    world.run_for(120s);
  }

  std::map<std::string, std::size_t> orders_by_key;
  std::shared_ptr<Replayer> replayer;
};

TEST(Replay, DeliversTheOriginalRequestWithItsIds) {
  Outage scene;
  scene.replay_all();
  EXPECT_EQ(scene.only_state(), State::settled);
  const Request& replayed = scene.transport.arrived.back().request;
  EXPECT_EQ(replayed.body, scene.request("k0", 1000).body);
  EXPECT_EQ(*replayed.headers.find("X-Request-Id"), "request-id");
  EXPECT_EQ(*replayed.headers.find("Idempotency-Key"), "k0");
  EXPECT_EQ(*replayed.headers.find("Standin-Key"), scene.only_order().key.text());
  EXPECT_TRUE(replayed.headers.has("Standin-Replay"));
}

TEST(Replay, WaitsForAPersonToStartIt) {
  Outage scene;
  scene.replayer = scene.new_replayer("r1");
  scene.world.run_for(600s);
  EXPECT_EQ(scene.only_state(), State::accepted);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
}

TEST(Replay, TenAtOnceDeliverEachOrderOnce) {
  Outage scene(20);
  std::vector<std::shared_ptr<Replayer>> replayers;
  for (int i = 0; i < 10; ++i) {
    replayers.push_back(scene.new_replayer("r" + std::to_string(i)));
    ASSERT_TRUE(replayers.back()->start({}));
  }
  scene.world.run_for(300s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 20u);
  EXPECT_EQ(scene.journal->orders({.state = State::settled})->size(), 20u);
  EXPECT_EQ(scene.journal->exposure().front().minor, 0);
}

TEST(Replay, AnOrderThatThePartyHasIsMatched) {
  Outage scene;
  scene.shop = [](const Request&) {
    Response have{.status = 409, .body = R"({"existing_order":{"id":"shop-7"}})"};
    have.headers.add("Content-Type", "application/json");
    return Behaviour{.answer = have};
  };
  scene.replay_all();
  EXPECT_EQ(scene.only_state(), State::matched);
  EXPECT_EQ(scene.only_order().upstream_reference, "shop-7");
}

TEST(Replay, ABare409ProvesNothing) {
  Outage scene;
  scene.shop = [](const Request&) { return answers(409, "{}"); };
  scene.replay_all();
  EXPECT_NE(scene.only_state(), State::matched);
  EXPECT_NE(scene.only_state(), State::settled);
  EXPECT_NE(scene.only_state(), State::refused);
}

TEST(Replay, ADeclineRefusesTheOrderAndOpensAFollowUp) {
  Outage scene;
  scene.shop = [](const Request&) { return declines(); };
  scene.replay_all();
  EXPECT_EQ(scene.only_state(), State::refused);
  EXPECT_EQ(scene.journal->follow_ups(true)->size(), 1u);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u) << "a hard decline is never retried";
  EXPECT_EQ(scene.journal->exposure().front().minor, 1000) << "a refused order is still owed";
}

class ReplayPausesOn : public testing::TestWithParam<int> {};
TEST_P(ReplayPausesOn, AnAnswerThatEveryOrderWouldGet) {
  Outage scene(30);
  scene.shop = [](const Request&) { return answers(GetParam(), "no"); };
  scene.replay_all();
  EXPECT_TRUE(scene.replayer->status().front().paused);
  EXPECT_LE(scene.arrivals("POST /orders"), 4u);
  EXPECT_TRUE(scene.journal->orders({.state = State::refused})->empty());
  scene.shop = [&scene](const Request& request) {
    return creates({}, "shop-" + std::to_string(scene.served_by_key(request)));
  };
  ASSERT_TRUE(scene.replayer->resume("orders"));
  scene.world.run_for(600s);
  EXPECT_EQ(scene.journal->orders({.state = State::settled})->size(), 30u);
}
INSTANTIATE_TEST_SUITE_P(Statuses, ReplayPausesOn, testing::Values(401, 403, 404, 429, 200));

TEST(Replay, AShopThatIsStillDownLosesNothing) {
  Outage scene(5);
  scene.shop = [](const Request&) { return refuses(); };
  scene.replay_all();
  scene.shop = [&scene](const Request& request) {
    return creates({}, "shop-" + std::to_string(scene.served_by_key(request)));
  };
  scene.world.run_for(1200s);
  EXPECT_EQ(scene.journal->orders({.state = State::settled})->size(), 5u);
}

TEST(Replay, NeverStartsBeforeListeningEnded) {
  Scene scene;
  scene.shop = [](const Request&) { return hangs(); };
  scene.order("k1");
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(90s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
  scene.shop = [](const Request&) { return creates(); };
  scene.world.run_for(120s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 2u);
  EXPECT_EQ(scene.only_state(), State::settled);
}

/// A party that recognises nothing: an attempt that may have happened is looked up, never repeated on a guess.
struct UnkeyedOutage : Scene {
  UnkeyedOutage() {
    upstream.duplicates = Duplicates::none;
    build();
    shop = [](const Request&) { return hangs(); };
    order("k1");
  }
  void replay_with(std::function<Behaviour()> found, Duration span) {
    shop = [found](const Request& request) { return request.method == "GET" ? found() : creates({}, "shop-2"); };
    replayer = new_replayer("r1");
    ASSERT_TRUE(replayer->start({}));
    world.run_for(span);
  }
  std::shared_ptr<Replayer> replayer;
};

TEST(Replay, TheFinderGoesFirstWhereThePartyRecognisesNothing) {
  UnkeyedOutage scene;
  scene.replay_with([] { return finds(R"([{"id":"shop-1","status":"accepted"}])"); }, 300s);
  EXPECT_EQ(scene.only_state(), State::matched);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Replay, AFindersNoneCountsOnlyAfterThePartysLongestProcessingTime) {
  UnkeyedOutage scene;
  scene.upstream.finder->max_processing = 600s;
  scene.build();
  scene.replay_with([] { return finds("[]"); }, 500s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
  EXPECT_EQ(scene.only_state(), State::held);
  scene.world.run_for(600s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 2u);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Replay, SeveralMatchesWaitForAPerson) {
  UnkeyedOutage scene;
  scene.replay_with([] { return finds(R"([{"id":"a","status":"accepted"},{"id":"b","status":"accepted"}])"); }, 300s);
  EXPECT_EQ(scene.only_state(), State::held);
  EXPECT_EQ(scene.journal->follow_ups(true)->size(), 1u);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Replay, WithoutAFinderAnUnknownWaitsForAPerson) {
  UnkeyedOutage scene;
  scene.upstream.finder.reset();
  scene.build();
  scene.replay_with([] { return answers(404); }, 300s);
  EXPECT_EQ(scene.only_state(), State::held);
  EXPECT_EQ(scene.journal->follow_ups(true)->size(), 1u);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
}

TEST(Replay, AnUnknownReplayAtAPartyThatRecognisesNothingIsLookedUpBeforeTheNext) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  scene.order("k1");
  scene.shop = [](const Request& request) { return request.method == "GET" ? finds("[]") : breaks_off(); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(30s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
  EXPECT_GE(scene.arrivals("GET /orders"), 1u);
  EXPECT_EQ(scene.only_state(), State::held);
}

TEST(Replay, AnOpenAttemptOfAProcessThatDiedIsUnknownAfterTheRestart) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.shop = [](const Request&) { return refuses(); };
  scene.order("k1");
  const Ulid id = scene.only_order().id;
  const auto lease = scene.world.run(scene.journal->lease(
      id, "r1", scene.world.clock().wall() + 600s,
      Attempt{.kind = "replay", .target = "http://shop:1", .started = scene.world.clock().wall(), .open = true}));
  ASSERT_TRUE(lease.has_value());
  scene.restart();
  scene.shop = [](const Request& request) {
    return request.method == "GET" ? finds(R"([{"id":"shop-1","status":"accepted"}])") : creates({}, "shop-2");
  };
  const auto replayer = scene.new_replayer("r2");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::matched);
  EXPECT_EQ(scene.arrivals("POST /orders"), 0u);
}

TEST(Replay, OneOrderThatAPersonAsksForIsDeliveredAlone) {
  Outage scene(3);
  const auto rows = scene.journal->orders({});
  scene.replayer = scene.new_replayer("r1");
  ASSERT_TRUE(scene.replayer->start({.order = rows->at(1).id}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 1u);
  EXPECT_EQ(scene.journal->orders({.id = rows->at(1).id})->front().state, State::settled);
}

TEST(Replay, AHeldUndeliveredOrderIsDeliveredOnAPersonsWord) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  auto reply = scene.world.run(scene.tour->handle(scene.request("k1", 1000), std::make_shared<TestClient>(), "id"));
  reply.undelivered();
  scene.world.run_for(1s);
  scene.shop = [](const Request&) { return creates(); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::held) << "the cashier may not have handed it over";
  ASSERT_TRUE(replayer->start({.order = scene.only_order().id}));
  scene.world.run_for(60s);
  EXPECT_EQ(scene.only_state(), State::settled);
}

TEST(Replay, IsPacedAndStartsGently) {
  Outage scene(40);
  scene.stand_in.replay_rate = 4;
  scene.replayer = scene.new_replayer("r1");
  ASSERT_TRUE(scene.replayer->start({}));
  scene.world.run_for(1s);
  EXPECT_LE(scene.arrivals("POST /orders"), 4u);
  scene.world.run_for(60s);
  EXPECT_EQ(scene.arrivals("POST /orders"), 40u);
}

TEST(Pace, HalvesOnFailureAndRisesSlowly) {
  Pace pace(20);
  const double before = pace.rate();
  pace.failed(Instant{});
  EXPECT_DOUBLE_EQ(pace.rate(), before / 2);
  pace.succeeded();
  EXPECT_DOUBLE_EQ(pace.rate(), before / 2 + 1);
}

}  // namespace
}  // namespace standin
