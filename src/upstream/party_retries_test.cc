#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "upstream/party_test_support.h"

namespace standin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Party, TriesAnotherTargetWhenAnAnswerSaysThatNothingHappened) {
  PartyScene scene(a_then_b());
  scene.on[a_url] = answers(503);
  EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
  scene.on[b_url] = answers(503);
  EXPECT_EQ(scene.deliver().outcome, Outcome::not_done);
  EXPECT_THAT(scene.reached(), ElementsAre(a_url, b_url, a_url, b_url));
}

TEST(Party, AfterADoubtTriesAnotherTargetWhereARepeatIsRecognised) {
  for (const Behaviour& behaviour : {breaks_off(), babbles(), answers(500), answers(200, "please sign in")}) {
    for (const int definite : {201, 402}) {
      PartyScene scene(a_then_b());
      scene.on = {{a_url, behaviour}, {b_url, answers(definite)}};
      const Forwarded forwarded = scene.deliver(recognised);
      EXPECT_EQ(forwarded.outcome, definite == 201 ? Outcome::approved : Outcome::declined);
      EXPECT_THAT(scene.reached(), ElementsAre(a_url, b_url));
    }
  }
}

TEST(Party, ADoubtIsNotClearedByALaterAttemptThatDidNothing) {
  for (const Behaviour& behaviour : {refuses(), answers(503), Behaviour{.loses_connection = true}}) {
    PartyScene scene(a_then_b());
    scene.on = {{a_url, breaks_off()}, {b_url, behaviour}};
    const auto delivery = scene.start(recognised);
    scene.world.run_for(1s);
    EXPECT_EQ(delivery->result.peek()->outcome, Outcome::unknown);
    EXPECT_EQ(name(delivery->result.peek()->cause), name(Cause::untrustworthy));
    EXPECT_TRUE(delivery->may_have_sent);
    EXPECT_EQ(delivery->target, b_url);
  }
}

TEST(Party, ADoubtIsNotClearedByANoThatIsOfItsOwnTryAlone) {
  PartyScene scene(a_then_b());
  scene.on = {{a_url, breaks_off()}, {b_url, answers(401)}};
  EXPECT_EQ(scene.deliver(recognised).outcome, Outcome::unknown);
  scene.on = {{a_url, answers(401)}};
  EXPECT_EQ(scene.deliver(recognised).outcome, Outcome::declined) << "without a doubt it is the answer";
}

TEST(Party, ASlowAttemptIsWaitedForAndNotRepeated) {
  PartyScene scene(a_then_b());
  scene.on[a_url] = answers(201, "late", 40s);
  const auto delivery = scene.start(recognised);
  scene.world.run_for(40s);
  EXPECT_EQ(delivery->result.peek()->response->body, "late");
  EXPECT_THAT(scene.reached(), ElementsAre(a_url));
}

TEST(Party, TheLateAnswerOfASecondAttemptIsStillDelivered) {
  PartyScene scene(a_then_b());
  scene.on = {{a_url, breaks_off(5s)}, {b_url, answers(201, "late", 40s)}};
  const auto delivery = scene.start(recognised);
  scene.world.run_for(44s);
  EXPECT_FALSE(delivery->result.peek().has_value());
  EXPECT_EQ(iso8601(delivery->sent_at), "2026-01-01T00:00:00.000Z") << "of the first byte to any target";
  scene.world.run_for(1s);
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::approved);
}

TEST(Party, ADoubtThatComesWhenTheAnswerIsDueIsNotTriedAgain) {
  PartyScene scene(a_then_b());
  scene.on[a_url] = breaks_off(10s);
  EXPECT_EQ(scene.deliver(recognised).outcome, Outcome::unknown);
  EXPECT_THAT(scene.reached(), ElementsAre(a_url));
}

TEST(Party, KeepsWhatAnEarlierAttemptWasToldWhenTheNextCannotBeSent) {
  PartyScene scene(a_then_b());
  scene.on = {{a_url, answers(503, "maintenance")}, {b_url, refuses()}};
  const auto delivery = scene.start();
  scene.world.run_for(1s);
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::not_done);
  EXPECT_EQ(delivery->result.peek()->response->body, "maintenance");
  EXPECT_TRUE(delivery->may_have_sent);
}

