#include "net/message.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

TEST(Headers, FindsNamesWithoutRegardToCase) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  EXPECT_EQ(headers.find("content-TYPE"), "text/plain");
  EXPECT_FALSE(headers.has("Content-Typ"));
}

TEST(Headers, KeepTheirOrderAndRepetitions) {
  Headers headers;
  headers.add("B", "1");
  headers.add("a", "2");
  headers.add("B", "3");
  std::string seen;
  for (const auto [name, value] : headers) seen.append(name).append(value);
  EXPECT_EQ(seen, "B1a2B3");
}

TEST(Headers, SetReplacesEveryFieldOfThatName) {
  Headers headers;
  headers.add("X", "1");
  headers.add("Y", "2");
  headers.add("x", "3");
  headers.set("X", "4");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.find("x"), "4");
  EXPECT_EQ(headers[0].name, "X");
}

TEST(Headers, SetAddsWhatWasNotThere) {
  Headers headers;
  headers.set("X", "4");
  EXPECT_EQ(headers.find("X"), "4");
}

TEST(Headers, MayBeSetFromAViewOfTheirOwn) {
  Headers headers;
  headers.add("From", std::string(400, 'x'));
  for (int i = 0; i < 8; ++i) headers.add("Copy", *headers.find("From"));
  EXPECT_EQ(headers[8].value, std::string(400, 'x'));
}

TEST(Headers, RemoveByNameAndByPrefix) {
  Headers headers;
  headers.add("Standin-Key", "1");
  headers.add("STANDIN-Replay", "2");
  headers.add("Standing", "3");
  headers.add("Other", "4");
  headers.remove_prefix("standin-");
  headers.remove("OTHER");
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers[0].name, "Standing");
}

TEST(Headers, NoValueCanEndItsLine) {
  Headers headers;
  headers.add("X", "a\r\nInjected: yes");
  EXPECT_EQ(headers.find("X"), "a  Injected: yes");
}

TEST(MediaType, IsLowerCaseWithoutParameters) {
  Headers headers;
  headers.add("Content-Type", "Application/JSON; charset=utf-8");
  EXPECT_EQ(media_type(headers), "application/json");
  EXPECT_EQ(media_type(Headers()), "");
}

TEST(Wire, ARequestComesBackAsItWas) {
  Request request{.method = "POST", .target = "/orders?created[gte]=1", .headers = {}, .body = "{\"a\":1}"};
  request.headers.add("Host", "shop");
  request.headers.add("Idempotency-Key", "k1");
  const auto again = request_from_wire(to_wire(request));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->method, "POST");
  EXPECT_EQ(again->target, request.target);
  EXPECT_EQ(again->headers.find("Idempotency-Key"), "k1");
  EXPECT_EQ(again->headers.find("Host"), "shop");
  EXPECT_EQ(again->body, request.body);
  EXPECT_EQ(to_wire(*again), to_wire(request));
}

TEST(Wire, AResponseComesBackAsItWas) {
  Response response{.status = 201, .headers = {}, .body = "line\nline\r\n"};
  response.headers.add("Content-Type", "application/json");
  const auto again = response_from_wire(to_wire(response));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 201);
  EXPECT_EQ(again->body, response.body);
  EXPECT_EQ(to_wire(*again), to_wire(response));
}

TEST(Wire, ReadsARequestWrittenByHand) {
  const auto request = request_from_wire("POST /orders HTTP/1.1\nHost: shop\nX:  y \n\n{\n}\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->headers.find("X"), "y");
  EXPECT_EQ(request->body, "{\n}\n");
  EXPECT_TRUE(request_from_wire("GET / HTTP/1.1\nHost: shop\n"));
}

TEST(Wire, RefusesWhatIsNoMessage) {
  EXPECT_FALSE(request_from_wire(""));
  EXPECT_FALSE(request_from_wire("GET /\n\n"));
  EXPECT_FALSE(request_from_wire("GET / HTTP/1.1\nno colon\n\n"));
  EXPECT_FALSE(request_from_wire("GET / HTTP/1.1\nContent-Length: 5\n\nabc"));
  EXPECT_FALSE(request_from_wire("GET / HTTP/1.1\nContent-Length: x\n\nabc"));
  EXPECT_FALSE(response_from_wire("HTTP/1.1 2x0 OK\r\n\r\n"));
  EXPECT_FALSE(response_from_wire("HTTP/1.1 2000 OK\r\n\r\n"));
}

TEST(Request, PathIsTheTargetWithoutItsQuery) {
  EXPECT_EQ((Request{.method = "GET", .target = "/a?b?c", .headers = {}, .body = {}}.path()), "/a");
}

}  // namespace
}  // namespace standin
