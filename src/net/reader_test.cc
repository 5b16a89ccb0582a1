#include "net/reader.h"

#include <gtest/gtest.h>

#include <string>

namespace standin {
namespace {

constexpr std::size_t head_max = 1024;
constexpr std::size_t body_max = 100;

struct Read {
  Reading reading = Reading::more;
  int status = 0;
  Request request;
  bool keep_alive = false;
  std::string rest;
};

Read read_request(std::string_view bytes) {
  RequestReader reader(head_max, body_max);
  Read read;
  read.reading = reader.read(bytes);
  if (read.reading == Reading::refused) read.status = reader.refusal().status;
  if (read.reading == Reading::complete) {
    read.keep_alive = reader.keep_alive();
    read.request = reader.take();
  }
  read.rest = bytes;
  return read;
}

/// The status that refuses a request with these fields, or 0.
int refused_with(const std::string& fields, const std::string& body = "", const std::string& version = "1.1") {
  return read_request("POST / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n" + body).status;
}

/// One byte at a time, keeping what the reader leaves, as a slow connection would.
template <class Reader>
Reading drip(Reader& reader, std::string_view bytes) {
  std::string kept;
  for (const char byte : bytes) {
    kept.push_back(byte);
    std::string_view input = kept;
    const Reading reading = reader.read(input);
    if (reading != Reading::more) return reading;
    kept.erase(0, kept.size() - input.size());
  }
  return Reading::more;
}

TEST(RequestReader, ReadsHeadAndBodyAndLeavesTheNextRequest) {
  const Read read = read_request("POST /o?a[gte]=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /");
  ASSERT_EQ(read.reading, Reading::complete);
  EXPECT_EQ(read.request.method, "POST");
  EXPECT_EQ(read.request.target, "/o?a[gte]=1");
  EXPECT_EQ(read.request.body, "abc");
  EXPECT_TRUE(read.keep_alive);
  EXPECT_EQ(read.rest, "GET /");
}

TEST(RequestReader, ReadsChunkedBodiesInAnyPieces) {
  RequestReader reader(head_max, body_max);
  ASSERT_EQ(drip(reader,
                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"),
            Reading::complete);
  const Request request = reader.take();
  EXPECT_EQ(request.body, "abcde");
  EXPECT_FALSE(request.headers.has("Trailer"));
  EXPECT_FALSE(request.headers.has("Transfer-Encoding"));
}

TEST(RequestReader, ReadsAnEmptyChunkedBodyInAnyPieces) {
  RequestReader reader(head_max, body_max);
  ASSERT_EQ(drip(reader, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            Reading::complete);
  EXPECT_EQ(reader.take().body, "");
}

TEST(RequestReader, ReadsOneAfterTheOther) {
  RequestReader reader(head_max, body_max);
  std::string_view input = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(reader.read(input), Reading::complete);
  EXPECT_EQ(reader.take().target, "/1");
  ASSERT_EQ(reader.read(input), Reading::complete);
  EXPECT_EQ(reader.take().target, "/2");
}

TEST(RequestReader, RefusesEveryTransferEncodingButOneChunked) {
  for (const std::string coding :
       {"identity", "xchunked", "chunked, identity", "gzip, chunked", "chunked, chunked", ""}) {
    EXPECT_EQ(refused_with("Transfer-Encoding: " + coding + "\r\n"), 400) << coding;
  }
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(refused_with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 400);
}

TEST(RequestReader, RefusesTransferEncodingOnHttp10) {
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "1.0"), 400);
}

TEST(RequestReader, RefusesTransferEncodingTogetherWithContentLength) {
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400);
  EXPECT_EQ(refused_with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400);
}

TEST(RequestReader, RefusesARepeatedOrMalformedContentLength) {
  EXPECT_EQ(refused_with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400);
  for (const std::string length : {"3, 3", "+3", "-1", "0x3", "3 ", "", "99999999999999999999"}) {
    const int status = refused_with("Content-Length: " + length + "\r\n", "abc");
    EXPECT_EQ(status, length == "3 " ? 0 : 400) << "'" << length << "'";
  }
}

TEST(RequestReader, RefusesAFoldedField) {
  EXPECT_EQ(refused_with("X: a\r\n b\r\n"), 400);
  EXPECT_EQ(refused_with("X: a\r\n\tb\r\n"), 400);
  RequestReader reader(head_max, body_max);
  EXPECT_EQ(drip(reader, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"), Reading::refused);
}

TEST(RequestReader, RefusesAMissingOrRepeatedHost) {
  EXPECT_EQ(read_request("GET / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(refused_with("Host: a\r\n"), 400);
  EXPECT_EQ(read_request("GET / HTTP/1.0\r\n\r\n").reading, Reading::complete);
}

TEST(RequestReader, RefusesBareControlBytesAndLineFeeds) {
  EXPECT_EQ(refused_with(std::string("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(refused_with("X: a\x01\r\n"), 400);
  EXPECT_EQ(refused_with("X: a\rb\r\n"), 400);
  EXPECT_EQ(refused_with("X: a\nY: b\r\n"), 400);
  EXPECT_EQ(read_request("GET / HTTP/1.1\nHost: a\n\n").status, 400);
  EXPECT_EQ(refused_with("X : a\r\n"), 400);
}

/// The status that refuses a GET of this target, or 0.
int refused_target(const std::string& target) {
  return read_request("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").status;
}

TEST(RequestReader, RefusesATargetThatIsNoPath) {
  for (const std::string target :
       {"http://b/", "http://a@b/", "http:///", "ftp://a/", "a", "*", "a:443", "/#", "/\x7f", ""}) {
    EXPECT_EQ(refused_target(target), 400) << target;
  }
  EXPECT_EQ(read_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").reading, Reading::complete);
}

TEST(RequestReader, TakesThePathOfAnAbsoluteTarget) {
  const auto target = [](const std::string& line, const std::string& host) {
    return read_request(line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").request.target;
  };
  EXPECT_EQ(target("GET http://a/b?c", "a"), "/b?c");
  EXPECT_EQ(target("GET HTTPS://A:8443/b", "a:8443"), "/b");
  EXPECT_EQ(target("GET http://a", "a"), "/");
  EXPECT_EQ(target("GET http://a?b", "a"), "/?b");
  EXPECT_EQ(target("OPTIONS http://a", "a"), "*");
  const Read old = read_request("GET http://a/b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.request.target, "/b");
  EXPECT_EQ(old.request.headers.find("Host"), "a");
}

TEST(RequestReader, RefusesWhatIsNoRequestLineAtItsEnd) {
  for (const std::string line : {"GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1",
                                 " GET / HTTP/1.1", "get / HTTP/1.1", "GET / http/1.1", "GET / HTTP/1.10", "GET /"}) {
    EXPECT_EQ(read_request(line + "\r\n").status, 400) << line;
  }
  EXPECT_EQ(read_request("PRI * HTTP/2.0\r\n").status, 505);
  EXPECT_EQ(read_request("GET / HTTP/1.2\r\n").status, 505);
  EXPECT_EQ(read_request("CONNECT a:443 HTTP/1.1\r\n").status, 501);
  EXPECT_EQ(read_request("TRACE / HTTP/1.1\r\n").status, 501);
}

TEST(RequestReader, KnowsAnotherProtocolByItsFirstByte) {
  EXPECT_EQ(read_request("\x16\x03\x01").status, 400);
  EXPECT_EQ(read_request("\n").status, 400);
  EXPECT_EQ(read_request("\rG").status, 400);
}

TEST(RequestReader, SkipsEmptyLinesBeforeARequestAsFarAsTheHeadMayGo) {
  RequestReader reader(head_max, body_max);
  EXPECT_EQ(drip(reader, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Reading::complete);
  std::string lines;
  for (std::size_t i = 0; i <= head_max; ++i) lines += "\r\n";
  EXPECT_EQ(read_request(lines).reading, Reading::refused);
}

TEST(RequestReader, RefusesAMalformedHost) {
  for (const std::string host :
       {"a b", "a,b", "a@b", "a/b", "a?b", "a:b", "a:65536", "::1", "[::1", "[::1]b", "[a]", "a\\b"}) {
    EXPECT_EQ(read_request("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status, 400) << host;
  }
  for (const std::string host : {"", "a", "A.b-c_d.", "a:8080", "a:", "127.0.0.1", "[::1]:80", "[::ffff:1.2.3.4]"}) {
    EXPECT_EQ(read_request("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").reading, Reading::complete) << host;
  }
}

TEST(RequestReader, RefusesFramingFieldsInDisguise) {
  EXPECT_EQ(refused_with("Content_Length: 3\r\n"), 400);
  EXPECT_EQ(refused_with("TRANSFER_ENCODING: chunked\r\n"), 400);
  EXPECT_EQ(refused_with("X_Transfer_Encoding: chunked\r\n"), 0);
}

TEST(RequestReader, RefusesTooManyFields) {
  std::string fields;
  for (int i = 0; i < 128; ++i) fields += "X:\r\n";
  EXPECT_EQ(refused_with(fields), 431);
}

TEST(RequestReader, RefusesAnUnknownExpectation) {
  EXPECT_EQ(refused_with("Expect: x\r\n"), 417);
  EXPECT_EQ(refused_with("Expect:\r\n"), 417);
  EXPECT_EQ(refused_with("Expect: x\r\nExpect: 100-continue\r\n"), 417);
}

TEST(RequestReader, PassesOnALengthAsAPlainNumber) {
  EXPECT_EQ(read_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0003\r\n\r\nabc")
                .request.headers.find("Content-Length"),
            "3");
}

TEST(RequestReader, HandsOnABodyInPieces) {
  RequestReader reader(head_max, body_max);
  std::string_view input = "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nd";
  ASSERT_EQ(reader.read(input), Reading::more);
  ASSERT_TRUE(reader.head_done());
  EXPECT_EQ(reader.body_length(), std::nullopt);
  EXPECT_EQ(reader.take_head().body, "abcd");
  std::string rest = "e\r\n2\r\nfg\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  input = rest;
  std::string_view piece;
  EXPECT_EQ(reader.read_piece(input, piece), Reading::more);
  EXPECT_EQ(piece, "e");
  EXPECT_EQ(reader.read_piece(input, piece), Reading::more);
  EXPECT_EQ(piece, "fg");
  EXPECT_EQ(reader.read_piece(input, piece), Reading::complete);
  EXPECT_TRUE(piece.empty());
  reader.next();
  EXPECT_EQ(reader.read(input), Reading::complete);
  EXPECT_EQ(reader.take().target, "/2");
}

TEST(RequestReader, TheLastPieceOfAStatedLengthCompletesIt) {
  RequestReader reader(head_max, body_max);
  std::string_view input = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  ASSERT_EQ(reader.read(input), Reading::more);
  EXPECT_EQ(reader.body_length(), 5U);
  EXPECT_EQ(reader.take_head().body, "");
  input = "abcdeGET";
  std::string_view piece;
  EXPECT_EQ(reader.read_piece(input, piece), Reading::complete);
  EXPECT_EQ(piece, "abcde");
  EXPECT_EQ(input, "GET");
}

TEST(RequestReader, TheLimitOfABodyMayBeSetOnceItsHeadIsRead) {
  RequestReader reader(head_max, 1'000'000);
  std::string_view input = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n";
  ASSERT_EQ(reader.read(input), Reading::more);
  reader.limit_body(100);
  EXPECT_EQ(reader.read(input), Reading::refused);
  EXPECT_EQ(reader.refusal().status, 413);
}

TEST(RequestReader, KnowsWhoWantsToSpeakWebSocket) {
  const auto upgrade = [](const std::string& fields, const std::string& version) {
    RequestReader reader(head_max, body_max);
    const std::string bytes = "GET / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n";
    std::string_view input = bytes;
    reader.read(input);
    return std::string(reader.upgrade());
  };
  const std::string asked = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
  EXPECT_EQ(upgrade(asked, "1.1"), "websocket");
  EXPECT_EQ(upgrade(asked, "1.0"), "");
  EXPECT_EQ(upgrade(asked + "Content-Length: 1\r\n", "1.1"), "");
  EXPECT_EQ(upgrade(asked + "Transfer-Encoding: chunked\r\n", "1.1"), "");
  EXPECT_EQ(upgrade("Upgrade: websocket\r\n", "1.1"), "");
  EXPECT_EQ(upgrade("Connection: upgrade\r\nUpgrade: h2c\r\n", "1.1"), "");
}

TEST(RequestReader, RefusesAHeadOverItsLimit) {
  EXPECT_EQ(refused_with("X: " + std::string(head_max, 'x') + "\r\n"), 431);
  EXPECT_EQ(read_request("GET /" + std::string(head_max, 'x')).status, 431);
}

TEST(RequestReader, RefusesABodyOverItsLimit) {
  EXPECT_EQ(refused_with("Content-Length: 101\r\n"), 413);
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\n", "32\r\n" + std::string(50, 'x') + "\r\n33\r\n"), 413);
}

TEST(RequestReader, RefusesMalformedChunks) {
  for (const std::string body : {"x\r\nabc",
                                 "3\r\nabcdefg\r\n",
                                 "\r\nabcd",
                                 "3;\r\nabc",
                                 "ffffffffffffffffff\r\n",
                                 "3 \r\nabc",
                                 " 3\r\nabc",
                                 "+3\r\n",
                                 "0x3\r\n",
                                 "3\nabc",
                                 "3\r\nabcX",
                                 "3\r\nabc\n",
                                 "3\r\nabc\rX",
                                 "3;a\rb\r\n",
                                 "3;a=\"\r\n",
                                 "0\r\nX\r\n",
                                 "0\r\nX : a\r\n",
                                 "0\r\nhost: b\r\n",
                                 "0\r\nContent-Length: 3\r\n",
                                 "0\r\nTransfer-Encoding: identity\r\n",
                                 "0\r\n\n",
                                 "00000000000000003\r\n"}) {
    EXPECT_NE(refused_with("Transfer-Encoding: chunked\r\n", body), 0) << body;
  }
}

TEST(RequestReader, RefusesEndlessChunkExtensionsAndTrailers) {
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\n", "1;" + std::string(9000, 'x')), 400);
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(9000, 'x')), 400);
  std::string chunks;
  for (int i = 0; i < 10; ++i) chunks += "1;" + std::string(200, 'x') + "\r\na\r\n";
  EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\n", chunks), 400);
}

TEST(RequestReader, DropsWhatConcernsTheConnectionAlone) {
  const Read read = read_request(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, host\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
      "Upgrade: h2c\r\nProxy-Authorization: secret\r\nTrailer: X\r\nX-Other: 2\r\n\r\n");
  ASSERT_EQ(read.reading, Reading::complete);
  ASSERT_EQ(read.request.headers.size(), 2U);
  EXPECT_EQ(read.request.headers.find("Host"), "a");
  EXPECT_EQ(read.request.headers.find("X-Other"), "2");
}

TEST(RequestReader, KnowsWhenTheConnectionCloses) {
  EXPECT_FALSE(read_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(read_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestReader, WantsContinueOnlyWhileTheBodyIsMissing) {
  RequestReader reader(head_max, body_max);
  std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(reader.read(head), Reading::more);
  EXPECT_TRUE(reader.wants_continue());
  std::string_view body = "x";
  EXPECT_EQ(reader.read(body), Reading::complete);
  EXPECT_FALSE(reader.wants_continue());
  EXPECT_FALSE(reader.take().headers.has("Expect"));
}

TEST(RequestReader, TakesExtensionsThatAreOnes) {
  for (const std::string line : {"3;a", "3;a=b", "3;a=b;c", "3;a=\"b;\\\"c\""}) {
    EXPECT_EQ(refused_with("Transfer-Encoding: chunked\r\n", line + "\r\nabc\r\n0\r\n\r\n"), 0) << line;
  }
}

struct Answer {
  Reading reading = Reading::more;
  bool keep_alive = false;
  Response response;
};

Answer read_response(std::string_view bytes, bool to_head = false, bool ended = false) {
  ResponseReader reader(head_max, body_max, {.head = to_head});
  Answer answer{.reading = reader.read(bytes)};
  if (answer.reading == Reading::more && ended) answer.reading = reader.finish();
  if (answer.reading == Reading::complete) {
    answer.keep_alive = reader.keep_alive();
    answer.response = reader.take();
  }
  return answer;
}

TEST(ResponseReader, ReadsEachKindOfBody) {
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").response.body, "ok");
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n").response.body,
            "ok");
  const Answer to_end = read_response("HTTP/1.1 200 OK\r\n\r\nok", false, true);
  EXPECT_EQ(to_end.response.body, "ok");
  EXPECT_FALSE(to_end.keep_alive);
}

TEST(ResponseReader, AnswersToHeadAnd204And304HaveNoBody) {
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", true).reading, Reading::complete);
  EXPECT_EQ(read_response("HTTP/1.1 204 No Content\r\n\r\n").reading, Reading::complete);
  EXPECT_EQ(read_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n").reading, Reading::complete);
}

TEST(ResponseReader, SkipsInterimAnswers) {
  const Answer answer = read_response(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
      "0\r\n\r\n");
  ASSERT_EQ(answer.reading, Reading::complete);
  EXPECT_EQ(answer.response.status, 201);
  EXPECT_FALSE(answer.response.headers.has("Link"));
}

TEST(ResponseReader, TellsOfInterimAnswersIfAsked) {
  ResponseReader reader(head_max, body_max, {.interim = true});
  std::string_view input =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
  ASSERT_EQ(reader.read(input), Reading::interim);
  EXPECT_FALSE(reader.head_done());
  const Response hints = reader.take();
  EXPECT_EQ(hints.status, 103);
  EXPECT_EQ(hints.headers.find("Link"), "x");
  ASSERT_EQ(reader.read(input), Reading::complete);
  EXPECT_EQ(reader.take().status, 204);
}

TEST(ResponseReader, After101ComesAnotherProtocolIfItWasAskedFor) {
  constexpr std::string_view answer =
      "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05";
  EXPECT_EQ(read_response(answer).reading, Reading::refused);
  ResponseReader reader(head_max, body_max, {.upgrade = true});
  std::string_view input = answer;
  ASSERT_EQ(reader.read(input), Reading::more);
  EXPECT_TRUE(reader.head_done());
  EXPECT_EQ(reader.upgrade(), "websocket");
  EXPECT_EQ(reader.take_head().body, "\x81\x05");
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.finish(), Reading::complete);
}

TEST(ResponseReader, HandsOnABodyInPieces) {
  ResponseReader first(head_max, body_max, {});
  std::string_view input = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab";
  ASSERT_EQ(first.read(input), Reading::more);
  EXPECT_EQ(first.take_head().body, "ab");
  ResponseReader reader(std::move(first));
  input = "cdHTTP";
  std::string_view piece;
  EXPECT_EQ(reader.read_piece(input, piece), Reading::complete);
  EXPECT_EQ(piece, "cd");
  EXPECT_TRUE(reader.keep_alive());
}

TEST(ResponseReader, ForgivesHarmlessOddities) {
  for (const std::string_view head :
       {"HTTP/1.1 200\r\nContent-Length: 2\r\nX: y\r\n\r\nok", "HTTP/1.1 200 OK\nContent-Length: 2\nX: y\n\nok",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\nX : y\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\nX:\r\n y\r\n\r\nok",
        "\r\nHTTP/1.1 200 \xc3\xa9\r\nX: y\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nok\r\n0\r\n\r\n"}) {
    const Answer answer = read_response(head);
    ASSERT_EQ(answer.reading, Reading::complete) << head;
    EXPECT_EQ(answer.response.status, 200);
    EXPECT_EQ(answer.response.body, "ok");
    EXPECT_EQ(answer.response.headers.find("X"), "y");
    ResponseReader slow(head_max, body_max, {});
    EXPECT_EQ(drip(slow, head), Reading::complete) << head;
  }
}

TEST(ResponseReader, RefusesWhatCannotBeRead) {
  for (const std::string_view bytes :
       {"garbage\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"}) {
    EXPECT_EQ(read_response(bytes).reading, Reading::refused) << bytes;
  }
  EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x')).reading, Reading::refused);
}

TEST(ResponseReader, JoinsFoldedLines) {
  EXPECT_EQ(read_response("HTTP/1.1 204 \r\nX: a\r\n  b\n\tc\r\nY: d\r\n\r\n").response.headers.find("X"), "a b c");
}

TEST(ResponseReader, AConnectionIsKeptAsItsVersionSays) {
  EXPECT_TRUE(read_response("HTTP/1.1 204 \r\n\r\n").keep_alive);
  EXPECT_FALSE(read_response("HTTP/1.1 204 \r\nConnection: a, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(read_response("HTTP/1.0 204 \r\n\r\n").keep_alive);
  EXPECT_TRUE(read_response("HTTP/1.0 204 \r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(ResponseReader, AnAnswerCutShortIsRefused) {
  for (const std::string_view bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"}) {
    EXPECT_EQ(read_response(bytes, false, true).reading, Reading::refused) << bytes;
  }
}

}  // namespace
}  // namespace standin
