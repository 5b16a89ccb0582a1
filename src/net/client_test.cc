#include "net/client.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "net/test_peers.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using testing::generous;
using testing::ok;
using testing::patience;
using testing::RawListener;
using testing::RawSocket;
using testing::run_on;

Endpoint at(std::uint16_t port) { return *Endpoint::parse("http://127.0.0.1:" + std::to_string(port)); }

Request post(std::string body = "order") {
  return {.method = "POST", .target = "/orders", .headers = {}, .body = std::move(body)};
}

/// A client on its own loop, and a peer on a thread that does what the test says.
class HttpClientTest : public ::testing::Test {
 protected:
  ~HttpClientTest() override {
    if (peer_.joinable()) peer_.join();
  }

  void peer(std::move_only_function<void(RawListener&)> script) {
    peer_ = std::thread([this, act = std::move(script)]() mutable { act(listener_); });
  }

  /// The peer reads one request and sends `answer`, then closes.
  void peer_answers(std::string answer) {
    peer([answer = std::move(answer)](RawListener& listener) {
      RawSocket socket = listener.accept();
      socket.read_until("order");
      socket.send(answer);
    });
  }

  Result<Response> exchange(const Request& request, const ExchangeTimes& times, std::function<void()> sending = {}) {
    return exchange(at(listener_.port()), request, times, std::move(sending));
  }

  Result<Response> exchange(const Endpoint& endpoint, const Request& request, const ExchangeTimes& times,
                            std::function<void()> sending = {}) {
    auto result = run_on(io_, client_.exchange(endpoint, request, times, std::move(sending)));
    return result ? std::move(*result) : failure("the test ran out of patience");
  }

  Sent sent_of(const Result<Response>& result) {
    EXPECT_FALSE(result);
    return result ? Sent::answered : result.error().sent;
  }

  boost::asio::io_context io_{1};
  HttpClient client_{io_.get_executor()};
  RawListener listener_;
  std::thread peer_;
};

TEST_F(HttpClientTest, SendsOneRequestWithItsFraming) {
  std::promise<std::string> got;
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    got.set_value(socket.read_until("order"));
    socket.send(ok);
  });
  Request request = post();
  request.headers.add("host", "elsewhere");
  request.headers.add("Standin-Key", "k");
  request.headers.add("Content-Length", "99");
  request.headers.add("Transfer-Encoding", "chunked");
  request.headers.add("Connection", "Standin-Key");
  const auto endpoint = Endpoint::parse("http://127.0.0.1:" + std::to_string(listener_.port()) + "/base");
  const auto response = exchange(*endpoint, request, generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(got.get_future().get(),
            "POST /base/orders HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener_.port()) +
                "\r\nStandin-Key: k\r\nContent-Length: 5\r\n\r\norder");
}

TEST_F(HttpClientTest, TellsHowLongANewConnectionAndAFirstByteTook) {
  Duration kept_waiting{};
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    for (int i = 0; i < 2; ++i) {
      socket.read_until("order");
      const Instant asked = steady_now();
      std::this_thread::yield();
      kept_waiting = steady_now() - asked;
      socket.send(ok);
    }
  });
  ExchangeFindings first, second;
  ExchangeTimes times = generous();
  const Instant begun = steady_now();
  times.findings = &first;
  ASSERT_TRUE(exchange(post(), times));
  times.findings = &second;
  ASSERT_TRUE(exchange(post(), times));
  const Duration took = steady_now() - begun;
  peer_.join();
  ASSERT_TRUE(first.connect && first.first_byte && second.first_byte);
  EXPECT_LE(*first.connect + *first.first_byte + *second.first_byte, took);
  EXPECT_GE(*second.first_byte, kept_waiting);
  EXPECT_FALSE(second.connect) << "the connection was kept";
  EXPECT_FALSE(first.certificate_expires) << "it is in clear";
}

TEST_F(HttpClientTest, ASilentPeerHasNoFirstByte) {
  peer([](RawListener& listener) { listener.accept().read_until("order"); });
  ExchangeFindings findings;
  ExchangeTimes times = generous();
  times.findings = &findings;
  EXPECT_FALSE(exchange(post(), times));
  EXPECT_TRUE(findings.connect);
  EXPECT_FALSE(findings.first_byte);
}

