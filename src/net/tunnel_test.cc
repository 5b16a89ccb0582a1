#include <gtest/gtest.h>

#include "net/test_streams.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

using testing::get;
using testing::patience;
using testing::RawSocket;

class Tunnel : public testing::Streams {
 protected:
  struct Ends {
    RawSocket client, upstream;
  };
  /// Both sides have agreed.
  Ends open() {
    RawSocket client = connect();
    client.send(websocket_upgrade);
    RawSocket upstream = upstream_.accept();
    upstream.read_until("\r\n\r\n");
    upstream.send(switching);
    client.read_until("\r\n\r\n");
    return {std::move(client), std::move(upstream)};
  }
};

TEST_F(Tunnel, BeginsWhereBothSidesAgree) {
  RawSocket client = connect();
  client.send(websocket_upgrade);
  RawSocket upstream = upstream_.accept();
  const std::string request = upstream.read_until("\r\n\r\n");
  EXPECT_TRUE(request.contains("Connection: upgrade\r\nUpgrade: websocket\r\n")) << request;
  upstream.send(std::string(switching) + "welcome");
  const std::string agreed = client.read_until("welcome");
  EXPECT_TRUE(agreed.starts_with("HTTP/1.1 101 ") && agreed.contains("Sec-WebSocket-Accept: s\r\n")) << agreed;
  EXPECT_TRUE(agreed.contains("Connection: upgrade\r\nUpgrade: websocket\r\n\r\nwelcome")) << agreed;
  client.send("GET / HTTP/1.1\r\n\r\n");  // no request any more
  EXPECT_EQ(upstream.read_until("\r\n\r\n"), "GET / HTTP/1.1\r\n\r\n");
  upstream.send("pong");
  EXPECT_EQ(client.read_until("pong"), "pong");
  EXPECT_EQ(server().connections(), 1U);
  client.half_close();
  EXPECT_EQ(upstream.read_to_end(), "");
  upstream.send("bye");
  upstream.close();
  EXPECT_EQ(client.read_to_end(), "bye");
  const StreamEnd how = end();
  EXPECT_EQ(how.received, 18U);
  EXPECT_EQ(how.sent, 14U);
  EXPECT_EQ(how.cut, "");
}

TEST_F(Tunnel, GoesOnWhenItsServerHasSaidItsLast) {
  auto [client, upstream] = open();
  upstream.half_close();
  EXPECT_EQ(client.read_to_end(), "");
  client.send("last words");
  EXPECT_EQ(upstream.read_until("last words"), "last words");
  client.close();
  EXPECT_EQ(upstream.read_to_end(), "");
  EXPECT_EQ(end().received, 10U);
}

TEST_F(Tunnel, EndsWithEitherSide) {
  for (const bool by_client : {true, false}) {
    auto [client, upstream] = open();
    (by_client ? client : upstream).reset();
    (by_client ? upstream : client).read_to_end();
    EXPECT_EQ(end().cut, by_client ? "client" : "upstream");
  }
}

TEST_F(Tunnel, EndsWhenTheServerIsDrained) {
  auto [client, upstream] = open();
  auto drained = drain();
  client.read_to_end();
  upstream.read_to_end();
  EXPECT_EQ(drained.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(end().cut, "standin");
  EXPECT_EQ(server().connections(), 0U);
}

TEST_F(Tunnel, IsCutOffWhenItIsSilent) {
  idle_ = 50ms;
  auto [client, upstream] = open();
  client.read_to_end();
  upstream.read_to_end();
  EXPECT_EQ(end().cut, "upstream");
}

TEST_F(Tunnel, AnUpgradeThatIsNotGrantedLeavesTheConnectionAsItIs) {
  RawSocket client = connect();
  client.send(websocket_upgrade);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(testing::ok);
  EXPECT_EQ(client.read_until("ok"), testing::ok);
  client.send(get);
  EXPECT_TRUE(upstream.read_until("\r\n\r\n").starts_with("GET /x "));
  upstream.send(testing::ok);
  EXPECT_EQ(client.read_until("ok"), testing::ok);
}

TEST_F(Tunnel, IsForNobodyWhoDidNotAskForOne) {
  for (const std::string& request :
       {std::string(get),
        std::string("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")}) {
    RawSocket client = connect();
    client.send(request);
    RawSocket upstream = upstream_.accept();
    EXPECT_FALSE(upstream.read_until("\r\n\r\n").contains("pgrade"));
    upstream.send(switching);
    EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 502 "));
  }
}

}  // namespace
}  // namespace standin
