#include "sim/net/sim_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/net/street.h"

namespace standin::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(SimNet, BringsARequestAndItsAnswer) {
  Street street;
  const auto asked = street.ask_to_the_end();
  EXPECT_EQ(asked->status(), 201);
  EXPECT_EQ((*asked->end)->body, "approved order");
  EXPECT_EQ(asked->begun_sending, 1);
  EXPECT_THAT(street.server.arrived, ElementsAre("order"));
  EXPECT_EQ(street.server.undelivered, 0);
  EXPECT_THAT(street.faults, IsEmpty());
}

struct FaultCase {
  std::string name;
  std::function<void(LinkFaults&)> set;
  Sabotage kind;
  std::optional<Sent> sent;  ///< of the error that the caller gets; nothing: it gets an answer
  bool begins_sending;
  std::size_t arrivals;
  int undelivered;
};

class EachFault : public testing::TestWithParam<FaultCase> {};

TEST_P(EachFault, MeansWhatItSaysForTheCallerAndForTheServer) {
  const FaultCase& fault = GetParam();
  Street street;
  fault.set(street.link());
  const auto asked = street.ask_to_the_end();
  ASSERT_TRUE(asked->ended());
  EXPECT_EQ(asked->sent(), fault.sent);
  EXPECT_EQ(asked->begun_sending, fault.begins_sending ? 1 : 0);
  EXPECT_THAT(street.server.arrived, testing::SizeIs(fault.arrivals));
  EXPECT_EQ(street.server.undelivered, fault.undelivered);
  EXPECT_THAT(street.faults, ElementsAre(Pair(fault.kind, testing::Ge(1))));
}

INSTANTIATE_TEST_SUITE_P(
    All, EachFault,
    testing::Values(
        FaultCase{"unresolved", [](auto& link) { link.unresolved = true; }, Sabotage::names, Sent::nothing, false, 0,
                  0},
        FaultCase{"refused", [](auto& link) { link.refused = 1; }, Sabotage::network, Sent::nothing, false, 0, 0},
        FaultCase{"lost_connecting", [](auto& link) { link.lost_connecting = 1; }, Sabotage::network, Sent::nothing,
                  false, 0, 0},
        FaultCase{"cut_there", [](auto& link) { link.cut_there = true; }, Sabotage::partition, Sent::nothing, false, 0,
                  0},
        FaultCase{"cut_back", [](auto& link) { link.cut_back = true; }, Sabotage::partition, Sent::nothing, false, 0,
                  0},
        FaultCase{"broken_before", [](auto& link) { link.broken_before = 1; }, Sabotage::network, Sent::nothing, true,
                  0, 0},
        FaultCase{"broken_within", [](auto& link) { link.broken_within = 1; }, Sabotage::network, Sent::maybe, true, 0,
                  0},
        FaultCase{"lost", [](auto& link) { link.lost = 1; }, Sabotage::network, Sent::maybe, true, 0, 0},
        FaultCase{"broken_after", [](auto& link) { link.broken_after = 1; }, Sabotage::network, Sent::maybe, true, 1,
                  1},
        FaultCase{"swallowed", [](auto& link) { link.swallowed = 1; }, Sabotage::answers_lost, Sent::maybe, true, 1, 0},
        FaultCase{"cut_short", [](auto& link) { link.cut_short = 1; }, Sabotage::network, Sent::answered, true, 1, 0},
        FaultCase{"repeated", [](auto& link) { link.repeated = 1; }, Sabotage::repeats, std::nullopt, true, 2, 0}),
    [](const auto& info) { return info.param.name; });

TEST(SimNet, AGarbledAnswerIsNeverTheOneThatWasSent) {
  int pages = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Street street(seed);
    street.link().garbled = 1;
    const auto asked = street.ask_to_the_end();
    ASSERT_TRUE(asked->ended());
    EXPECT_THAT(street.server.arrived, ElementsAre("order"));
    EXPECT_THAT(street.faults, ElementsAre(Pair(Sabotage::network, 1)));
    if (asked->sent()) {
      EXPECT_EQ(asked->sent(), Sent::answered);
      continue;
    }
    ++pages;
    EXPECT_EQ((*asked->end)->headers.find("Content-Type"), "text/html");
    EXPECT_THAT((*asked->end)->body, testing::Not(testing::HasSubstr("approved")));
  }
  EXPECT_GT(pages, 10);
  EXPECT_LT(pages, 30);
}

TEST(SimNet, WhereNobodyListensTheConnectionIsRefused) {
  Street street;
  street.net.close("shop");
  const auto asked = street.ask_to_the_end();
  EXPECT_EQ(asked->sent(), Sent::nothing);
  EXPECT_EQ(asked->begun_sending, 0);
}