TEST_F(HttpClientTest, TheFirstByteCountsOfAnAnswerThatBreaksOff) {
  peer_answers("HTTP/1.1 200 OK\r\n");
  ExchangeFindings findings;
  ExchangeTimes times = generous();
  times.findings = &findings;
  EXPECT_FALSE(exchange(post(), times));
  EXPECT_TRUE(findings.first_byte);
}

TEST_F(HttpClientTest, ReadsChunkedAnswersAndDropsTheirConnectionFields) {
  peer_answers(
      "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX: 2\r\n\r\n"
      "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  const auto response = exchange(post(), generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "abc");
  ASSERT_EQ(response->headers.size(), 1U);
  EXPECT_EQ(response->headers.find("X"), "2");
}

TEST_F(HttpClientTest, ReadsAnAnswerThatEndsWithItsConnection) {
  peer_answers("HTTP/1.0 200 OK\r\n\r\nto the end");
  const auto response = exchange(post(), generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "to the end");
}

TEST_F(HttpClientTest, SkipsInterimAnswersAndForgivesAMissingSpace) {
  peer_answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok");
  const auto response = exchange(post(), generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 200);
}

TEST_F(HttpClientTest, SendsAndReceivesLargeBodies) {
  const std::string large(8 * 1024 * 1024, 'x');
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    const std::string request = socket.read_until(large);
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
  });
  const auto response = exchange(post(large), generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, large);
}

TEST_F(HttpClientTest, UsesOneConnectionForManyRequests) {
  peer([](RawListener& listener) {
    RawSocket socket = listener.accept();
    for (int i = 0; i < 100; ++i) {
      socket.read_until("order");
      socket.send(ok);
    }
  });
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(exchange(post(), generous())) << i;
  peer_.join();
  EXPECT_FALSE(listener_.somebody_waits());
}

TEST_F(HttpClientTest, AnAnswerToHeadHasNoBodyAndKeepsTheConnection) {
  peer([](RawListener& listener) {
    RawSocket socket = listener.accept();
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    socket.read_until("order");
    socket.send(ok);
  });
  const auto head = exchange({.method = "HEAD", .target = "/", .headers = {}, .body = {}}, generous());
  ASSERT_TRUE(head) << head.error().what;
  EXPECT_EQ(head->headers.find("Content-Length"), "1000");
  EXPECT_EQ(head->body, "");
  EXPECT_TRUE(exchange(post(), generous()));
}

TEST_F(HttpClientTest, AConnectionFoundDeadIsNotUsedForAPost) {
  std::promise<void> closed;
  std::string second;
  peer([&](RawListener& listener) {
    RawSocket first = listener.accept();
    first.read_until("order");
    first.send(ok);
    first.close();
    closed.set_value();
    RawSocket fresh = listener.accept();
    second = fresh.read_until("order");
    fresh.send(ok);
  });
  ASSERT_TRUE(exchange(post(), generous()));
  closed.get_future().wait();
  io_.restart();
  io_.poll();  // the loop's next turn is where an ended connection is noticed
  const auto response = exchange(post(), generous());
  ASSERT_TRUE(response) << response.error().what;
  peer_.join();
  EXPECT_TRUE(second.starts_with("POST /orders HTTP/1.1\r\n"));
}

TEST_F(HttpClientTest, AConnectionThatHoldsAStrayAnswerIsNotUsed) {
  std::promise<void> sent;
  peer([&](RawListener& listener) {
    RawSocket first = listener.accept();
    first.read_until("order");
    first.send(ok);
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
    sent.set_value();
    RawSocket fresh = listener.accept();
    fresh.read_until("order");
    fresh.send(ok);
  });
  ASSERT_TRUE(exchange(post(), generous()));
  sent.get_future().wait();
  io_.restart();
  io_.poll();
  const auto response = exchange(post(), generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "ok");
}

TEST_F(HttpClientTest, APostIsNeverSentTwice) {
  std::string seen;
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    socket.read_until("order");
    socket.send(ok);
    seen = socket.read_until("order");
  });
  ASSERT_TRUE(exchange(post(), generous()));
  EXPECT_EQ(sent_of(exchange(post(), generous())), Sent::maybe);
  peer_.join();
  EXPECT_TRUE(seen.starts_with("POST /orders "));
  EXPECT_FALSE(listener_.somebody_waits());
}

