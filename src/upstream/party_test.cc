#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "upstream/party_test_support.h"

namespace standin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(Party, PassesAnApprovalOn) {
  PartyScene scene;
  scene.on[a_url] = answers(201, "made", 1s);
  const Forwarded forwarded = scene.deliver();
  EXPECT_EQ(forwarded.outcome, Outcome::approved);
  EXPECT_EQ(forwarded.response->body, "made");
  EXPECT_EQ(scene.view().good, 1u);
  EXPECT_EQ(scene.view().in_flight, 0u);
}

TEST(Party, ADeclineIsGoodForTheBreaker) {
  PartyScene scene;
  scene.on[a_url] = answers(402);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(scene.deliver().outcome, Outcome::declined);
  EXPECT_EQ(scene.view().good, 100u);
  EXPECT_EQ(scene.view().breaker, "closed");
}

TEST(Party, NeverSendsAgainWhatMayHaveBeenSent) {
  for (const Behaviour& behaviour : {breaks_off(), babbles(), hangs(), answers(500), answers(200, "please sign in")}) {
    PartyScene scene(two_targets());
    scene.on = {{a_url, behaviour}, {b_url, behaviour}};
    const Forwarded forwarded = scene.deliver();
    EXPECT_EQ(forwarded.outcome, Outcome::unknown);
    EXPECT_THAT(scene.transport.connected_to, SizeIs(1));
  }
}

TEST(Party, TriesTheNextTargetAtOnceWhenNothingWasSent) {
  PartyScene scene(two_targets());
  scene.on[a_url] = refuses();
  const Instant start = scene.world.now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
  EXPECT_EQ(scene.world.now(), start);
  EXPECT_THAT(scene.reached(), testing::Each(b_url));
  EXPECT_EQ(scene.view(b_url).good, 10u);
}

TEST(Party, TriesEachTargetOnceWhenAllRefuse) {
  PartyScene scene(two_targets());
  scene.on = {{a_url, refuses()}, {b_url, refuses()}};
  const Forwarded forwarded = scene.deliver();
  EXPECT_EQ(forwarded.outcome, Outcome::not_done);
  EXPECT_EQ(forwarded.cause, Cause::refused);
  EXPECT_THAT(forwarded.error, HasSubstr("refused"));
  EXPECT_THAT(scene.transport.connected_to, UnorderedElementsAre(a_url, b_url));
}

TEST(Party, TellsTheCausesOfUnknownApart) {
  const std::vector<std::pair<Behaviour, Cause>> cases{
      {hangs(), Cause::timed_out_in_service}, {breaks_off(11s), Cause::timed_out_in_service},
      {breaks_off(), Cause::untrustworthy},   {babbles(), Cause::untrustworthy},
      {answers(200), Cause::untrustworthy},   {answers(500), Cause::server_error}};
  for (const auto& [behaviour, cause] : cases) {
    PartyScene scene;
    scene.on[a_url] = behaviour;
    const Forwarded forwarded = scene.deliver();
    EXPECT_EQ(forwarded.outcome, Outcome::unknown);
    EXPECT_EQ(name(forwarded.cause), name(cause));
  }
}

TEST(Party, ALateAnswerIsStillDelivered) {
  PartyScene scene;
  scene.on[a_url] = answers(201, "late", 40s);
  const auto delivery = scene.start();
  scene.world.run_for(39s);
  EXPECT_FALSE(delivery->result.peek().has_value());
  EXPECT_TRUE(delivery->may_have_sent);
  scene.world.run_for(1s);
  ASSERT_TRUE(delivery->result.peek().has_value());
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::approved);
}

TEST(Party, TheBreakerHearsOfATimeoutAtOnceAndOnlyOnce) {
  PartyScene scene;
  scene.on[a_url] = answers(201, "late", 40s);
  const auto delivery = scene.start();
  scene.world.run_for(10s);
  EXPECT_EQ(scene.view().timeouts, 1u);
  EXPECT_FALSE(delivery->result.peek().has_value());
  scene.world.run_for(50s);
  EXPECT_TRUE(delivery->result.peek().has_value());
  EXPECT_EQ(scene.view().timeouts, 1u);
  EXPECT_EQ(scene.view().good + scene.view().errors, 0u);
}

