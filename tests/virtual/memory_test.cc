// What is remembered of answers that were passed on and written nowhere, and what is never said in ignorance of them.
// In virtual time.
#include "base/limits.h"
#include "tests/virtual/scene.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

constexpr int over_the_floor = 9900;

TEST(Memory, AnotherPayloadUnderTheKeyDoesNotTakeAwayWhatTheFirstWasTold) {
  Scene scene;
  const std::string first = to_wire(scene.order("k1", over_the_floor));
  scene.shop = [](const Request&) { return declines(); };
  scene.order("k1", 1000);
  scene.shop = [](const Request&) { return hangs(); };
  EXPECT_EQ(to_wire(scene.order("k1", over_the_floor)), first);
  EXPECT_TRUE(scene.journal->orders({})->empty()) << "a decline would have reversed what the shop had served";
}

TEST(Memory, AfterARestartNothingIsUndoneThatMayHaveBeenToldYes) {
  Scene scene;
  EXPECT_EQ(scene.order("k1", over_the_floor).status, 201);
  scene.restart();
  scene.shop = [](const Request&) { return hangs(); };
  EXPECT_EQ(scene.order("k1", over_the_floor).status, 503);
  EXPECT_TRUE(scene.journal->orders({})->empty());
}

TEST(Memory, AfterARestartADeclineThatUndoesNothingIsSaid) {
  Scene scene;
  scene.restart();
  scene.shop = [](const Request&) { return refuses(); };
  EXPECT_EQ(scene.order("k1", over_the_floor).status, 422);
}

TEST(Memory, WhatNobodyRemembersAnyLongerIsDecided) {
  Scene scene;
  scene.restart();
  scene.world.run_for(limits::definite_answer_kept);
  scene.shop = [](const Request&) { return hangs(); };
  EXPECT_EQ(scene.order("k1", over_the_floor).status, 422);
  EXPECT_EQ(scene.only_state(), State::reversing);
}

TEST(Memory, AfterARestartAnUndeliveredOrderIsHeldAndNotUndone) {
  Scene scene;
  scene.stand_in.undelivered = Undelivered::reverse;
  scene.restart();
  scene.shop = [](const Request&) { return refuses(); };
  auto reply = scene.world.run(scene.tour->handle(scene.request("k1", 1000), std::make_shared<TestClient>(), "id"));
  ASSERT_EQ(reply.response.status, 201);
  reply.undelivered();
  scene.world.run_for(1s);
  EXPECT_EQ(scene.only_state(), State::held);
}

/// Its client leaves while the shop is at work on it, and nothing is heard of it any more.
void leave_in_doubt(Scene& scene, int cents) {
  scene.shop = [](const Request&) { return hangs(); };
  const auto client = std::make_shared<TestClient>();
  scene.order_later("k1", cents, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(200s);
}

TEST(Memory, WhatMayHaveHappenedIsLookedForFromWhenItWasSent) {
  for (const int cents : {1000, over_the_floor}) {
    Scene scene;
    scene.upstream.duplicates = Duplicates::none;
    scene.build();
    const WallTime sent = scene.world.clock().wall();
    leave_in_doubt(scene, cents);
    scene.shop = [](const Request&) { return refuses(); };
    ASSERT_NE(scene.order("k1", cents).status, 503);
    const OrderRow order = scene.only_order();
    EXPECT_EQ(order.state, cents == over_the_floor ? State::reversing : State::accepted);
    EXPECT_TRUE(order.unresolved);
    const auto attempts = scene.journal->attempts(order.id);
    ASSERT_TRUE(attempts && !attempts->empty());
    EXPECT_EQ(attempts->front().kind, "live");
    EXPECT_FALSE(attempts->front().open);
    EXPECT_EQ(attempts->front().outcome, Outcome::unknown);
    EXPECT_LT(attempts->front().started, sent + 1s);
    EXPECT_GT(order.created, sent + 200s);
  }
}

TEST(Memory, AfterARestartWhatIsPromisedIsLookedForBeforeItIsDelivered) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.restart();
  scene.shop = [](const Request&) { return refuses(); };
  ASSERT_EQ(scene.order("k1").status, 201);
  EXPECT_TRUE(scene.only_order().unresolved);
  const auto attempts = scene.journal->attempts(scene.only_order().id);
  ASSERT_TRUE(attempts && !attempts->empty());
  EXPECT_LE(attempts->front().started, scene.only_order().created - limits::definite_answer_kept);

  Scene without_finder;
  without_finder.upstream.duplicates = Duplicates::none;
  without_finder.upstream.finder.reset();
  without_finder.build();
  without_finder.restart();
  without_finder.shop = [](const Request&) { return refuses(); };
  ASSERT_EQ(without_finder.order("k1").status, 201);
  EXPECT_FALSE(without_finder.only_order().unresolved) << "it would be a person's case";
}