TEST_F(HttpClientTest, NothingWasSentWhenTheConnectionIsRefused) {
  bool sending = false;
  RawListener nobody;
  const auto result = exchange(at(nobody.close_port()), post(), generous(), [&] { sending = true; });
  EXPECT_EQ(sent_of(result), Sent::nothing);
  EXPECT_FALSE(sending);
}

TEST_F(HttpClientTest, NothingWasSentWhenTheNameIsUnknown) {
  const auto endpoint = Endpoint::parse("http://no-such-host.invalid");
  EXPECT_EQ(sent_of(exchange(*endpoint, post(), generous())), Sent::nothing);
}

TEST_F(HttpClientTest, NothingWasSentOverAMissingUnixSocket) {
  EXPECT_EQ(sent_of(exchange(*Endpoint::parse("unix:/no/such/socket"), post(), generous())), Sent::nothing);
  EXPECT_EQ(sent_of(exchange(*Endpoint::parse("unix:/" + std::string(200, 'x')), post(), generous())), Sent::nothing);
}

TEST_F(HttpClientTest, NothingIsSentFromSendBeforeOn) {
  std::string third;
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    socket.read_until("order");
    socket.send(ok);
    third = socket.read_until("order");
    socket.send(ok);
  });
  ASSERT_TRUE(exchange(post(), generous()));
  bool sending = false;
  const ExchangeTimes too_late{.send_before = steady_now(), .listen_until = steady_now() + patience};
  EXPECT_EQ(sent_of(exchange(post("never"), too_late, [&] { sending = true; })), Sent::nothing);
  EXPECT_FALSE(sending);
  EXPECT_TRUE(exchange(post(), generous()));
  peer_.join();
  EXPECT_FALSE(third.contains("never"));
}

TEST_F(HttpClientTest, SaysThatItIsSendingOnceAndBeforeTheFirstByte) {
  peer_answers(std::string(ok));
  int sending = 0;
  ASSERT_TRUE(exchange(post(), generous(), [&] { ++sending; }));
  EXPECT_EQ(sending, 1);
}

TEST_F(HttpClientTest, SilenceUntilTheEndOfListeningMayHaveHappened) {
  std::promise<void> over;
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    socket.read_until("order");
    over.get_future().wait();
  });
  const auto result = exchange(post(), {.send_before = steady_now() + patience, .listen_until = steady_now() + 50ms});
  over.set_value();
  EXPECT_EQ(sent_of(result), Sent::maybe);
}

TEST_F(HttpClientTest, HalfAnAnswerUntilTheEndOfListeningIsAnUntrustworthyOne) {
  std::promise<void> over;
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    socket.read_until("order");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    over.get_future().wait();
  });
  const auto result = exchange(post(), {.send_before = steady_now() + patience, .listen_until = steady_now() + 200ms});
  over.set_value();
  EXPECT_EQ(sent_of(result), Sent::answered);
}

TEST_F(HttpClientTest, ARequestThatNobodyReadsMayHaveBeenSent) {
  std::promise<void> over;
  peer([&](RawListener& listener) {
    const RawSocket socket = listener.accept();
    over.get_future().wait();
  });
  ExchangeTimes times = generous();
  times.write = 50ms;
  const auto result = exchange(post(std::string(32 * 1024 * 1024, 'x')), times);
  over.set_value();
  EXPECT_EQ(sent_of(result), Sent::maybe);
}

TEST_F(HttpClientTest, AnAnswerGivenBeforeTheRequestWasReadCounts) {
  peer([&](RawListener& listener) {
    RawSocket socket = listener.accept();
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    socket.half_close();
    socket.read_to_end();
  });
  const auto response = exchange(post(std::string(8 * 1024 * 1024, 'x')), generous());
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 413);
}

TEST_F(HttpClientTest, GarbageIsAnUntrustworthyAnswer) {
  peer_answers("<html>not http</html>\r\n\r\n");
  EXPECT_EQ(sent_of(exchange(post(), generous())), Sent::answered);
}

