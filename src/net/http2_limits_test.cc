#include <gtest/gtest.h>

#include "base/event.h"
#include "net/net_limits.h"
#include "net/test_http2.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using namespace testing::frames;
using testing::Http2Client;
using testing::patience;
using testing::RawSocket;
using testing::request_fields;
using testing::ServerThread;

constexpr auto calm = static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM);

/// Handles a request until it is told to answer.
struct Holding {
  Event go;
  std::atomic<int> handled = 0;

  Handler handler() {
    return [this](Request, std::shared_ptr<const Client>) { return hold(); };
  }
  Task<Reply> hold() {
    ++handled;
    handled.notify_all();
    co_await go.wait();
    co_return Reply{.response = {.status = 200, .body = "ok"}};
  }
};

/// What the server says to `bytes`, to the end.
std::string said_to(ServerThread& server, std::string_view bytes) {
  RawSocket client = server.connect();
  client.send(hello());
  client.send(bytes);
  return client.read_to_end();
}

void expect_calm_after(const std::string& bytes) {
  Holding holding;
  holding.go.set();
  ServerThread server(holding.handler());
  Http2Client other(server.connect());
  EXPECT_EQ(goaway_in(said_to(server, bytes)), calm);
  EXPECT_EQ(other.ask(request_fields("GET", "/")).body, "ok") << "others are served";
}

std::string many(std::size_t count, const std::string& bytes) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += bytes;
  return all;
}

TEST(Http2Limits, WhoCancelsRequestAfterRequestIsSentAway) {
  std::string bytes;
  for (std::uint32_t id = 1; id < 2000; id += 2) {
    bytes += frame(headers, end_headers | end_stream, id, get_block) + frame(rst_stream, 0, id, number(8, 4));
  }
  Holding holding;
  ServerThread server(holding.handler());
  EXPECT_EQ(goaway_in(said_to(server, bytes)), calm);
  EXPECT_LE(holding.handled, 100);
  holding.go.set();
}

TEST(Http2Limits, ManyAtOnceAreAllHandledAndNoneThatWasGivenUp) {
  const int wanted = 2 * static_cast<int>(limits::begun_a_turn) + 1;
  std::string bytes = hello();
  std::uint32_t id = 1;
  for (int i = 0; i < 3 * wanted; ++i, id += 2) {
    bytes += frame(headers, end_headers | end_stream, id, get_block);
    if (i % 3 != 0) bytes += frame(rst_stream, 0, id, number(8, 4));
  }
  Holding holding;
  ServerThread server(holding.handler());
  RawSocket client = server.connect();
  client.send(bytes);
  for (int seen = 0; seen < wanted; seen = holding.handled) holding.handled.wait(seen);
  holding.go.set();
  EXPECT_EQ(Http2Client(server.connect()).ask(request_fields("GET", "/")).status, 200);
  EXPECT_EQ(holding.handled, wanted + 1);
}

TEST(Http2Limits, RequestsThatWereCancelledAndAreStillHandledTakeAPlace) {
  Holding holding;
  ServerThread server(holding.handler());
  Http2Client client(server.connect());
  for (int i = 0; i < 100; ++i) {
    const std::int32_t id = client.request(request_fields("GET", "/"));
    holding.handled.wait(i);
    client.reset(id);
  }
  EXPECT_EQ(client.ask(request_fields("GET", "/")).error, static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM));
  EXPECT_EQ(holding.handled, 100);
  holding.go.set();
  // Places are free again when the handlers have ended, soon.
  while (client.ask(request_fields("GET", "/")).status != 200 && client.goaways().empty()) {
  }
  EXPECT_TRUE(client.goaways().empty());
}

TEST(Http2Limits, AHeadOverItsLimitIsRefusedAndTheConnectionGoesOn) {
  Holding holding;
  holding.go.set();
  ServerThread server(holding.handler(), {.head = 8192});
  Http2Client client(server.connect());
  testing::Fields fields = request_fields("GET", "/");
  fields.emplace_back("x-long", std::string(9000, 'x'));
  EXPECT_EQ(client.ask(fields).status, 431);
  fields = request_fields("GET", "/");
  for (int i = 0; i < 200; ++i) fields.emplace_back("x", "y");
  EXPECT_EQ(client.ask(fields).status, 431);
  EXPECT_EQ(client.ask(request_fields("GET", "/")).status, 200);
  EXPECT_EQ(holding.handled, 1);
}

