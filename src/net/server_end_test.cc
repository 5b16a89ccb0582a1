#include <gtest/gtest.h>
#include <poll.h>

#include "net/door.h"
#include "net/server.h"
#include "net/test_handlers.h"
#include "net/test_peers.h"

// How connections end: by the client, by us, and whether the last answer arrived.
namespace standin {
namespace {

using namespace std::chrono_literals;
using testing::echo;
using testing::get;
using testing::Held;
using testing::last_get;
using testing::patience;
using testing::RawSocket;
using testing::ServerThread;

/// The other side has closed both ways: it answered one more byte with a reset.
bool is_closed(RawSocket& client) {
  client.send("x");
  pollfd closed{.fd = client.native_handle(), .events = 0, .revents = 0};
  return ::poll(&closed, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) > 0;
}

TEST(HttpServerEnd, DoesNotWaitForWhoAskedForTheEnd) {
  ServerThread server(echo);
  RawSocket client = server.connect();
  client.send(last_get);
  bool reset = true;
  EXPECT_TRUE(client.read_to_end(&reset).ends_with("GET /last "));
  EXPECT_FALSE(reset);
  EXPECT_TRUE(is_closed(client));
}

TEST(HttpServerEnd, WhatComesBehindALastRequestDoesNotTakeTheAnswerAway) {
  Held held{.asks_for_delivery = false};
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(last_get);
  ASSERT_TRUE(held.wait_until_arrived());
  client.send("\r\n");
  held.go.set();
  bool reset = true;
  EXPECT_TRUE(client.read_to_end(&reset).ends_with("held"));
  EXPECT_FALSE(reset);
}

TEST(HttpServerEnd, ServesAClientThatHasHalfClosed) {
  Held held;
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(get);
  client.half_close();
  ASSERT_TRUE(held.wait_until_arrived());
  held.go.set();
  EXPECT_TRUE(client.read_to_end().ends_with("held"));
  EXPECT_FALSE(held.gone);
  server.drain(patience).wait();
  EXPECT_FALSE(held.undelivered);
}

TEST(HttpServerEnd, KnowsThatAClientHasReset) {
  Held held;
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  client.reset();
  held.go.set();
  EXPECT_TRUE(held.wait_until_undelivered());
  EXPECT_TRUE(held.gone);
}

TEST(HttpServerEnd, AnAnswerToAClientThatHasClosedIsUndelivered) {
  Held held;
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  client.close();
  held.go.set();
  EXPECT_TRUE(held.wait_until_undelivered());
}

TEST(HttpServerEnd, ALastAnswerToAClientThatHasClosedIsUndelivered) {
  Held held;
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(last_get);
  ASSERT_TRUE(held.wait_until_arrived());
  client.close();
  held.go.set();
  EXPECT_TRUE(held.wait_until_undelivered());
}

TEST(HttpServerEnd, AnAnswerThatCannotBeWrittenWholeIsUndelivered) {
  Held held;
  held.response.body = std::string(32 * 1024 * 1024, 'x');
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  held.go.set();
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  client.close();
  EXPECT_TRUE(held.wait_until_undelivered());
}

TEST(HttpServerEnd, AnAnswerThatTheClientNeverReadIsUndelivered) {
  Held held;
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  held.go.set();
  RawSocket other = server.connect();  // its answer comes after the first one is written
  other.send("GET HTTP\r\n\r\n");
  other.read_to_end();
  client.reset();
  EXPECT_TRUE(held.wait_until_undelivered());
}

/// Where this machine's clients are proxies that are trusted.
std::shared_ptr<Door> trusting_door() {
  auto door = std::make_shared<Door>(Door::Limits{}, [](TurnedAway) {});
  door->trust(AddressBlocks(std::vector<std::string>{"127.0.0.1"}));
  return door;
}

TEST(HttpServerEnd, AProxyThatHasTheAnswerMayReset) {
  Held held;
  ServerThread server(held.handler(), {}, "127.0.0.1:0", trusting_door());
  RawSocket proxy = server.connect();
  proxy.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  held.go.set();
  proxy.read_until("held");
  proxy.reset();
  server.drain(patience).wait();
  EXPECT_FALSE(held.undelivered);
}

TEST(HttpServerEnd, AnAnswerToAProxyThatHadClosedIsUndelivered) {
  Held held;
  ServerThread server(held.handler(), {}, "127.0.0.1:0", trusting_door());
  RawSocket proxy = server.connect();
  proxy.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  proxy.close();
  held.go.set();
  EXPECT_TRUE(held.wait_until_undelivered());
}

TEST(HttpServerEnd, AnAnswerThatWasReadIsDelivered) {
  Held held;
  ServerThread server(held.handler());
  RawSocket client = server.connect();
  client.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  held.go.set();
  client.read_until("held");
  client.close();
  server.drain(patience).wait();
  EXPECT_FALSE(held.undelivered);
}

TEST(HttpServerEnd, DrainAnswersWhatIsInFlightAndClosesTheRest) {
  Held held;
  ServerThread server([&held](Request request, std::shared_ptr<const Client> client) {
    return request.target == "/held" ? held.hold(std::move(client)) : echo(std::move(request), std::move(client));
  });
  RawSocket kept = server.connect();
  kept.send(get);
  kept.read_until("GET /x ");
  RawSocket busy = server.connect();
  busy.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(held.wait_until_arrived());
  auto drained = server.drain(patience);
  EXPECT_EQ(kept.read_to_end(), "");
  held.go.set();
  const std::string answer = busy.read_to_end();
  EXPECT_TRUE(answer.contains("Connection: close\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("held"));
  busy.close();
  ASSERT_EQ(drained.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(server.server().connections(), 0U);
  EXPECT_EQ(server.server().in_flight(), 0U);
}

TEST(HttpServerEnd, DrainWaitsAMomentForAFirstRequest) {
  ServerThread server(echo);
  RawSocket kept = server.connect();
  kept.send(get);
  kept.read_until("GET /x ");
  RawSocket early = server.connect();
  RawSocket silent = server.connect();
  auto drained = server.drain(patience);
  EXPECT_EQ(kept.read_to_end(), "");
  early.send(get);
  const std::string answer = early.read_to_end();
  EXPECT_TRUE(answer.contains("Connection: close\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("GET /x "));
  early.close();
  EXPECT_EQ(drained.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST(HttpServerEnd, DrainEndsInTimeAlthoughAHandlerDoesNot) {
  Held held;
  ServerThread server(held.handler());
  RawSocket busy = server.connect();
  busy.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  ASSERT_EQ(server.drain(20ms).wait_for(patience), std::future_status::ready);
  EXPECT_EQ(busy.read_to_end(), "");
  held.go.set();
  EXPECT_TRUE(held.wait_until_undelivered());
}

}  // namespace
}  // namespace standin
