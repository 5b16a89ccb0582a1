#include "net/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "net/session.h"
#include "net/test_peers.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using testing::get;
using ::testing::IsEmpty;
using testing::RawSocket;
using testing::ServerThread;

struct DoorTest : ::testing::Test {
  std::shared_ptr<Door> make(Door::Limits limits, const std::vector<std::string>& trusted = {}) {
    auto door = std::make_shared<Door>(limits, [this](TurnedAway why) {
      const std::lock_guard lock(mutex_);
      told_.push_back(why);
    });
    door->trust(AddressBlocks(trusted));
    return door;
  }

  std::vector<TurnedAway> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

  static bool enters(const std::shared_ptr<Door>& door, const char* address, std::vector<Door::Pass>& passes) {
    auto pass = Door::enter(door);
    if (!pass || !pass->name_client(*IpAddress::parse(address))) return false;
    passes.push_back(std::move(*pass));
    return true;
  }

 private:
  std::mutex mutex_;
  std::vector<TurnedAway> told_;
};

/// Answers with the client's address.
Task<Reply> tell_address(Request, std::shared_ptr<const Client> client) {
  Reply reply{.response = {.status = 200, .headers = {}, .body = client->address() + "!"}};
  co_return reply;
}

const ListenOn behind_proxy = [] {
  ListenOn where = "127.0.0.1:0";
  where.proxy_protocol = true;
  return where;
}();

TEST_F(DoorTest, LetsInSoManyInAllAndAgainWhenOneHasLeft) {
  const auto door = make({.connections = 2});
  std::vector<Door::Pass> passes;
  EXPECT_TRUE(enters(door, "192.0.2.1", passes));
  EXPECT_TRUE(enters(door, "192.0.2.2", passes));
  EXPECT_FALSE(enters(door, "192.0.2.3", passes));
  EXPECT_THAT(told(), ElementsAre(TurnedAway::connections));
  passes.pop_back();
  EXPECT_TRUE(enters(door, "192.0.2.3", passes));
}

TEST_F(DoorTest, LetsInSoManyOfOneClientAndAgainWhenOneHasLeft) {
  const auto door = make({.per_address = 2});
  std::vector<Door::Pass> passes;
  EXPECT_TRUE(enters(door, "192.0.2.1", passes));
  EXPECT_TRUE(enters(door, "::ffff:192.0.2.1", passes));
  EXPECT_FALSE(enters(door, "192.0.2.1", passes));
  EXPECT_THAT(told(), ElementsAre(TurnedAway::connections_per_address));
  EXPECT_TRUE(enters(door, "192.0.2.2", passes));
  passes.erase(passes.begin());
  EXPECT_TRUE(enters(door, "192.0.2.1", passes));
}

TEST_F(DoorTest, TakesAWholeNetworkOfIpv6ForOneClient) {
  const auto door = make({.per_address = 1});
  std::vector<Door::Pass> passes;
  EXPECT_TRUE(enters(door, "2001:db8:0:1::1", passes));
  EXPECT_FALSE(enters(door, "2001:db8:0:1:ffff::2", passes));
  EXPECT_TRUE(enters(door, "2001:db8:0:2::1", passes));
}

TEST_F(DoorTest, DoesNotCountTrustedProxies) {
  const auto door = make({.per_address = 1}, {"192.0.2.1"});
  std::vector<Door::Pass> passes;
  EXPECT_TRUE(enters(door, "192.0.2.1", passes));
  EXPECT_TRUE(enters(door, "192.0.2.1", passes));
  door->trust({});
  EXPECT_TRUE(enters(door, "192.0.2.1", passes));
  EXPECT_FALSE(enters(door, "192.0.2.1", passes));
}

TEST_F(DoorTest, IsCommonToAllServers) {
  const auto door = make({.per_address = 1});
  ServerThread first(tell_address, {}, "127.0.0.1:0", door);
  ServerThread second(tell_address, {}, "127.0.0.1:0", door);
  RawSocket one = first.connect();
  one.send(get);
  EXPECT_TRUE(one.read_until("!").ends_with("127.0.0.1!"));
  RawSocket two = second.connect();
  EXPECT_EQ(two.read_to_end(), "");
  EXPECT_THAT(told(), ElementsAre(TurnedAway::connections_per_address));
}

TEST_F(DoorTest, OpensBehindAProxyToWhoTheProxyNames) {
  const auto door = make({.per_address = 1}, {"127.0.0.0/8"});
  ServerThread server(tell_address, {}, behind_proxy, door);
  RawSocket first = server.connect();
  first.send("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n" + std::string(get) + std::string(get));
  EXPECT_TRUE(first.read_until("!").contains("192.0.2.7!"));
  RawSocket second = server.connect();
  second.send("PROXY TCP4 192.0.2.7 198.51.100.1 56325 443\r\n" + std::string(get));
  EXPECT_EQ(second.read_to_end(), "");
  RawSocket own = server.connect();
  own.send("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s + std::string(get));
  EXPECT_TRUE(own.read_until("!").ends_with("127.0.0.1!"));
  EXPECT_THAT(told(), ElementsAre(TurnedAway::connections_per_address));
}

TEST_F(DoorTest, StaysShutToWhoMayNotOrDoesNotSpeakForOthers) {
  ServerThread strict(tell_address, {}, behind_proxy, make({}, {"192.0.2.1"}));
  EXPECT_EQ(strict.connect().read_to_end(), "");
  ServerThread server(tell_address, {}, behind_proxy, make({}, {"127.0.0.1"}));
  RawSocket no_header = server.connect();
  no_header.send(get);
  EXPECT_EQ(no_header.read_to_end(), "");
  RawSocket cut = server.connect();
  cut.send("PROXY TCP4");
  cut.half_close();
  EXPECT_EQ(cut.read_to_end(), "");
  RawSocket silent = server.connect();
  silent.half_close();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_THAT(told(), ElementsAre(TurnedAway::stranger, TurnedAway::proxy_header, TurnedAway::proxy_header));
}

TEST_F(DoorTest, TellsOfRefusedRequests) {
  ServerThread server(tell_address, {.head = 64, .receive = 50ms}, "127.0.0.1:0", make({}));
  for (const std::string& bad : {"nonsense"s, "GET /" + std::string(100, 'x'), "GET"s}) {
    RawSocket client = server.connect();
    client.send(bad);
    EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 4"));
  }
  EXPECT_THAT(told(), ElementsAre(TurnedAway::malformed, TurnedAway::too_large, TurnedAway::too_slow));
}

TEST(HttpServer, EndsAConnectionWithItsLastRequest) {
  ServerThread server(tell_address, {.requests = 2});
  RawSocket client = server.connect();
  client.send(get);
  EXPECT_FALSE(client.read_until("!").contains("Connection: close"));
  client.send(get);
  EXPECT_TRUE(client.read_to_end().contains("Connection: close"));
}

TEST(HttpServer, TakesEmptyLinesBetweenRequestsForNothing) {
  ServerThread server(tell_address, {.idle = 200ms, .receive = 50ms});
  RawSocket client = server.connect();
  client.send(std::string(get) + "\r\n\r");
  EXPECT_TRUE(client.read_to_end().ends_with("127.0.0.1!"));
  RawSocket another = server.connect();
  another.send("\r\n\r\n" + std::string(get));
  EXPECT_TRUE(another.read_until("!").ends_with("127.0.0.1!"));
}

}  // namespace
}  // namespace standin