TEST(Memory, ANoThatWasPassedOnSaysNothingOfALaterAttempt) {
  Scene scene;
  scene.shop = [](const Request&) { return declines(); };
  ASSERT_EQ(scene.order("k1").status, 422);
  scene.shop = [](const Request&) { return refuses(); };
  EXPECT_EQ(scene.order("k1").status, 422);
  EXPECT_TRUE(scene.journal->orders({})->empty()) << "nothing was sent";
  scene.shop = [](const Request&) { return creates(30s); };
  EXPECT_EQ(scene.order("k1").status, 422) << "it is not promised what was declined";
  EXPECT_EQ(scene.only_state(), State::reversing);
}

TEST(Memory, ADoubtAfterANoIsLookedIntoThoughTheNextTryNeverLeaves) {
  Scene scene;
  scene.shop = [](const Request&) { return declines(); };
  ASSERT_EQ(scene.order("k1").status, 422);
  leave_in_doubt(scene, 1000);
  scene.shop = [](const Request&) { return refuses(); };
  EXPECT_EQ(scene.order("k1").status, 422);
  EXPECT_EQ(scene.only_state(), State::reversing);
}

TEST(Memory, ADoubtAfterARestartGoesBackToBeforeIt) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  scene.restart();
  leave_in_doubt(scene, 1000);
  scene.shop = [](const Request&) { return refuses(); };
  ASSERT_EQ(scene.order("k1").status, 201);
  const auto attempts = scene.journal->attempts(scene.only_order().id);
  ASSERT_TRUE(attempts && !attempts->empty());
  EXPECT_LE(attempts->front().started, scene.only_order().created - limits::definite_answer_kept);
}

TEST(Memory, ANoToASecondChargeSaysNothingOfTheFirst) {
  Scene scene;
  scene.upstream.duplicates = Duplicates::none;
  scene.build();
  leave_in_doubt(scene, over_the_floor);
  scene.shop = [](const Request&) { return declines(20s); };
  EXPECT_EQ(scene.order("k1", over_the_floor).status, 422);
  scene.world.run_for(30s);
  EXPECT_EQ(scene.only_state(), State::reversing);
  EXPECT_TRUE(scene.only_order().unresolved);
}

TEST(Memory, WhatWasNotDoneAfterAllSaysNothingOfTheTryBefore) {
  Scene scene;
  leave_in_doubt(scene, over_the_floor);
  scene.shop = [](const Request&) {
    return Behaviour{.answers_after = 20s, .answer = failure("nothing left", "", Sent::nothing)};
  };
  EXPECT_EQ(scene.order("k1", over_the_floor).status, 422);
  scene.world.run_for(30s);
  EXPECT_EQ(scene.only_state(), State::reversing);
  EXPECT_TRUE(scene.only_order().unresolved);
}

TEST(Memory, AReplayWaitsUntilNoEarlierRequestOfItsKeyIsUnderWay) {
  Scene scene;
  scene.shop = [](const Request&) { return hangs(); };
  const auto client = std::make_shared<TestClient>();
  scene.order_later("k1", 1000, client);
  scene.world.run_for(1s);
  client->left = true;
  scene.world.run_for(20s);
  const WallTime last_heard = scene.world.clock().wall() - 21s + 120s;
  scene.shop = [](const Request&) { return refuses(); };
  ASSERT_EQ(scene.order("k1").status, 201);
  EXPECT_EQ(scene.only_state(), State::accepted);
  EXPECT_GE(scene.only_order().due, last_heard);
}

}  // namespace
}  // namespace standin
