#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/event.h"
#include "net/body.h"
#include "net/net_limits.h"
#include "net/test_http2.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using testing::Fields;
using testing::Http2Client;
using testing::patience;
using testing::request_fields;
using testing::ServerThread;

/// Says what arrived.
Task<Reply> describe(Request request, std::shared_ptr<const Client> client) {
  Reply reply{.response = {.status = 200}};
  reply.response.headers.add("X-Client", client->address());
  reply.response.headers.add("Connection", "close");
  std::string& body = reply.response.body;
  body = request.method + " " + request.target + "\n";
  for (const auto [name, value] : request.headers) body.append(name).append(": ").append(value).append("\n");
  body += "\n" + request.body;
  co_return reply;
}

/// A handler for one request at a time, which a test leads through its steps.
struct Steps {
  Event go;
  std::promise<void> begun;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> told;
  std::shared_ptr<const Client> client;
  std::atomic<int> handled = 0;

  void tell(std::string what) {
    const std::lock_guard lock(mutex);
    told.push_back(std::move(what));
    changed.notify_all();
  }

  /// What the server's side said next.
  std::string hear() {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, patience, [this] { return !told.empty(); })) return "nothing in time";
    const std::string first = told.front();
    told.pop_front();
    return first;
  }

  bool silent() {
    const std::lock_guard lock(mutex);
    return told.empty();
  }

  Handler waits() {
    return [this](Request, std::shared_ptr<const Client> who) { return wait(std::move(who)); };
  }

  Task<Reply> wait(std::shared_ptr<const Client> who) {
    tell("handled");
    co_await go.wait();
    tell(who->gone() ? "gone" : "there");
    Reply reply{.response = {.status = 200, .body = "done"}};
    reply.undelivered = [this] { tell("undelivered"); };
    reply.ended = [this](const StreamEnd& end) { tell(fmt::format("ended {} {}", end.sent, end.cut)); };
    co_return reply;
  }
};

TEST(Http2, AnswersWithTheRequestThatWouldHaveComeInHttp1) {
  ServerThread server(describe);
  Http2Client client(server.connect());
  Fields fields = request_fields("POST", "/x?a[gte]=1");
  fields.insert(fields.end(), {{"cookie", "a=1"}, {"x-one", "1"}, {"cookie", "b=2"}, {"te", "trailers"}});
  const auto& answer = client.ask(fields, "the body");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "POST /x?a[gte]=1\nx-one: 1\nHost: a\ncookie: a=1; b=2\n\nthe body");
  EXPECT_EQ(answer.field("content-length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.field("x-client"), "127.0.0.1");
  EXPECT_EQ(answer.field("connection"), "(none)");
}

TEST(Http2, AnswersManyRequestsOfOneConnection) {
  ServerThread server(describe);
  Http2Client client(server.connect());
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 90; ++i) ids.push_back(client.request(request_fields("POST", fmt::format("/{}", i)), "x"));
  for (int i = 0; i < 90; ++i) {
    EXPECT_TRUE(client.wait_for(ids[static_cast<std::size_t>(i)]).body.starts_with(fmt::format("POST /{}\n", i)));
  }
  EXPECT_EQ(client.ask(request_fields("GET", "/after")).status, 200);
}

TEST(Http2, IsNotSpokenWhereTheListenerDoesNotAllowIt) {
  ListenOn where("127.0.0.1:0");
  where.http2 = false;
  ServerThread server(describe, {}, where);
  testing::RawSocket client = server.connect();
  client.send(testing::frames::hello());
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 505 "));
}