TEST(Party, ListensNoLongerThanToldAndThenGivesItsPlaceBack) {
  PartyScene scene;
  scene.on[a_url] = hangs();
  const auto delivery = scene.start();
  scene.world.run_for(60s - 1ns);
  EXPECT_EQ(scene.view().in_flight, 1u);
  scene.world.run_for(1ns);
  EXPECT_EQ(scene.view().in_flight, 0u);
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::unknown);
}

TEST(Party, ThreeTimeoutsInARowAreAnsweredByTheBreakerFromThenOn) {
  PartyScene scene;
  scene.on[a_url] = hangs();
  for (int i = 0; i < 3; ++i) scene.start();
  scene.world.run_for(10s);
  const Forwarded forwarded = scene.deliver();
  EXPECT_EQ(forwarded.outcome, Outcome::not_done);
  EXPECT_EQ(forwarded.cause, Cause::breaker);
  EXPECT_THAT(scene.reached(), SizeIs(3));
}

TEST(Party, SkipsATargetWhoseBreakerRefuses) {
  PartyScene scene(two_targets());
  scene.trip(a_url);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
  EXPECT_THAT(scene.reached(), testing::Each(b_url));
}

TEST(Party, SharesItsBreakersWithTheOtherThreads) {
  PartyScene scene;
  const auto other = scene.make_party();
  scene.on[a_url] = refuses();
  for (int i = 0; i < 3; ++i) scene.deliver();
  scene.on[a_url] = answers(201);
  const Forwarded forwarded = scene.world.run(
      other->deliver({.method = "POST", .target = "/orders"}, judge, scene.deadlines(), {Purpose::covered}));
  EXPECT_EQ(forwarded.cause, Cause::breaker);
  EXPECT_THAT(scene.reached(), IsEmpty());
}

TEST(Party, SendsOneProbeOverAllThreads) {
  PartyScene scene;
  const auto other = scene.make_party();
  scene.trip(a_url);
  scene.world.run_for(5s);
  scene.on[a_url] = answers(201, "", 500ms);
  scene.start();
  other->start({.method = "POST", .target = "/orders"}, judge, scene.deadlines(), {Purpose::replay});
  scene.world.run_for(1s);
  EXPECT_THAT(scene.reached(), SizeIs(1));
  EXPECT_EQ(scene.view().breaker, "half-open");
}

TEST(Party, APlainRequestIsNoProbeAndAReplayIs) {
  PartyScene scene;
  scene.trip(a_url);
  scene.world.run_for(5s);
  EXPECT_EQ(scene.deliver({Purpose::plain}).cause, Cause::breaker);
  EXPECT_EQ(scene.deliver({Purpose::replay}).outcome, Outcome::approved);
}

TEST(Party, WhereNobodyElseWillAPlainRequestIsAProbe) {
  PartyScene scene;
  scene.trip(a_url);
  scene.world.run_for(5s);
  EXPECT_EQ(scene.deliver({Purpose::alone}).outcome, Outcome::approved);
}

TEST(Party, AProbeFailsAtItsOwnTimeoutAndIsListenedToBeyondIt) {
  PartyScene scene;
  scene.trip(a_url);
  scene.world.run_for(5s);
  scene.on[a_url] = answers(201, "", 3s);
  const auto delivery = scene.start();
  scene.world.run_for(1s - 1ns);
  EXPECT_EQ(scene.view().breaker, "half-open");
  scene.world.run_for(1ns);
  EXPECT_EQ(scene.view().breaker, "open");
  scene.world.run_for(2s);
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::approved);
  EXPECT_EQ(scene.view().breaker, "open");
  EXPECT_EQ(scene.view().timeouts, 4u) << "three that tripped it and the probe";
}

