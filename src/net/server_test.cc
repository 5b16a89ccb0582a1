#include "net/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <latch>

#include "base/event.h"
#include "net/door.h"
#include "net/test_handlers.h"
#include "net/test_peers.h"

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

/// Everything the server says to `bytes` until it closes.
std::string answer_to(ServerThread& server, std::string_view bytes) {
  RawSocket client = server.connect();
  client.send(bytes);
  return client.read_to_end();
}

bool refused(const std::string& answer, const std::string& status) {
  return answer.starts_with("HTTP/1.1 " + status + " ") && answer.contains("Connection: close\r\n") &&
         !answer.contains("HTTP/1.1 200");
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  ServerThread server(echo);
  RawSocket client = server.connect();
  client.send(get);
  EXPECT_EQ(client.read_until("GET /x "), "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nGET /x ");
  client.send(last_get);
  EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nGET /last ");
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  ServerThread server(echo);
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests +=
        "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + std::to_string(i % 10);
  }
  const std::string answers = answer_to(server, requests + std::string(last_get));
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = answers.find("POST /" + std::to_string(i) + " " + std::to_string(i % 10), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(HttpServer, RefusesWhatEndangersFramingAndNeverReadsWhatFollows) {
  ServerThread server(echo);
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string fields :
       {"Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Length: 0, 0\r\n", "X: a\r\n folded\r\n", "Host: b\r\n", "X: \x01\r\n", "X: a\nY: b\r\n"}) {
    const std::string answer = answer_to(server, "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + hidden);
    EXPECT_TRUE(refused(answer, "400")) << fields << answer;
    EXPECT_FALSE(answer.contains("hidden"));
  }
  EXPECT_TRUE(refused(answer_to(server, "GET / HTTP/1.1\r\n\r\n" + hidden), "400"));
}

TEST(HttpServer, RefusesAHeadOverItsLimit) {
  ServerThread server(echo, {.head = 20'000});
  EXPECT_TRUE(refused(answer_to(server, "GET /" + std::string(100'000, 'x')), "431"));
  const std::string long_target(18'000, 'y');
  EXPECT_TRUE(answer_to(server, "GET /" + long_target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .ends_with("GET /" + long_target + " "));
}

TEST(HttpServer, TheClientReadsTheRefusalOfABodyThatIsTooLarge) {
  ServerThread server(echo, {.body = 1000});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
  EXPECT_TRUE(refused(answer_to(server, head + std::string(500'000, 'x')), "413"));
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n";
  EXPECT_TRUE(refused(answer_to(server, chunked + std::string(4096, 'x')), "413"));
}

TEST(HttpServer, RefusesARequestThatDoesNotArriveInTime) {
  ServerThread server(echo, {.receive = 30ms});
  EXPECT_TRUE(refused(answer_to(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), "408"));
  EXPECT_TRUE(refused(answer_to(server, "G"), "408"));
}

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
  ServerThread server(echo, {.idle = 30ms});
  EXPECT_EQ(answer_to(server, ""), "");
}

TEST(HttpServer, ReadsChunkedBodies) {
  ServerThread server(echo);
  const std::string answer =
      answer_to(server,
                "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("POST /c abcde")) << answer;
}

TEST(HttpServer, SaysWhenTheFirstByteOfEachRequestWasRead) {
  std::vector<std::optional<Instant>> begun;
  ServerThread server([&](Request request, std::shared_ptr<const Client> client) {
    begun.push_back(client->begun());
    return echo(std::move(request), std::move(client));
  });
  RawSocket client = server.connect();
  const Instant before = steady_now();
  client.send("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  client.read_until("\r\n\r\n");
  const Instant head_read = steady_now();
  client.send("abc");
  client.read_until("POST /c abc");
  const Instant answered = steady_now();
  client.send(last_get);
  client.read_to_end();
  ASSERT_EQ(begun.size(), 2U);
  EXPECT_GE(begun[0], before);
  EXPECT_LE(begun[0], head_read);
  EXPECT_GE(begun[1], answered);
}

TEST(HttpServer, InvitesABodyThatIsExpectedToContinue) {
  ServerThread server(echo);
  RawSocket client = server.connect();
  client.send("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_TRUE(client.read_until("abc").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(HttpServer, DoesNotInviteABodyThatIsTooLarge) {
  ServerThread server(echo, {.body = 2});
  EXPECT_TRUE(refused(
      answer_to(server, "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"), "413"));
}

TEST(HttpServer, ClosesAfterAnsweringHttp10) {
  ServerThread server(echo);
  EXPECT_TRUE(answer_to(server, "GET /old HTTP/1.0\r\n\r\n").ends_with("GET /old "));
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  ServerThread server(echo);
  const std::string answer = answer_to(server, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(last_get));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nHTTP/1.1 200 OK\r\n")) << answer;
}

Task<Reply> say_no_content(Request, std::shared_ptr<const Client>) {
  co_return Reply{.response = {.status = 204, .headers = {}, .body = "never sent"}, .undelivered = {}};
}

TEST(HttpServer, Answers204WithoutABody) {
  ServerThread server(say_no_content);
  EXPECT_EQ(answer_to(server, last_get), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(HttpServer, CountsConnectionsAndRequests) {
  Held held;
  ServerThread server(held.handler());
  RawSocket busy = server.connect();
  busy.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  EXPECT_EQ(server.server().connections(), 1U);
  EXPECT_EQ(server.server().in_flight(), 1U);
  held.go.set();
}

TEST(HttpServer, ClosesConnectionsOverItsLimit) {
  ServerThread server(echo, {.connections = 1});
  RawSocket first = server.connect();
  first.send(get);
  first.read_until("GET /x ");
  EXPECT_EQ(server.connect().read_to_end(), "");
  first.send(last_get);
  EXPECT_TRUE(first.read_to_end().ends_with("GET /last "));
}

TEST(HttpServer, ServesAThousandConnectionsOneAfterTheOther) {
  ServerThread server(echo);
  for (int i = 0; i < 1000; ++i) {
    RawSocket client = server.connect();
    client.send(get);
    ASSERT_TRUE(client.read_until("GET /x ").ends_with("GET /x ")) << i;
    client.send(get);
    ASSERT_TRUE(client.read_until("GET /x ").ends_with("GET /x ")) << i;
  }
  server.drain(patience).wait();
  EXPECT_EQ(server.server().connections(), 0U);
}

TEST(HttpServer, KnowsItsClientsAddress) {
  std::promise<std::string> address;
  ServerThread server([&](Request request, std::shared_ptr<const Client> client) {
    address.set_value(client->address());
    return echo(std::move(request), client);
  });
  answer_to(server, last_get);
  EXPECT_EQ(address.get_future().get(), "127.0.0.1");
}

class UnixSocketServer : public ::testing::Test {
 protected:
  UnixSocketServer() { std::filesystem::remove(path_); }
  ~UnixSocketServer() override { std::filesystem::remove(path_); }
  const std::string path_ = ::testing::TempDir() + "standin_net_test_" + std::to_string(::getpid()) + ".sock";
};

TEST_F(UnixSocketServer, AnswersAndIsItsOwnersAlone) {
  ServerThread server(echo, {}, "unix:" + path_);
  ASSERT_TRUE(server.listening()) << server.listening().error().what;
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  RawSocket client = RawSocket::connect(path_);
  client.send(last_get);
  EXPECT_TRUE(client.read_to_end().ends_with("GET /last "));
}

TEST_F(UnixSocketServer, ReplacesAStaleSocketButNotALivingOne) {
  {
    const ServerThread left_behind(echo, {}, "unix:" + path_);
  }
  const ServerThread server(echo, {}, "unix:" + path_);
  EXPECT_TRUE(server.listening());
  const ServerThread second(echo, {}, "unix:" + path_);
  EXPECT_FALSE(second.listening());
}

TEST_F(UnixSocketServer, AnAnswerToAClientThatHasClosedIsUndelivered) {
  Held held;
  ServerThread server(held.handler(), {}, "unix:" + path_);
  RawSocket client = RawSocket::connect(path_);
  client.send(get);
  ASSERT_TRUE(held.wait_until_arrived());
  client.close();
  held.go.set();
  EXPECT_TRUE(held.wait_until_undelivered());
  EXPECT_TRUE(held.gone);
}

TEST(HttpServer, RefusesToListenOnNonsense) {
  boost::asio::io_context io{1};
  HttpServer server(io.get_executor(), {}, echo);
  for (const std::string address :
       {"", "8080", ":8080", "127.0.0.1:x", "256.0.0.1:80", "unix:", "unix:/no/such/place/s"}) {
    EXPECT_FALSE(server.listen(address)) << address;
  }
}

TEST(HttpServer, TwoServersShareATcpAddress) {
  boost::asio::io_context io{1};
  HttpServer first(io.get_executor(), {}, echo);
  HttpServer second(io.get_executor(), {}, echo);
  ASSERT_TRUE(first.listen("localhost:0"));
  EXPECT_TRUE(second.listen("localhost:" + std::to_string(first.port())));
}

TEST(HttpServer, MayBeLeftInTheMiddleOfEverything) {
  Held held;
  auto io = std::make_unique<boost::asio::io_context>(1);
  auto server = std::make_unique<HttpServer>(io->get_executor(), ServerLimits{}, held.handler());
  ASSERT_TRUE(server->listen("127.0.0.1:0"));
  RawSocket idle = RawSocket::connect(server->port());
  RawSocket busy = RawSocket::connect(server->port());
  busy.send(get);
  auto arrived = held.arrived.get_future();
  while (arrived.wait_for(0s) != std::future_status::ready) ASSERT_GT(io->run_one_for(patience), 0U);
  io.reset();
  server.reset();
  EXPECT_EQ(busy.read_to_end(), "");
  EXPECT_FALSE(held.undelivered);
}

}  // namespace
}  // namespace standin
