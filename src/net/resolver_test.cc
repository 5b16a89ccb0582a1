#include "net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client.h"
#include "net/net_limits.h"
#include "net/test_dns.h"
#include "net/test_peers.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::generous;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NameServer;
using testing::ok;
using testing::patience;
using testing::RawListener;
using testing::RawSocket;
using testing::run_on;

const std::string gateway_host = "www-01.gateway.test";

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    options_.servers = {server_.address()};
    // What was answered holds for no time, unless a test says so.
    options_.ttl_min = options_.ttl_max = 0s;
  }

  Resolver& resolver() {
    if (!resolver_) resolver_ = std::make_shared<Resolver>(io_.get_executor(), options_, board_);
    return *resolver_;
  }

  std::vector<std::string> resolve(const std::string& name = gateway_host, Duration within = patience) {
    const auto result = run_on(io_, resolver().resolve(name, steady_now() + within));
    if (!result || !*result) {
      error_ = result ? result->error().what : "out of patience";
      return {};
    }
    std::vector<std::string> addresses;
    for (const auto& address : **result) addresses.push_back(address.to_string());
    return addresses;
  }

  /// Whether the address that the board shows at `place` was kept for `span` from when it was asked for.
  ::testing::AssertionResult kept_for(Duration span, Instant asked, std::size_t place = 0) {
    const Instant expires = board_->names().at(0).addresses.at(place).expires;
    if (expires >= asked + span && expires <= steady_now() + span) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << seconds(expires - asked) << " s";
  }

  NameServer server_;
  boost::asio::io_context io_{1};
  DnsOptions options_;
  std::shared_ptr<DnsBoard> board_ = std::make_shared<DnsBoard>();
  std::shared_ptr<Resolver> resolver_;
  std::string error_;
};

TEST_F(ResolverTest, FindsBothFamiliesIPv4First) {
  server_.says(gateway_host, {{"2001:db8::9"}, {"192.0.2.9"}, {"192.0.2.105"}});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9", "192.0.2.105", "2001:db8::9"));
}

TEST_F(ResolverTest, KeepsAnAnswerForItsTimeToLive) {
  options_.ttl_max = 5min;
  server_.says(gateway_host, {{"192.0.2.9", 180}});
  const Instant asked = steady_now();
  resolve();
  EXPECT_TRUE(kept_for(180s, asked));
  server_.says(gateway_host, {{"192.0.2.10", 180}});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9"));
  EXPECT_EQ(server_.questions(), 1);
}

TEST_F(ResolverTest, EachAddressHasATimeToLiveOfItsOwn) {
  options_.ttl_max = 5min;
  server_.says(gateway_host, {{"192.0.2.9", 180}, {"2001:db8::9", 20}});
  const Instant asked = steady_now();
  resolve();
  EXPECT_TRUE(kept_for(180s, asked, 0));
  EXPECT_TRUE(kept_for(20s, asked, 1));
}

TEST_F(ResolverTest, AShortTimeToLiveIsRaisedToTheFloor) {
  options_.ttl_min = 30s;
  options_.ttl_max = 5min;
  server_.says(gateway_host, {{"192.0.2.9", 0}});
  const Instant asked = steady_now();
  resolve();
  EXPECT_TRUE(kept_for(30s, asked));
}