TEST(Http2Limits, AFewBytesThatStandForMegabytesEndTheConnection) {
  // One field of 3000 bytes enters HPACK's table; each byte after it stands for the whole field.
  const std::string field = "\x40\x01x\x7f" + std::string("\xb9\x16") + std::string(3000, 'y');
  const std::string block = std::string(get_block) + field + std::string(8000, '\xbe');
  expect_calm_after(frame(headers, end_headers | end_stream, 1, block));
}

TEST(Http2Limits, AHeadThatNeverEndsIsNotRead) {
  std::string bytes = frame(headers, end_stream, 1, get_block);
  for (int i = 0; i < 5000; ++i) bytes += frame(continuation, 0, 1, "\x82");
  Holding holding;
  ServerThread server(holding.handler());
  const auto code = goaway_in(said_to(server, bytes));
  EXPECT_TRUE(code.has_value() && *code != 0) << code.value_or(0);
  EXPECT_EQ(holding.handled, 0);
}

TEST(Http2Limits, FramesThatBringNothingEndTheConnection) {
  const std::size_t count = limits::http2_idle_frames + 1;
  expect_calm_after(many(count, frame(ping, 0, 0, "12345678")));
  expect_calm_after(many(count, frame(settings, 0, 0)));
  expect_calm_after(many(count, frame(priority, 0, 1, std::string("\0\0\0\0\x10", 5))));
  expect_calm_after(many(count, frame(window_update, 0, 0, number(1, 4))));
  expect_calm_after(frame(headers, end_headers, 1, post_block) + many(count, frame(data, 0, 1)));
}

TEST(Http2Limits, WhoDoesNotReadItsPongsIsNotReadEither) {
  Holding holding;
  ServerThread server(holding.handler());
  RawSocket client = server.connect();
  client.send(hello());
  // Each ping brings a byte of a body with it, so that counting frames alone would go on for ever.
  client.send(frame(headers, end_headers, 1, post_block));
  const std::string some = many(500, frame(data, 0, 1, "x") + frame(ping, 0, 0, "12345678"));
  pollfd writable{.fd = client.native_handle(), .events = POLLOUT, .revents = 0};
  std::size_t sent = 0;
  constexpr std::size_t most = 512 * 1024 * 1024;
  while (sent < most && ::poll(&writable, 1, 300) > 0) {
    const ssize_t count = ::send(client.native_handle(), some.data(), some.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (count <= 0 && errno != EAGAIN) break;
  }
  EXPECT_LT(sent, most);
  holding.go.set();
}

TEST(Http2Limits, AClientThatDoesNotOpenItsWindowIsWaitedForAloneAndNotForLong) {
  Holding holding;
  holding.go.set();
  ServerThread server([](Request request, std::shared_ptr<const Client>) -> Task<Reply> {
    Reply reply{.response = {.status = 200}};
    reply.response.body.assign(request.target == "/large" ? 1'000'000 : 5, 'x');
    co_return reply;
  });
  Http2Client client(server.connect(), 1000);
  const std::int32_t large = client.request(request_fields("GET", "/large"));
  ASSERT_TRUE(client.read_until([&] { return client.answer(large).body.size() == 1000; }));
  EXPECT_EQ(client.ask(request_fields("GET", "/small")).body, "xxxxx");
  client.open_window(large, 600);
  EXPECT_TRUE(client.read_until([&] { return client.answer(large).body.size() >= 1600; }));
}

TEST(Http2Limits, ALateEndOfAHeadEndsTheConnection) {
  Holding holding;
  ServerThread server(holding.handler(), {.receive = 50ms});
  RawSocket client = server.connect();
  client.send(hello() + frame(headers, end_stream, 1, get_block));
  EXPECT_TRUE(goaway_in(client.read_to_end()).has_value());
}

TEST(Http2Limits, AfterItsLastRequestAConnectionIsEndedGently) {
  Holding holding;
  holding.go.set();
  ServerThread server(holding.handler(), {.requests = 3});
  Http2Client client(server.connect());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(request_fields("GET", "/")).body, "ok");
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.goaways().back(), 0U);
}

}  // namespace
}  // namespace standin