TEST(Party, RefusesBeyondItsPlacesOverAllThreads) {
  PartyScene scene(two_targets());
  scene.config.concurrency = 2;
  const auto other = scene.make_party();
  scene.on = {{a_url, hangs()}, {b_url, hangs()}};
  scene.start();
  other->start({}, judge, scene.deadlines(), {Purpose::covered});
  scene.world.run_for(1s);
  const Forwarded forwarded = scene.deliver();
  EXPECT_EQ(forwarded.outcome, Outcome::not_done);
  EXPECT_EQ(forwarded.cause, Cause::timed_out_in_queue);
  EXPECT_THAT(scene.reached(), SizeIs(2));
  scene.on = {{a_url, answers(201)}, {b_url, answers(201)}};
  scene.world.run_for(58s);
  EXPECT_EQ(scene.deliver().cause, Cause::timed_out_in_queue) << "places are given back when the exchange has ended";
  scene.world.run_for(1s);
  EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
}

TEST(Party, SendsNothingOnceTheAnswerIsDue) {
  PartyScene scene(two_targets());
  scene.config.timeouts.connect = 20s;
  scene.on = {{a_url, refuses(10s)}, {b_url, refuses(10s)}};
  const Forwarded forwarded = scene.deliver();
  EXPECT_EQ(forwarded.outcome, Outcome::not_done);
  EXPECT_EQ(forwarded.cause, Cause::refused);
  EXPECT_THAT(scene.transport.connected_to, SizeIs(1));
}

TEST(Party, TriesNothingWhenItsTimeIsOverFromTheStart) {
  PartyScene scene;
  const Deadlines over{scene.world.now(), scene.world.now() + 60s};
  const Forwarded forwarded = scene.world.run(scene.party().deliver({}, judge, over, {Purpose::covered}));
  EXPECT_EQ(forwarded.outcome, Outcome::not_done);
  EXPECT_EQ(forwarded.cause, Cause::timed_out_in_queue);
  EXPECT_THAT(scene.transport.connected_to, IsEmpty());
}

TEST(Party, AnAnswerThatBeganAndThenHungCountsAsLate) {
  PartyScene scene;
  const Deadlines both{scene.world.now() + 10s, scene.world.now() + 10s};
  scene.on = {{a_url, babbles(10s)}};
  const Forwarded forwarded = scene.world.run(scene.party().deliver({}, judge, both, {Purpose::covered}));
  EXPECT_EQ(forwarded.outcome, Outcome::unknown);
  EXPECT_EQ(scene.states.views(scene.world.now()).front().timeouts, 1u);
}

TEST(Party, AConnectionThatIsReadyTooLateIsNotUsed) {
  PartyScene scene;
  scene.config.timeouts.connect = 20s;
  scene.on[a_url].connects_after = 11s;
  const Forwarded forwarded = scene.deliver();
  EXPECT_EQ(forwarded.outcome, Outcome::not_done);
  EXPECT_EQ(forwarded.cause, Cause::refused);
  EXPECT_THAT(scene.reached(), IsEmpty());
  EXPECT_EQ(scene.view().errors, 1u);
}

TEST(Party, PrefersTheLeastBusyTarget) {
  PartyScene scene(two_targets());
  scene.on[a_url] = hangs();
  scene.on[b_url] = answers(201, "", 1s);
  for (int i = 0; i < 100 && scene.view(a_url).in_flight == 0; ++i) {
    scene.start();
    scene.world.run_for(2s);
  }
  scene.transport.arrived.clear();
  for (int i = 0; i < 10; ++i) scene.deliver();
  EXPECT_THAT(scene.reached(), testing::Each(b_url));
}

TEST(Party, SpreadsIdleTargetsByChance) {
  for (const Balance balance : {Balance::least_busy, Balance::random}) {
    PartyScene scene(two_targets());
    scene.config.balance = balance;
    for (int i = 0; i < 100; ++i) scene.deliver();
    const auto urls = scene.reached();
    EXPECT_GT(std::ranges::count(urls, std::string(a_url)), 20);
    EXPECT_GT(std::ranges::count(urls, std::string(b_url)), 20);
  }
}