TEST_F(ResolverTest, ALongTimeToLiveIsCappedAtItsMaximum) {
  options_.ttl_max = 5min;
  server_.says(gateway_host, {{"192.0.2.9", 86'400}});
  const Instant asked = steady_now();
  resolve();
  EXPECT_TRUE(kept_for(5min, asked));
}

TEST_F(ResolverTest, UsesANewAnswerOnceTheOldOneExpired) {
  server_.says(gateway_host, {{"192.0.2.9"}});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9"));
  server_.says(gateway_host, {{"192.0.2.10"}});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.10"));
}

TEST_F(ResolverTest, ManyWaitersShareOneQuestion) {
  server_.says(gateway_host, {{"192.0.2.9"}});
  std::vector<std::future<Result<Resolver::Addresses>>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(
        boost::asio::co_spawn(io_, resolver().resolve(gateway_host, steady_now() + patience), boost::asio::use_future));
  }
  io_.run_for(patience);
  for (auto& each : waiting) {
    ASSERT_EQ(each.wait_for(0s), std::future_status::ready);
    EXPECT_TRUE(each.get());
  }
  EXPECT_EQ(server_.questions(), 1);
}

TEST_F(ResolverTest, SaysThatThereIsNoSuchName) {
  EXPECT_THAT(resolve(), IsEmpty());
  EXPECT_THAT(error_, HasSubstr("cannot resolve " + gateway_host + ": Domain name not found"));
  EXPECT_FALSE(board_->names().at(0).stale);
}

TEST_F(ResolverTest, ANameThatIsGoneKeepsItsLastAddressesForAWhile) {
  server_.says(gateway_host, {{"192.0.2.9"}});
  resolve();
  server_.says(gateway_host, {});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9"));
  const ResolvedName shown = board_->names().at(0);
  EXPECT_TRUE(shown.stale);
  EXPECT_EQ(shown.error, "Domain name not found");
}

TEST_F(ResolverTest, AnotherLoopsAnswerServesOneThatHasNone) {
  server_.says(gateway_host, {{"192.0.2.9"}});
  resolve();
  resolver_.reset();
  server_.says(gateway_host, {});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9"));
  EXPECT_TRUE(board_->names().at(0).stale) << "and stays known";
}

TEST_F(ResolverTest, APinThatWasTakenBackServesNobody) {
  options_.pinned[gateway_host] = {"192.0.2.1"};
  resolve();
  resolver_.reset();
  options_.pinned.clear();
  server_.says(gateway_host, {{"192.0.2.9"}});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9"));
}

TEST_F(ResolverTest, SilentNameServersDoNotHoldUpANameWhoseAddressesAreKnown) {
  server_.says(gateway_host, {{"192.0.2.9"}});
  resolve();
  server_.falls_silent();
  // Far less than a question takes that nobody answers.
  EXPECT_THAT(resolve(gateway_host, limits::dns_try * ((1 << limits::dns_tries) - 1)), ElementsAre("192.0.2.9"));
  EXPECT_EQ(board_->names().at(0).error, "") << "the question is still under way";
}

TEST_F(ResolverTest, GivesUpAtTheDeadline) {
  server_.falls_silent();
  EXPECT_THAT(resolve(gateway_host, 50ms), IsEmpty());
  EXPECT_THAT(error_, HasSubstr("no answer in time"));
}

TEST_F(ResolverTest, DoesNotWaitForAnAnswerAboutIPv6ThatNeverComes) {
  server_.never_answers_about_v6();
  server_.says(gateway_host, {{"192.0.2.9"}});
  EXPECT_THAT(resolve(gateway_host, limits::dns_try * ((1 << limits::dns_tries) - 1)), ElementsAre("192.0.2.9"));
  EXPECT_THAT(board_->names().at(0).addresses, ::testing::SizeIs(1));
}

TEST_F(ResolverTest, ResolvesAgainAfterNoAddressCouldBeConnectedTo) {
  options_.ttl_max = 5min;
  server_.says(gateway_host, {{"192.0.2.9", 180}});
  resolve();
  server_.says(gateway_host, {{"192.0.2.10", 180}});
  resolver().unreachable(gateway_host);
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.10"));
}

TEST_F(ResolverTest, AnUnreachableNameIsNotAskedForMoreOftenThanTheFloorAllows) {
  options_.ttl_min = options_.ttl_max = 5min;
  server_.says(gateway_host, {{"192.0.2.9"}});
  resolve();
  for (int i = 0; i < 10; ++i) {
    resolver().unreachable(gateway_host);
    resolve();
  }
  EXPECT_EQ(server_.questions(), 1);
}

TEST_F(ResolverTest, PinnedAddressesGoBeforeDns) {
  options_.pinned = {{gateway_host, {"192.0.2.9", "2001:db8::9"}}};
  server_.says(gateway_host, {{"192.0.2.10"}});
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9", "2001:db8::9"));
  resolver().unreachable(gateway_host);
  EXPECT_THAT(resolve(), ElementsAre("192.0.2.9", "2001:db8::9"));
  EXPECT_EQ(server_.questions(), 0);
  EXPECT_TRUE(board_->names().at(0).pinned);
}

TEST_F(ResolverTest, NumericAddressesAndTheHostsFileNeedNoNameServer) {
  server_.falls_silent();
  EXPECT_THAT(resolve("192.0.2.7"), ElementsAre("192.0.2.7"));
  EXPECT_THAT(resolve("::1"), ElementsAre("::1"));
  EXPECT_THAT(resolve("localhost"), ::testing::Contains("127.0.0.1"));
  EXPECT_EQ(server_.questions(), 0);
}

TEST_F(ResolverTest, AConnectionToAnAddressThatANewerAnswerLeavesOutIsNotReused) {
  const auto old_address = boost::asio::ip::make_address("192.0.2.9");
  const auto new_address = boost::asio::ip::make_address("192.0.2.10");
  server_.says(gateway_host, {{"192.0.2.9"}});
  resolve();
  server_.says(gateway_host, {{"192.0.2.10"}});
  resolve();
  EXPECT_FALSE(resolver().may_use(gateway_host, old_address));
  EXPECT_TRUE(resolver().may_use(gateway_host, new_address));
}

TEST_F(ResolverTest, ReusingAConnectionAsksAnewWithoutWaiting) {
  server_.says(gateway_host, {{"192.0.2.9"}});
  resolve();
  const int before = server_.questions();
  EXPECT_TRUE(resolver().may_use(gateway_host, boost::asio::ip::make_address("192.0.2.9")));
  io_.restart();
  while (server_.questions() == before && io_.run_one_for(patience) > 0) continue;
  EXPECT_EQ(server_.questions(), before + 1);
}

// Through the client.

class ResolvingClientTest : public ResolverTest {
 protected:
  Result<Response> exchange(HttpClient& client, std::uint16_t port, const std::string& body) {
    const auto endpoint = Endpoint::parse("http://" + gateway_host + ":" + std::to_string(port));
    const Request request{.method = "POST", .target = "/", .headers = {}, .body = body};
    const ExchangeTimes times = generous();
    auto result = run_on(io_, client.exchange(*endpoint, request, times));
    return result ? std::move(*result) : failure("the test ran out of patience");
  }
};

TEST_F(ResolvingClientTest, TriesTheNextAddressWhenTheFirstRefuses) {
  RawListener listener;
  // 127.0.0.2 is this machine too, and nobody listens there.
  server_.says(gateway_host, {{"127.0.0.2"}, {"127.0.0.1"}});
  std::thread peer([&] {
    RawSocket socket = listener.accept();
    socket.read_until("order");
    socket.send(ok);
  });
  HttpClient client(io_.get_executor(), {.dns = options_});
  const auto response = exchange(client, listener.port(), "order");
  peer.join();
  EXPECT_TRUE(response) << response.error().what;
}

TEST_F(ResolvingClientTest, NothingWasSentWhenEveryAddressRefuses) {
  RawListener nobody;
  const auto port = nobody.close_port();
  server_.says(gateway_host, {{"127.0.0.2"}, {"127.0.0.1"}});
  HttpClient client(io_.get_executor(), {.dns = options_});
  const auto response = exchange(client, port, "order");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().sent, Sent::nothing);
  EXPECT_THAT(response.error().what, HasSubstr("refused"));
}

TEST_F(ResolvingClientTest, LeavesAKeptConnectionWhoseAddressIsNoLongerInTheAnswer) {
  RawListener listener;
  RawListener elsewhere;
  std::string second;
  server_.says(gateway_host, {{"127.0.0.1"}});
  std::thread peer([&] {
    RawSocket first = listener.accept();
    first.read_until("order");
    first.send(ok);
    second = first.read_until("second");
  });
  HttpClient client(io_.get_executor(), {.dns = options_});
  EXPECT_TRUE(exchange(client, listener.port(), "order"));
  server_.says(gateway_host, {{"127.0.0.2"}});
  const auto learned = [&] { return !exchange(client, elsewhere.close_port(), "learn").has_value(); };
  EXPECT_TRUE(learned());
  EXPECT_FALSE(exchange(client, listener.port(), "second"));
  peer.join();
  EXPECT_EQ(second, "");
}

}  // namespace
}  // namespace standin
