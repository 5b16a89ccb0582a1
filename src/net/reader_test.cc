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

TEST(RequestReader, RefusesATargetThatIsNoPath) {
  EXPECT_EQ(read_request("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
  EXPECT_EQ(read_request("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
  EXPECT_EQ(read_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").reading, Reading::complete);
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
  for (const std::string body : {"x\r\nabc", "3\r\nabcdefg\r\n", "\r\nabcd", "3;\r\nabc", "ffffffffffffffffff\r\n"}) {
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

struct Answer {
  Reading reading = Reading::more;
  bool keep_alive = false;
  Response response;
};

Answer read_response(std::string_view bytes, bool to_head = false, bool ended = false) {
  ResponseReader reader(head_max, body_max, to_head);
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

TEST(ResponseReader, ForgivesHarmlessOddities) {
  for (const std::string_view head :
       {"HTTP/1.1 200\r\nContent-Length: 2\r\nX: y\r\n\r\nok", "HTTP/1.1 200 OK\nContent-Length: 2\nX: y\n\nok",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\nX : y\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\nX:\r\n y\r\n\r\nok",
        "\r\nHTTP/1.1 200 \xc3\xa9\r\nX: y\r\nContent-Length: 2\r\n\r\nok"}) {
    const Answer answer = read_response(head);
    ASSERT_EQ(answer.reading, Reading::complete) << head;
    EXPECT_EQ(answer.response.status, 200);
    EXPECT_EQ(answer.response.body, "ok");
    EXPECT_EQ(answer.response.headers.find("X"), "y");
    ResponseReader slow(head_max, body_max, false);
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

TEST(ResponseReader, AnAnswerCutShortIsRefused) {
  for (const std::string_view bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"}) {
    EXPECT_EQ(read_response(bytes, false, true).reading, Reading::refused) << bytes;
  }
}

}  // namespace
}  // namespace standin