TEST_F(HttpClientTest, AnAnswerThatEndsAfterItsHeadIsAnUntrustworthyOne) {
  peer_answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(sent_of(exchange(post(), generous())), Sent::answered);
}

TEST_F(HttpClientTest, AnAnswerThatIsTooLargeIsAnUntrustworthyOne) {
  peer_answers("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
  EXPECT_EQ(sent_of(exchange(post(), generous())), Sent::answered);
}

TEST_F(HttpClientTest, AConnectionThatEndsBeforeAnyAnswerMayHaveHappened) {
  peer_answers("");
  EXPECT_EQ(sent_of(exchange(post(), generous())), Sent::maybe);
}

TEST_F(HttpClientTest, ARequestThatIsNoneIsNotSent) {
  EXPECT_EQ(sent_of(exchange({.method = "POST", .target = "/a\r\nX: y", .headers = {}, .body = {}}, generous())),
            Sent::nothing);
  EXPECT_EQ(sent_of(exchange({.method = "", .target = "/", .headers = {}, .body = {}}, generous())), Sent::nothing);
  EXPECT_FALSE(listener_.somebody_waits());
}

TEST_F(HttpClientTest, ResolvesNames) {
  peer_answers(std::string(ok));
  const auto endpoint = Endpoint::parse("http://localhost:" + std::to_string(listener_.port()));
  const auto response = exchange(*endpoint, post(), generous());
  EXPECT_TRUE(response) << response.error().what;
}

Task<Reply> say_ok(Request request, std::shared_ptr<const Client>) {
  co_return Reply{.response = {.status = 200, .headers = {}, .body = std::move(request.body)}, .undelivered = {}};
}

TEST_F(HttpClientTest, SpeaksOverUnixSockets) {
  const std::string path = ::testing::TempDir() + "standin_client_test_" + std::to_string(::getpid()) + ".sock";
  {
    const testing::ServerThread server(say_ok, {}, "unix:" + path);
    for (int i = 0; i < 3; ++i) {
      const auto response = exchange(*Endpoint::parse("unix:" + path), post(), generous());
      ASSERT_TRUE(response) << response.error().what;
      EXPECT_EQ(response->body, "order");
    }
  }
  std::filesystem::remove(path);
}

Task<int> ask_many(HttpClient& client, Endpoint endpoint, int count) {
  int answered = 0;
  for (int i = 0; i < count; ++i) {
    const Request request = post(std::to_string(i));
    const ExchangeTimes times = generous();
    const auto response = co_await client.exchange(endpoint, request, times);
    if (response && response->body == request.body) ++answered;
  }
  co_return answered;
}

TEST_F(HttpClientTest, ManyExchangesAtOnceEachGetTheirOwnAnswer) {
  testing::ServerThread server(say_ok);
  std::vector<std::future<int>> asked;
  for (int i = 0; i < 50; ++i) {
    asked.push_back(boost::asio::co_spawn(io_.get_executor(), ask_many(client_, at(server.server().port()), 20),
                                          boost::asio::use_future));
  }
  io_.restart();
  while (asked.back().wait_for(0s) != std::future_status::ready && io_.run_one_for(patience) > 0) continue;
  io_.run_for(100ms);
  for (auto& each : asked) {
    ASSERT_EQ(each.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(each.get(), 20);
  }
}

TEST(HttpClientAlone, ItsLoopMayEndInTheMiddleOfEverything) {
  RawListener silent;
  auto io = std::make_unique<boost::asio::io_context>(1);
  HttpClient client(io->get_executor());
  const Endpoint endpoint = at(silent.port());
  const Endpoint unknown = *Endpoint::parse("http://no-such-host.invalid");
  const Request request = post();
  const ExchangeTimes times = generous();
  bool answered = false;
  for (const Endpoint* each : {&endpoint, &endpoint, &unknown}) {
    boost::asio::co_spawn(
        io->get_executor(), client.exchange(*each, request, times),
        [&](const std::exception_ptr&, const Result<Response>& result) { answered |= result.has_value(); });
  }
  io->run_for(50ms);
  RawSocket first = silent.accept();
  EXPECT_TRUE(first.read_until("order").starts_with("POST "));
  io.reset();
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace standin