TEST(Http2, ARequestOfHttp1ThatBeginsAsThePrefaceDoesIsServed) {
  ServerThread server(describe);
  testing::RawSocket client = server.connect();
  client.send("PR");
  client.send("OPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().contains("PROPFIND /\n"));
}

TEST(Http2, RefusesWhatHttp1Refuses) {
  ServerThread server(describe);
  Http2Client client(server.connect());
  const auto status_with = [&](std::string_view method, std::string_view path, const Fields& more) {
    Fields fields = request_fields(method, path);
    fields.insert(fields.end(), more.begin(), more.end());
    return client.ask(fields).status;
  };
  EXPECT_EQ(status_with("GET", "/", {{"host", "b"}}), 400);
  EXPECT_EQ(status_with("GET", "/", {{"host", "A"}}), 200);
  EXPECT_EQ(status_with("GET", "/", {{"host", "a"}, {"host", "a"}}), 0);
  EXPECT_EQ(status_with("get", "/", {}), 400);
  EXPECT_EQ(status_with("TRACE", "/", {}), 501);
  EXPECT_EQ(status_with("GET", "/#x", {}), 400);
  EXPECT_EQ(status_with("OPTIONS", "*", {}), 200);
  EXPECT_EQ(status_with("GET", "/", {{"content_length", "3"}}), 400);
  EXPECT_EQ(status_with("GET", "/", {{"expect", "miracles"}}), 417);
  EXPECT_EQ(client.ask({{":method", "CONNECT"}, {":authority", "a:443"}}).status, 501);
  EXPECT_EQ(client.ask({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}).status, 0);
  EXPECT_EQ(client.ask({{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}}).status, 400);
  EXPECT_EQ(client.ask({{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}}).status, 400);
}

TEST(Http2, FieldsOfAConnectionAreRefused) {
  ServerThread server(describe);
  for (const auto& [name, value] : Fields{{"connection", "close"},
                                          {"transfer-encoding", "chunked"},
                                          {"upgrade", "websocket"},
                                          {"keep-alive", "timeout=1"},
                                          {"content-length", "1, 1"},
                                          {"x y", "1"},
                                          {"x", "a\x01"}}) {
    Http2Client client(server.connect());
    Fields fields = request_fields("GET", "/");
    fields.emplace_back(name, value);
    EXPECT_NE(client.ask(fields).status, 200) << name;
  }
}

TEST(Http2, AnAnswerToHeadHasNoBodyAndItsLength) {
  ServerThread server([](Request, std::shared_ptr<const Client>) -> Task<Reply> {
    Reply reply{.response = {.status = 200}};
    reply.response.headers.add("Content-Length", "17");
    co_return reply;
  });
  Http2Client client(server.connect());
  const auto& answer = client.ask(request_fields("HEAD", "/"));
  EXPECT_EQ(answer.field("content-length"), "17");
  EXPECT_EQ(answer.error, 0U);
  EXPECT_TRUE(answer.body.empty());
}

TEST(Http2, ABodyThatIsNotWhatItsHeadAnnouncedIsNotHandled) {
  Steps steps;
  ServerThread server(steps.waits());
  Http2Client client(server.connect());
  Fields fields = request_fields("POST", "/");
  fields.emplace_back("content-length", "10");
  const auto& answer = client.ask(fields, "12345");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.error, static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR));
  EXPECT_TRUE(steps.silent());
}