TEST(SimNet, ASlowExchangeIsLateSomewhereAndSometimesArrivesWhenItsSenderHasGivenUp) {
  int refused = 0, late = 0, answered = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Street street(seed);
    street.link().slow = 1;
    const auto asked = street.ask("order", 5s);
    street.world.run_for(1min);
    ASSERT_TRUE(asked->ended());
    EXPECT_THAT(street.faults, ElementsAre(Pair(Sabotage::slow_network, 1)));
    EXPECT_EQ(street.server.arrived.size(), static_cast<std::size_t>(asked->begun_sending));
    refused += asked->sent() == Sent::nothing ? 1 : 0;
    late += asked->sent() == Sent::maybe ? 1 : 0;
    answered += asked->status() == 201 ? 1 : 0;
    EXPECT_EQ(street.server.undelivered, asked->sent() == Sent::maybe ? 1 : 0);
  }
  EXPECT_GT(refused, 5);
  EXPECT_GT(late, 5);
  EXPECT_GT(answered, 5);
}

TEST(SimNet, NeverSendsAtOrAfterTheTimeToSendBefore) {
  for (const Duration left : {Duration(-1s), Duration(0), Duration(1ns), Duration(1ms), Duration(2ms), Duration(4ms)}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Street street(seed);
      const Instant start = street.world.now();
      Instant arrived = start;
      street.server.behave = [&](const auto&) { arrived = street.world.now(); };
      const auto asked = street.ask_within({.send_before = start + left, .listen_until = start + 1min});
      street.world.run_for(2min);
      ASSERT_TRUE(asked->ended());
      EXPECT_EQ(street.server.arrived.size(), static_cast<std::size_t>(asked->begun_sending));
      if (asked->begun_sending == 0) EXPECT_EQ(asked->sent(), Sent::nothing);
      EXPECT_LE(arrived - start, std::max(left, Duration(0)) + 3ms);
    }
  }
}

TEST(SimNet, AProcessThatStoodStillWhileItConnectedSendsNothingTooLate) {
  Street street;
  const Instant start = street.world.now();
  const auto asked = street.ask_within({.send_before = start + 1s, .listen_until = start + 1min});
  street.world.run_for(0s);
  street.clients->stall_until(start + 1s);
  street.world.run_for(2min);
  EXPECT_EQ(asked->sent(), Sent::nothing);
  EXPECT_EQ(asked->begun_sending, 0);
  EXPECT_THAT(street.server.arrived, IsEmpty());
}

TEST(SimNet, ARequestOfAProcessThatDiedArrivesAndTheAnswerIsUndelivered) {
  Street street;
  const auto asked = street.ask();
  street.world.run_for(0s);
  while (asked->begun_sending == 0) street.world.run_for(100us);
  street.clients.reset();
  std::shared_ptr<ServedCall> kept;
  street.server.behave = [&](const auto& call) { kept = call; };
  street.world.run_for(1s);
  EXPECT_THAT(street.server.arrived, ElementsAre("order"));
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->gone());
  street.server.approve(kept);
  EXPECT_EQ(street.server.undelivered, 0) << "soon, and not at once";
  street.world.run_for(1s);
  EXPECT_EQ(street.server.undelivered, 1);
  EXPECT_FALSE(asked->ended());
}

TEST(SimNet, ACallWhoseServerDiesIsReset) {
  Street street;
  std::weak_ptr<ServedCall> held;
  street.server.behave = [&](const auto& call) {
    held = call;
    spawn(street.shops->executor(), [](std::shared_ptr<ServedCall> kept, Clock& clock) -> Task<> {
      co_await clock.sleep_for(1h);
      kept->reset();
    }(call, street.shops->clock()));
  };
  const auto asked = street.ask();
  street.world.run_for(1s);
  EXPECT_FALSE(held.expired());
  street.net.close("shop");
  street.shops.reset();
  EXPECT_TRUE(held.expired());
  street.world.run_for(1s);
  EXPECT_EQ(asked->sent(), Sent::maybe);
  EXPECT_EQ(street.server.undelivered, 0);
}

TEST(SimNet, ARequestThatArrivesAtAHostThatClosedMeanwhileIsReset) {
  Street street;
  const auto asked = street.ask();
  street.world.run_for(0s);
  while (asked->begun_sending == 0) street.world.run_for(100us);
  street.net.close("shop");
  street.world.run_for(1s);
  EXPECT_EQ(asked->sent(), Sent::maybe);
  EXPECT_THAT(street.server.arrived, IsEmpty());
}

