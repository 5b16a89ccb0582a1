#include <gtest/gtest.h>

#include <map>

#include "net/test_streams.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using testing::get;
using testing::RawListener;
using testing::RawSocket;

using testing::ServerThread;
using testing::Streams;

/// What is behind the first three bytes of an answer of six: here already, or cut off.
struct AtHand final : BodySource {
  explicit AtHand(std::string_view behind) : left(behind) {
    if (left.empty()) why = FramingRefusal{502, "cut"};
  }
  Task<Piece> next() override {
    if (why) co_return std::unexpected(*why);
    co_return std::exchange(left, {});
  }
  bool at_hand() const override { return !left.empty() || why; }
  const std::optional<FramingRefusal>& failure() const override { return why; }

  std::string_view left;
  std::optional<FramingRefusal> why;
};

Task<Reply> begun_answer(std::string_view behind, Request, std::shared_ptr<const Client>) {
  Response response{.status = 200, .headers = {}, .body = "abc", .rest = std::make_shared<AtHand>(behind)};
  response.headers.add("Content-Length", "6");
  co_return Reply{.response = std::move(response)};
}

TEST_F(Streams, PassLargeBodiesBothWaysUnchanged) {
  const std::string body = large_body(3 * mebibyte);
  RawSocket client = connect();
  auto sending = send_aside(client, post(body.size()) + body);
  RawSocket upstream = upstream_.accept();
  const std::string request = upstream.read_until(body_end);
  EXPECT_TRUE(request.contains(fmt::format("Content-Length: {}\r\n", body.size())));
  EXPECT_EQ(after_head(request), body);
  sending.get();
  sending = send_aside(upstream, answer(body.size()) + body);
  const std::string got = client.read_until(body_end);
  EXPECT_TRUE(got.starts_with(answer(body.size())));
  EXPECT_EQ(after_head(got), body);
  sending.get();
  const StreamEnd how = end();
  EXPECT_EQ(how.received, body.size());
  EXPECT_EQ(how.sent, body.size());
  EXPECT_EQ(how.cut, "");
}