TEST(Party, AnUnhealthyTargetIsTheLastResort) {
  PartyScene scene(two_targets());
  scene.config.health.path = "/ping";
  scene.states.of(scene.config, a_url)->pinged({.health = Health::down}, scene.world.now());
  scene.deliver();
  scene.on[b_url] = refuses();
  EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
  EXPECT_THAT(scene.reached(), ElementsAre(b_url, a_url));
}

TEST(Party, ATargetWithoutAnAnswerToItsPingsComesAfterOneThatAnnouncedItselfDown) {
  PartyScene scene(a_then_b());
  scene.states.of(scene.config, a_url)->pinged({.health = Health::out}, scene.world.now());
  for (int i = 0; i < 10; ++i) scene.deliver();
  EXPECT_THAT(scene.reached(), testing::Each(b_url));
  scene.on[b_url] = refuses();
  EXPECT_EQ(scene.deliver().outcome, Outcome::approved) << "with nothing better left, the breaker decides";
}

TEST(Party, TellsHowFarItGotForWhoeverStopsWaiting) {
  PartyScene scene;
  scene.on[a_url] = {.connects_after = 500ms, .answers_after = 1s, .answer = Response{.status = 201}};
  const auto delivery = scene.start();
  scene.world.run_for(400ms);
  EXPECT_EQ(delivery->target, a_url);
  EXPECT_FALSE(delivery->may_have_sent);
  EXPECT_EQ(delivery->cause_so_far, Cause::refused);
  scene.world.run_for(200ms);
  EXPECT_TRUE(delivery->may_have_sent);
  EXPECT_EQ(iso8601(delivery->sent_at), "2026-01-01T00:00:00.500Z");
  EXPECT_EQ(delivery->cause_so_far, Cause::timed_out_in_service);
}

TEST(Party, WhatWasNeverSentSaysSo) {
  PartyScene scene;
  scene.on[a_url] = refuses();
  const auto delivery = scene.start();
  scene.world.run_for(1s);
  EXPECT_FALSE(delivery->may_have_sent);
  EXPECT_EQ(delivery->cause_so_far, Cause::refused);
}

TEST(Party, AConnectionLostBeforeAByteLeftCountsAsNeverSent) {
  PartyScene scene;
  scene.on[a_url] = {.loses_connection = true};
  const auto delivery = scene.start();
  scene.world.run_for(1s);
  EXPECT_EQ(delivery->result.peek()->outcome, Outcome::not_done);
  EXPECT_FALSE(delivery->may_have_sent);
  EXPECT_EQ(delivery->sent_at, WallTime{});
}

TEST(Party, DeliveriesOutliveTheirCallerAndTheParty) {
  PartyScene scene;
  scene.on[a_url] = answers(201, "", 40s);
  scene.start().reset();
  const auto kept = scene.start();
  scene.first.reset();
  scene.config.targets.clear();
  scene.world.run_for(40s);
  EXPECT_EQ(kept->result.peek()->outcome, Outcome::approved);
  EXPECT_EQ(scene.view().in_flight, 0u);
  EXPECT_THAT(scene.reached(), SizeIs(2));
}

TEST(Party, KeepsItsBreakersOverAReload) {
  PartyScene scene;
  scene.trip(a_url);
  scene.config.breaker.open_for = 1min;
  scene.world.run_for(30s);
  EXPECT_EQ(scene.deliver().cause, Cause::breaker);
}

TEST(Party, ATargetThatCannotBeReachedByItsUrlIsNotTried) {
  PartyScene scene(two_targets());
  scene.config.targets[0] = "gopher://a";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(scene.deliver().outcome, Outcome::approved);
  EXPECT_THAT(scene.transport.connected_to, testing::Each(b_url));
}

}  // namespace
}  // namespace standin