TEST(SimNet, AResetThroughACutLinkIsSilence) {
  Street street;
  street.server.behave = [&](const auto& call) {
    street.link().cut_back = true;
    call->reset();
  };
  const auto asked = street.ask();
  street.world.run_for(29s);
  EXPECT_FALSE(asked->ended());
  street.world.run_for(2s);
  EXPECT_EQ(asked->sent(), Sent::maybe);
}

TEST(SimNet, AnAnswerOverACutLinkIsUndeliveredOnce) {
  Street street;
  street.server.behave = [&](const auto& call) {
    street.link().cut_back = true;
    street.server.approve(call);
  };
  const auto asked = street.ask();
  street.world.run_for(1min);
  EXPECT_EQ(asked->sent(), Sent::maybe);
  EXPECT_EQ(street.server.undelivered, 1);
}

TEST(SimNet, AClientThatHangsUpIsNoticedAfterTheLatencyAndGetsNoAnswer) {
  Street street;
  std::shared_ptr<ServedCall> kept;
  street.server.behave = [&](const auto& call) { kept = call; };
  const auto asked = street.ask();
  street.world.run_for(1s);
  ASSERT_TRUE(kept);
  EXPECT_FALSE(kept->gone());
  asked->connection->hung_up = true;
  EXPECT_FALSE(kept->gone());
  street.world.run_for(5ms);
  EXPECT_TRUE(kept->gone());
  street.server.approve(kept);
  street.world.run_for(1min);
  EXPECT_EQ(street.server.undelivered, 1);
  EXPECT_EQ(asked->sent(), Sent::maybe);
}

TEST(SimNet, AnAnswerThatCrossesTheHangUpIsUndelivered) {
  Street street;
  street.server.behave = [&](const auto& call) { street.server.approve(call); };
  const auto asked = street.ask();
  while (street.server.arrived.empty()) street.world.run_for(100us);
  ASSERT_FALSE(asked->ended());
  asked->connection->hung_up = true;
  street.world.run_for(1s);
  EXPECT_EQ(asked->sent(), Sent::maybe);
  EXPECT_EQ(street.server.undelivered, 1);
}

TEST(SimNet, AnAnswerThatComesTooLateIsUndeliveredAndItsClientGone) {
  Street street;
  std::shared_ptr<ServedCall> kept;
  street.server.behave = [&](const auto& call) { kept = call; };
  const auto asked = street.ask("order", 3s);
  street.world.run_for(10s);
  EXPECT_EQ(asked->sent(), Sent::maybe);
  EXPECT_TRUE(kept->gone());
  street.server.approve(kept);
  street.world.run_for(1s);
  EXPECT_EQ(street.server.undelivered, 1);
}

TEST(SimNet, OfARepeatedRequestTheFirstAnswerCountsAndTheOtherIsDroppedSilently) {
  Street street;
  street.link().repeated = 1;
  std::vector<std::shared_ptr<ServedCall>> kept;
  street.server.behave = [&](const auto& call) { kept.push_back(call); };
  const auto asked = street.ask();
  street.world.run_for(1s);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_FALSE(kept[0]->is_copy());
  EXPECT_TRUE(kept[1]->is_copy());
  EXPECT_EQ(kept[0]->connection(), kept[1]->connection());
  kept[0]->reset();
  street.world.run_for(1s);
  EXPECT_FALSE(asked->ended()) << "the other copy may still be answered";
  street.server.approve(kept[1]);
  street.world.run_for(1s);
  EXPECT_EQ(asked->status(), 201);
  EXPECT_EQ(street.server.undelivered, 0);
}

TEST(SimNet, TheFirstThatArrivesIsNoCopyAlsoIfItIsTheOnlyOne) {
  Street street;
  street.link().repeated = 1;
  street.net.close("shop");
  const auto nobody = street.ask_to_the_end();
  EXPECT_FALSE(nobody->connection->copied) << "it was never sent";
  std::vector<bool> copies;
  street.server.behave = [&](const auto& call) { copies.push_back(call->is_copy()); };
  street.net.listen("shop", street.server, street.shops->executor());
  const auto asked = street.ask_to_the_end();
  EXPECT_TRUE(asked->connection->copied);
  EXPECT_THAT(copies, ElementsAre(false, true));
}