TEST_F(Streams, KeepBothConnectionsAfterTheirEnd) {
  const std::string body = large_body(200'000);
  RawSocket client = connect();
  auto sending = send_aside(client, post(body.size()) + body);
  RawSocket upstream = upstream_.accept();
  upstream.read_until(body_end);
  sending.get();
  sending = send_aside(upstream, answer(body.size()) + body);
  client.read_until(body_end);
  sending.get();
  EXPECT_EQ(end().cut, "");
  client.send(get);
  EXPECT_TRUE(upstream.read_until("\r\n\r\n").starts_with("GET /x "));
  upstream.send(testing::ok);
  EXPECT_TRUE(client.read_until("ok").ends_with("ok"));
  EXPECT_FALSE(upstream_.somebody_waits());
}

TEST_F(Streams, PassEachPieceOfARequestOnWhenItIsThere) {
  RawSocket client = connect();
  client.send(chunked_post);
  RawSocket upstream = upstream_.accept();
  const std::string head = upstream.read_until("\r\n\r\n");
  EXPECT_TRUE(head.contains("Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(head.contains("Content-Length"));
  for (const std::string piece : {"one", "two", "three"}) {
    const std::string chunk = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    client.send(chunk);
    EXPECT_EQ(upstream.read_until(chunk), chunk);
  }
  client.send("0\r\nX-Trailer: dropped\r\n\r\n");
  EXPECT_EQ(upstream.read_until("\r\n\r\n"), "0\r\n\r\n");
  upstream.send(no_content);
  EXPECT_EQ(client.read_until("\r\n\r\n"), no_content);
  EXPECT_EQ(end().received, 11U);
}

TEST_F(Streams, PassTheHeadAndEachPieceOfAnAnswerOnWhenItIsThere) {
  RawSocket client = connect();
  client.send(get);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(chunked_answer);
  EXPECT_EQ(client.read_until("\r\n\r\n"), chunked_answer);
  for (const std::string event : {"data: 1\n\n", "data: 2\n\n"}) {
    const std::string chunk = fmt::format("{:x}\r\n{}\r\n", event.size(), event);
    upstream.send(chunk);
    EXPECT_EQ(client.read_until(chunk), chunk);
  }
  upstream.send("0\r\n\r\n");
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
  const StreamEnd how = end();
  EXPECT_EQ(how.sent, 18U);
  EXPECT_EQ(how.cut, "");
}

TEST_F(Streams, GiveAClientOfHttp10TheBytesAloneAndEndWithThem) {
  RawSocket client = connect();
  client.send("GET /x HTTP/1.0\r\n\r\n");
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(std::string(chunked_answer) + "3\r\nabc\r\n");
  EXPECT_EQ(client.read_until("abc"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
  upstream.send("0\r\n\r\n");
  bool reset = true;
  EXPECT_EQ(client.read_to_end(&reset), "");
  EXPECT_FALSE(reset);
}

TEST_F(Streams, ResetAClientOfHttp10WhenTheAnswerBreaksOff) {
  RawSocket client = connect();
  client.send("GET /x HTTP/1.0\r\n\r\n");
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(std::string(chunked_answer) + "3\r\nabc\r\n");
  client.read_until("abc");
  upstream.close();
  bool reset = false;
  client.read_to_end(&reset);
  EXPECT_TRUE(reset);
}

TEST_F(Streams, TakeAnAnswerThatEndsWithItsConnection) {
  RawSocket client = connect();
  client.send(get);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send("HTTP/1.0 200 OK\r\n\r\nto the ");
  EXPECT_TRUE(client.read_until("to the ").contains("Transfer-Encoding: chunked\r\n"));
  upstream.send("end");
  upstream.close();
  EXPECT_TRUE(client.read_until("0\r\n\r\n").ends_with("end\r\n0\r\n\r\n"));
  EXPECT_EQ(end().cut, "");
}

TEST_F(Streams, EndNoAnswerThatItsUpstreamCutShort) {
  for (const std::string& begun :
       {answer(200'000) + std::string(100'000, 'x'), std::string(chunked_answer) + "3\r\nabc\r\n",
        std::string(chunked_answer) + "5\r\nab"}) {
    RawSocket client = connect();
    client.send(get);
    RawSocket upstream = upstream_.accept();
    upstream.read_until("\r\n\r\n");
    upstream.send(begun);
    upstream.close();
    const std::string got = client.read_to_end();
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_FALSE(after_head(got).contains("0\r\n\r\n"));
    EXPECT_LE(after_head(got).size(), 100'000U);
    EXPECT_EQ(end().cut, "upstream");
  }
}

TEST_F(Streams, PassOnNothingBeyondTheStatedLength) {
  RawSocket client = connect();
  client.send(get);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  auto sending =
      send_aside(upstream, answer(100'000) + std::string(100'000, 'x') + "HTTP/1.1 200 OK\r\n\r\nnot asked for");
  EXPECT_EQ(after_head(client.read_until("xxxx")).find_first_not_of('x'), std::string::npos);
  EXPECT_EQ(end().sent, 100'000U);
  sending.get();
  client.send(get);
  RawSocket another = upstream_.accept();
  EXPECT_TRUE(another.read_until("\r\n\r\n").starts_with("GET /x "));
}

TEST_F(Streams, LetGoOfTheUpstreamWhenTheClientLeaves) {
  RawSocket client = connect();
  client.send(get);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(chunked_answer);
  client.read_until("\r\n\r\n");
  client.reset();
  upstream.send("3\r\nabc\r\n");
  EXPECT_EQ(end().cut, "client");
  upstream.read_to_end();
}

TEST_F(Streams, EndNoRequestThatItsClientCutShort) {
  for (const std::string& begun :
       {post(200'000) + std::string(100'000, 'x'), std::string(chunked_post) + "3\r\nabc\r\n"}) {
    RawSocket client = connect();
    client.send(begun);
    RawSocket upstream = upstream_.accept();
    upstream.read_until("\r\n\r\n");
    client.close();
    EXPECT_FALSE(upstream.read_to_end().contains("0\r\n\r\n"));
    EXPECT_EQ(end().cut, "client");
  }
}

TEST_F(Streams, SayWhyARequestIsNotReadToItsEnd) {
  start({.streamed_body = 100'000, .receive = 100ms});
  const std::map<std::string, std::string> endings{
      {post(100'001), "413"},
      {std::string(chunked_post) + "3\r\nabc\r\n", "408"},
      {std::string(chunked_post) + "3\r\nabc\r\nzz\r\n", "400"},
      {std::string(chunked_post) + "3\r\nabc\r\n20000\r\n", "413"},
  };
  for (const auto& [request, status] : endings) {
    RawSocket client = connect();
    client.send(request);
    const std::string got = client.read_to_end();
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + status)) << request.substr(request.size() - 10) << "\n" << got;
  }
}

TEST_F(Streams, MakeTheUpstreamWaitForASlowReader) {
  start();
  const int small = 64 * 1024;
  RawSocket client = connect();
  ::setsockopt(client.native_handle(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  client.send(get);
  RawSocket upstream = upstream_.accept();
  ::setsockopt(upstream.native_handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  upstream.read_until("\r\n\r\n");
  constexpr std::size_t size = 64 * mebibyte;
  upstream.send(answer(size));
  const std::size_t before = accepted(upstream, size);
  EXPECT_LT(before, 16 * mebibyte);  // what the kernel's buffers take, and one piece
  auto sending = send_aside(upstream, std::string(size - before, 'x'));
  std::size_t got = after_head(client.read_until("\r\n\r\n")).size();
  std::string piece(mebibyte, '\0');
  for (ssize_t count = 1; got < size && count > 0; got += static_cast<std::size_t>(std::max<ssize_t>(count, 0))) {
    count = ::recv(client.native_handle(), piece.data(), piece.size(), 0);
  }
  EXPECT_EQ(got, size);
  sending.get();
}

TEST_F(Streams, MakeTheClientWaitForASlowUpstream) {
  RawSocket client = connect();
  const int small = 64 * 1024;
  ::setsockopt(client.native_handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  constexpr std::size_t size = 64 * mebibyte;
  client.send(post(size));
  RawSocket upstream = upstream_.accept();
  const std::size_t before = accepted(client, size);
  EXPECT_LT(before, 16 * mebibyte);
  auto sending = send_aside(client, std::string(size - before, 'x'));
  std::size_t got = after_head(upstream.read_until("\r\n\r\n")).size();
  std::string piece(mebibyte, '\0');
  for (ssize_t count = 1; got < size && count > 0; got += static_cast<std::size_t>(std::max<ssize_t>(count, 0))) {
    count = ::recv(upstream.native_handle(), piece.data(), piece.size(), 0);
  }
  EXPECT_EQ(got, size);
  sending.get();
  upstream.send(no_content);
  EXPECT_EQ(client.read_until("\r\n\r\n"), no_content);
}

TEST_F(Streams, CutASilentUpstreamOff) {
  idle_ = 50ms;
  RawSocket client = connect();
  client.send(get);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(std::string(chunked_answer) + "3\r\nabc\r\n");
  EXPECT_TRUE(client.read_to_end().ends_with("abc\r\n"));
  EXPECT_EQ(end().cut, "upstream");
  EXPECT_EQ(upstream.read_to_end(), "");
}

TEST_F(Streams, AnswerHeadWithoutABodyAndGoOn) {
  RawSocket client = connect();
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(answer(5'000'000));
  EXPECT_EQ(client.read_until("\r\n\r\n"), answer(5'000'000));
  client.send("HEAD /y HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(upstream.read_until("\r\n\r\n").starts_with("HEAD /y "));
  upstream.send(chunked_answer);
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_F(Streams, AnswerARequestThatCameBehindAStreamedOne) {
  const std::string body = large_body(150'000);
  RawSocket client = connect();
  auto sending = send_aside(client, post(body.size()) + body + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  RawSocket upstream = upstream_.accept();
  EXPECT_TRUE(upstream.read_until(body_end).ends_with(body_end));
  sending = send_aside(upstream, answer(body.size()) + body);
  EXPECT_EQ(after_head(client.read_until(body_end)), body);
  EXPECT_TRUE(upstream.read_until("\r\n\r\n").starts_with("GET /next "));
  upstream.send(testing::ok);
  EXPECT_EQ(client.read_until("ok"), testing::ok);
}

TEST_F(Streams, PassOnAnAnswerThatComesBeforeTheRequestIsComplete) {
  RawSocket client = connect();
  client.send(std::string(chunked_post) + "3\r\nabc\r\n");
  RawSocket upstream = upstream_.accept();
  upstream.read_until("abc\r\n");
  upstream.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  const std::string got = client.read_to_end();
  EXPECT_TRUE(got.starts_with("HTTP/1.1 413 ") && got.contains("Connection: close\r\n") && got.ends_with("no")) << got;
  upstream.read_to_end();
}

TEST_F(Streams, GoOnBothWaysAtOnce) {
  RawSocket client = connect();
  client.send(chunked_post);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(chunked_answer);
  client.read_until("\r\n\r\n");
  for (int i = 0; i < 3; ++i) {
    client.send("4\r\nping\r\n");
    EXPECT_EQ(upstream.read_until("ping\r\n"), "4\r\nping\r\n");
    upstream.send("4\r\npong\r\n");
    EXPECT_EQ(client.read_until("pong\r\n"), "4\r\npong\r\n");
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(upstream.read_until("0\r\n\r\n"), "0\r\n\r\n");
  upstream.send("0\r\n\r\n");
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
  const StreamEnd how = end();
  EXPECT_EQ(how.received, 12U);
  EXPECT_EQ(how.sent, 12U);
}

TEST_F(Streams, InviteABodyOnlyWhenTheUpstreamTakesIt) {
  const std::string expecting = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  RawSocket client = connect();
  client.send(expecting);
  RawSocket upstream = upstream_.accept();
  EXPECT_FALSE(upstream.read_until("\r\n\r\n").contains("Expect"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(upstream.read_until("abc"), "abc");
  upstream.send(no_content);
  EXPECT_EQ(client.read_until("\r\n\r\n"), no_content);
  upstream.close();
  port_ = RawListener().close_port();
  RawSocket another = connect();
  another.send(expecting);
  EXPECT_TRUE(another.read_to_end().starts_with("HTTP/1.1 502 "));
}

TEST_F(Streams, PassInterimAnswersOnToWhoUnderstandsThem) {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
  RawSocket client = connect();
  client.send(get);
  RawSocket upstream = upstream_.accept();
  upstream.read_until("\r\n\r\n");
  upstream.send(hints);
  EXPECT_TRUE(client.read_until("\r\n\r\n").contains("HTTP/1.1 103 "));
  upstream.send("HTTP/1.1 100 Continue\r\n\r\n" + hints + std::string(testing::ok));
  EXPECT_TRUE(client.read_until("ok").contains("Link: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n"));
  RawSocket old = connect();
  old.send("GET /x HTTP/1.0\r\n\r\n");
  upstream.read_until("\r\n\r\n");
  upstream.send(hints + std::string(testing::ok));
  EXPECT_TRUE(old.read_to_end().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Streams, MayBeLeftInTheMiddle) {
  RawSocket up = connect();
  up.send(std::string(chunked_post) + "3\r\nabc\r\n");
  RawSocket first = upstream_.accept();
  first.read_until("abc\r\n");
  RawSocket down = connect();
  down.send(get);
  RawSocket second = upstream_.accept();
  second.send(std::string(chunked_answer) + "3\r\nabc\r\n");
  down.read_until("abc\r\n");
  stop();
  EXPECT_FALSE(first.read_to_end().contains("0\r\n\r\n"));
  EXPECT_FALSE(down.read_to_end().contains("0\r\n\r\n"));
}

TEST(StreamedAnswer, LeavesWithWhatIsHereBehindItsFirstPiece) {
  for (const std::string_view behind : {"def", ""}) {
    ServerThread server(std::bind_front(begun_answer, behind));
    RawSocket client = server.connect();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\nabc" + std::string(behind)));
  }
}

}  // namespace
}  // namespace standin
