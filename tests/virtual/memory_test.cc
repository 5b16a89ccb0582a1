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