TEST(SimNet, AnAnswerThatCannotComeAfterAnotherDidIsDroppedSilently) {
  Street street;
  street.link().repeated = 1;
  std::vector<std::shared_ptr<ServedCall>> kept;
  street.server.behave = [&](const auto& call) { kept.push_back(call); };
  const auto asked = street.ask();
  street.world.run_for(1s);
  ASSERT_EQ(kept.size(), 2U);
  street.server.approve(kept[1]);
  street.world.run_for(1s);
  EXPECT_EQ(asked->status(), 201);
  street.link().cut_back = true;
  street.server.approve(kept[0]);
  street.world.run_for(1s);
  EXPECT_EQ(street.server.undelivered, 0);
}

TEST(SimNet, AConnectionIsClosedWhenItsExchangeEndsOrItsProcessDies) {
  Street street;
  std::map<std::string, std::shared_ptr<ServedCall>> kept;
  street.server.behave = [&](const auto& call) { kept[call->request().body] = call; };
  const Instant start = street.world.now();
  street.ask("impatient", 3s);
  street.ask("patient", 1min);
  street.world.run_for(2s);
  ASSERT_EQ(kept.size(), 2U);
  const auto impatient = kept["impatient"]->connection(), patient = kept["patient"]->connection();
  EXPECT_FALSE(impatient->closed);
  street.world.run_for(8s);
  EXPECT_EQ(impatient->closed, start + 3s);
  EXPECT_FALSE(patient->closed);
  street.clients.reset();
  EXPECT_EQ(patient->closed, start + 10s);
}

TEST(SimNet, AHostThatDoesNotAnswerIsNotBotheredByAnotherServersEnd) {
  Street street;
  TestServer other;
  street.net.listen("backup", other, street.shops->executor());
  const auto asked = street.ask();
  street.net.close("backup");
  street.world.run_for(1s);
  EXPECT_EQ(asked->status(), 201);
}

Task<> send(SimTransport& transport, Endpoint endpoint, Clock& clock, std::optional<Result<Response>>& end) {
  const Request request{.method = "POST", .target = "/orders", .headers = {}, .body = {}};
  const ExchangeTimes times{.send_before = clock.now() + 1s, .listen_until = clock.now() + 2s};
  auto result = co_await transport.exchange(endpoint, request, times, {}, nullptr);
  end.emplace(std::move(result));
}

TEST(SimTransport, SendsAsTheProductionsClientDoes) {
  Street street;
  Clock& clock = street.clients->clock();
  SimTransport transport(street.net, "standin", clock);
  const auto endpoint = Endpoint::parse("http://shop:3000/base");
  ASSERT_TRUE(endpoint);
  std::string target, host, client;
  street.server.behave = [&](const auto& call) {
    target = call->request().target;
    host = call->request().headers.find("Host").value_or("");
    client = call->client();
    call->reset();
  };
  std::optional<Result<Response>> end;
  spawn(street.clients->executor(), send(transport, *endpoint, clock, end));
  street.world.run_for(1s);
  EXPECT_EQ(target, "/base/orders");
  EXPECT_EQ(host, "shop:3000");
  EXPECT_EQ(client, "standin");
  ASSERT_TRUE(end && !*end);
  EXPECT_EQ(end->error().where, "http://shop:3000/base");
}

/// Many exchanges with everything that can happen to them, and what they came to.
std::uint64_t run_of(std::uint64_t seed) {
  Street street(seed);
  street.link() = {.slow = 0.1,
                   .refused = 0.05,
                   .lost_connecting = 0.05,
                   .broken_before = 0.05,
                   .broken_within = 0.05,
                   .broken_after = 0.05,
                   .swallowed = 0.05,
                   .lost = 0.05,
                   .cut_short = 0.05,
                   .garbled = 0.05,
                   .repeated = 0.05};
  std::vector<std::shared_ptr<Asked>> asked;
  for (int turn = 0; turn < 40; ++turn) {
    for (int i = 0; i < 10; ++i) asked.push_back(street.ask());
    street.world.run_for(std::chrono::milliseconds(street.world.random().below(500)));
    street.link().cut_back = turn % 7 == 3;
    if (turn % 11 == 5) street.shops->stall_until(street.world.now() + 2s);
    if (turn % 13 == 7) street.clients = street.world.make_loop({.drift = 0.001});
  }
  street.world.run_for(2min);
  std::size_t ended = 0;
  for (const auto& one : asked) ended += one->ended() ? 1 : 0;
  EXPECT_GT(ended, asked.size() / 2);
  EXPECT_GE(street.faults.size(), 5U);
  return street.trace.hash();
}

TEST(SimNet, TheSameSeedGivesTheSameTraceAndAnotherSeedAnother) {
  const auto first = run_of(1);
  EXPECT_EQ(run_of(1), first);
  EXPECT_NE(run_of(2), first);
}

}  // namespace
}  // namespace standin::sim