TEST(Http2, ABodyOverTheLimitIsRefusedAndTheConnectionGoesOn) {
  ServerThread server(describe, {.body = 1000});
  Http2Client client(server.connect());
  Fields fields = request_fields("POST", "/");
  EXPECT_EQ(client.ask(fields, std::string(200'000, 'x')).status, 413);
  fields.emplace_back("content-length", "5000");
  EXPECT_EQ(client.ask(fields, std::string(5000, 'x')).status, 413);
  EXPECT_EQ(client.ask(request_fields("GET", "/")).status, 200);
}

TEST(Http2, ABodyThatIsAwaitedMayBeLongerThanAWindow) {
  ServerThread server(describe);
  Http2Client client(server.connect());
  const auto& answer = client.ask(request_fields("POST", "/"), std::string(1'000'000, 'x'));
  EXPECT_TRUE(answer.body.ends_with(std::string(1'000'000, 'x')));
}

TEST(Http2, TheClientIsInvitedToSendItsBody) {
  ServerThread server(describe);
  Http2Client client(server.connect());
  Fields fields = request_fields("POST", "/");
  fields.emplace_back("expect", "100-continue");
  const std::int32_t id = client.request(fields, {}, true);
  ASSERT_TRUE(client.read_until([&] { return !client.answer(id).interim.empty(); }));
  client.send_more(id, "now", true);
  EXPECT_TRUE(client.wait_for(id).body.ends_with("\n\nnow"));
}

TEST(Http2, SaysWhenEachRequestBegan) {
  std::optional<Instant> begun;
  ServerThread server([&](Request request, std::shared_ptr<const Client> client) {
    begun = client->begun();
    return describe(std::move(request), std::move(client));
  });
  Http2Client client(server.connect());
  client.ask(request_fields("GET", "/"));
  const Instant before = steady_now();
  Fields fields = request_fields("POST", "/");
  fields.emplace_back("expect", "100-continue");
  const std::int32_t id = client.request(fields, {}, true);
  ASSERT_TRUE(client.read_until([&] { return !client.answer(id).interim.empty(); }));
  const Instant head_read = steady_now();
  client.send_more(id, "now", true);
  client.wait_for(id);
  EXPECT_GE(begun, before);
  EXPECT_LE(begun, head_read);
}

TEST(Http2, ARequestThatDoesNotArriveInTimeIsAnswered408) {
  ServerThread server(describe, {.receive = 50ms});
  Http2Client client(server.connect());
  const std::int32_t id = client.request(request_fields("POST", "/"), "a", true);
  EXPECT_EQ(client.wait_for(id).status, 408);
  EXPECT_EQ(client.ask(request_fields("GET", "/")).status, 200);
}

TEST(Http2, AnIdleConnectionIsEnded) {
  ServerThread server(describe, {.idle = 50ms});
  Http2Client client(server.connect());
  EXPECT_EQ(client.ask(request_fields("GET", "/")).status, 200);
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.goaways(), std::vector<std::uint32_t>{NGHTTP2_NO_ERROR});
}

TEST(Http2, AStreamThatIsResetIsAClientThatLeftAndTheOthersGoOn) {
  Steps steps;
  ServerThread server(steps.waits());
  Http2Client client(server.connect());
  const std::int32_t leaves = client.request(request_fields("GET", "/1"));
  EXPECT_EQ(steps.hear(), "handled");
  const std::int32_t stays = client.request(request_fields("GET", "/2"));
  EXPECT_EQ(steps.hear(), "handled");
  client.reset(leaves);
  // A frame of a later stream is answered: so the reset before it has been read.
  EXPECT_EQ(client.ask({{":method", "CONNECT"}, {":authority", "a:443"}}).status, 501);
  steps.go.set();
  EXPECT_EQ(client.wait_for(stays).body, "done");
  std::multiset<std::string> said;
  for (int i = 0; i < 5; ++i) said.insert(steps.hear());
  EXPECT_EQ(said, (std::multiset<std::string>{"gone", "there", "undelivered", "ended 0 client", "ended 4 "}));
}

TEST(Http2, AnAnswerThatWasTakenIsNotUndelivered) {
  Steps steps;
  steps.go.set();
  ServerThread server(steps.waits());
  {
    Http2Client client(server.connect());
    EXPECT_EQ(client.ask(request_fields("GET", "/")).body, "done");
  }
  EXPECT_EQ(steps.hear(), "handled");
  EXPECT_EQ(steps.hear(), "there");
  EXPECT_EQ(steps.hear(), "ended 4 ");
  server.drain(patience).wait();
  EXPECT_TRUE(steps.silent());
}

TEST(Http2, WhenTheConnectionIsResetNoAnswerWasDelivered) {
  Steps steps;
  ServerThread server(steps.waits());
  Http2Client client(server.connect());
  client.request(request_fields("GET", "/"));
  EXPECT_EQ(steps.hear(), "handled");
  client.socket().reset();
  steps.go.set();
  const std::string state = steps.hear();
  EXPECT_TRUE(state == "gone" || state == "there") << state;
  EXPECT_EQ(steps.hear(), "undelivered");
}

TEST(Http2, AnAnswerAfterWhichTheConnectionIsResetWasNotDelivered) {
  Steps steps;
  ServerThread server(steps.waits());
  Http2Client client(server.connect());
  client.request(request_fields("GET", "/"));
  EXPECT_EQ(steps.hear(), "handled");
  steps.go.set();
  EXPECT_EQ(steps.hear(), "there");
  EXPECT_EQ(steps.hear(), "ended 4 ");
  client.socket().reset();
  EXPECT_EQ(steps.hear(), "undelivered");
}

TEST(Http2, ADrainLetsWhatIsInFlightEndAndSaysGoodbye) {
  Steps steps;
  ServerThread server(steps.waits());
  Http2Client client(server.connect());
  const std::int32_t id = client.request(request_fields("GET", "/"));
  EXPECT_EQ(steps.hear(), "handled");
  const auto drained = server.drain(patience);
  ASSERT_TRUE(client.read_until([&] { return client.goaways().size() == 2; }));
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);
  steps.go.set();
  EXPECT_EQ(client.wait_for(id).body, "done");
  EXPECT_TRUE(client.read_to_end());
  client.socket().close();
  EXPECT_EQ(drained.wait_for(patience), std::future_status::ready);
}

TEST(Http2, ADrainWaitsAMomentForAFirstRequest) {
  ServerThread server(describe);
  testing::RawSocket kept = server.connect();
  kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  kept.read_until("\r\n\r\n");
  Http2Client early(server.connect());
  ASSERT_TRUE(early.read_until([&] { return early.greeted(); }));
  const auto drained = server.drain(patience);
  kept.read_to_end();
  EXPECT_TRUE(early.ping());
  EXPECT_TRUE(early.goaways().empty());
  EXPECT_EQ(early.ask(request_fields("GET", "/")).status, 200);
  EXPECT_TRUE(early.read_to_end());
  EXPECT_FALSE(early.goaways().empty());
  early.socket().close();
  EXPECT_EQ(drained.wait_for(patience), std::future_status::ready);
}

TEST(Http2, ADrainIsNotHeldUpByWhoDoesNotAnswerIt) {
  ServerThread server(describe);
  testing::RawSocket client = server.connect();
  client.send(testing::frames::hello());
  client.read_until(testing::frames::frame(testing::frames::settings, 1, 0));
  EXPECT_EQ(server.drain(patience).wait_for(patience), std::future_status::ready);
  EXPECT_EQ(testing::frames::goaway_in(client.read_to_end()), 0U);
}

}  // namespace
}  // namespace standin