TEST(Party, StopsRetryingWhenTheBudgetIsUsedUp) {
  PartyScene scene(a_then_b());
  scene.on = {{a_url, breaks_off()}, {b_url, hangs()}};
  for (unsigned i = 0; i < limits::retries_min; ++i) scene.start(recognised);
  scene.world.run_for(1s);
  EXPECT_EQ(scene.deliver(recognised).outcome, Outcome::unknown);
  EXPECT_EQ(scene.view(b_url).in_flight, limits::retries_min);
  scene.on[a_url] = answers(503);
  EXPECT_EQ(scene.deliver().outcome, Outcome::not_done);
  EXPECT_EQ(scene.view(b_url).in_flight, limits::retries_min);
  scene.world.run_for(60s);
  scene.on[b_url] = answers(201);
  EXPECT_EQ(scene.deliver().outcome, Outcome::approved) << "a retry's place is given back at its end";
}

TEST(Party, WhatWasNeverSentNeedsNoRetryBudget) {
  PartyScene scene(a_then_b());
  scene.on = {{a_url, breaks_off()}, {b_url, hangs()}};
  for (unsigned i = 0; i < limits::retries_min; ++i) scene.start(recognised);
  scene.world.run_for(1s);
  scene.on = {{a_url, refuses()}, {b_url, answers(201)}};
  EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
}

TEST(Party, OneAcquirersOutageLeavesTheOtherCountriesAlone) {
  PartyScene scene(by_country());
  scene.on[a_url] = hangs();
  for (int i = 0; i < 3; ++i) scene.start(in_country("FR"));
  scene.world.run_for(10s);
  scene.on[a_url] = answers(201);
  EXPECT_EQ(scene.deliver(in_country("FR")).cause, Cause::breaker);
  EXPECT_EQ(scene.deliver(in_country("DE")).outcome, Outcome::approved);
  EXPECT_EQ(scene.view().breaker, "closed");
  ASSERT_THAT(scene.view().keys, SizeIs(1));
  EXPECT_EQ(scene.view().keys[0].key, "FR");
}

TEST(Party, ATargetThatCannotBeReachedIsGoneForEveryCountry) {
  PartyScene scene(by_country());
  scene.on[a_url] = refuses();
  for (const char* country : {"FR", "DE", "NL"}) scene.deliver(in_country(country));
  scene.on[a_url] = answers(201);
  EXPECT_EQ(scene.deliver(in_country("BE")).cause, Cause::breaker);
  EXPECT_EQ(scene.view().breaker, "open");
  EXPECT_THAT(scene.view().keys, IsEmpty());
}

TEST(Party, NothingIsSentOfWhatAnOperatorHasCutOff) {
  PartyScene scene(by_country());
  scene.states.switches()->cut({.upstream = "shop", .key = "FR", .until = scene.world.clock().wall() + 30min});
  const Forwarded cut = scene.deliver(in_country("FR"));
  EXPECT_EQ(cut.outcome, Outcome::not_done);
  EXPECT_EQ(cut.cause, Cause::breaker);
  EXPECT_THAT(scene.transport.connected_to, IsEmpty());
  EXPECT_EQ(scene.deliver(in_country("DE")).outcome, Outcome::approved);
  scene.world.run_for(30min);
  EXPECT_EQ(scene.deliver(in_country("FR")).outcome, Outcome::approved) << "a switch expires";
}

TEST(Party, ASwitchThatIsCutMeanwhileStopsTheNextAttempt) {
  PartyScene scene(a_then_b());
  scene.on[a_url] = breaks_off(1s);
  const auto delivery = scene.start(recognised);
  scene.world.run_for(500ms);
  scene.states.switches()->cut({.upstream = "shop"});
  scene.world.run_for(1s);
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::unknown);
  EXPECT_THAT(scene.reached(), ElementsAre(a_url));
}

}  // namespace
}  // namespace standin
