// A plain route with a cache, a fallback folder and an outage page, in front of a site that comes and goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "cache/cache_limits.h"
#include "net/body.h"
#include "route/plain_route.h"
#include "sim/scripted_transport.h"
#include "sim/world.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Visitor final : Client {
  bool gone() const override { return false; }
  std::string address() const override { return "127.0.0.1"; }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

Behaviour page(const std::string& body, const Fields& fields = {}, Duration after = {}) {
  Response response{.status = 200, .body = body};
  for (const auto& [name, value] : fields) response.headers.add(name, value);
  return {.answers_after = after, .answer = std::move(response)};
}
Behaviour not_modified(Duration after = {}, const Fields& fields = {{"ETag", "\"1\""}}) {
  Behaviour behaviour = page("", fields, after);
  behaviour.answer->status = 304;
  return behaviour;
}

/// A body that comes in two pieces, and may break off between them.
struct TwoPieces final : BodySource {
  TwoPieces(std::string first_piece, std::string second_piece)
      : first(std::move(first_piece)), second(std::move(second_piece)) {}
  std::string first, second;
  int given = 0;
  std::optional<FramingRefusal> why;
  Task<Piece> next() override {
    ++given;
    if (given == 2 && second.empty()) why = FramingRefusal{502, "cut"};
    if (why) co_return std::unexpected(*why);
    if (given == 1) co_return first;
    if (given == 2) co_return second;
    co_return std::string_view();
  }
  const std::optional<FramingRefusal>& failure() const override { return why; }
};
Behaviour streams(const std::string& first, const std::string& second) {
  Behaviour behaviour = page("", {{"ETag", "\"1\""}});
  behaviour.answer->rest = std::make_shared<TwoPieces>(first, second);
  return behaviour;
}

struct Got {
  int status = 0;
  Headers headers;
  std::string body;
  bool broken = false;

  std::string field(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
};

Task<> visit(std::shared_ptr<PlainRoute> route, Request request, std::shared_ptr<OneShot<Got>> got) {
  Reply reply = co_await route->handle(std::move(request), std::make_shared<Visitor>(), "request-id");
  Got all{.status = reply.response.status, .headers = reply.response.headers, .body = reply.response.body};
  while (reply.response.rest) {
    const auto piece = co_await reply.response.rest->next();
    all.broken = !piece;
    if (!piece || piece->empty()) break;
    all.body += *piece;
  }
  if (reply.ended) reply.ended({.sent = all.body.size()});
  got->set(std::move(all));
}

struct CachedRoute : testing::Test {
  World world;
  TestFolder folder;
  ScriptedTransport transport{world.clock()};
  std::function<Behaviour(const Request&)> site = [](const Request&) { return page("one", {{"ETag", "\"1\""}}); };
  UpstreamConfig upstream{.name = "shop", .targets = {"http://shop:1"}};
  RouteConfig config{.name = "pages", .path = "*", .upstream = "shop"};
  TargetStates states;
  Metrics metrics;
  std::shared_ptr<Cache> cache = std::make_shared<Cache>(1 << 20);
  std::shared_ptr<Party> party;
  std::shared_ptr<PlainRoute> route;

  CachedRoute() {
    config.cache = CacheConfig{.fresh = 60s, .stale_while_revalidate = 0s, .stale_if_error = 600s};
    transport.behave = [this](const Endpoint&, const Request& request) { return site(request); };
    build();
  }
  ~CachedRoute() override { world.run_for(600s); }

  void build(const std::string& outage_page = "") {
    party = std::make_shared<Party>(upstream, world.clock(), world.random(), transport, states, world.executor());
    route = std::make_shared<PlainRoute>(PlainRoute::Setup{config, outage_page, party, config.cache ? cache : nullptr},
                                         metrics, world.clock(), world.executor());
  }
  std::shared_ptr<OneShot<Got>> get_later(const Fields& fields = {}, const std::string& method = "GET") {
    Request request{.method = method, .target = "/page"};
    request.headers.add("Host", "shop");
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    auto got = std::make_shared<OneShot<Got>>();
    spawn(world.executor(), visit(route, std::move(request), got));
    return got;
  }
  Got get(const Fields& fields = {}, const std::string& method = "GET") {
    const auto got = get_later(fields, method);
    const Instant end = world.now() + 60s;
    while (!got->peek() && world.now() < end) world.run_for(10ms);
    ensure(got->peek().has_value(), "a request is answered within a minute");
    return *got->peek();
  }
  std::size_t asked() const { return transport.arrived.size(); }
  const Headers& last_asked() const { return transport.arrived.back().request.headers; }
  void goes_down() {
    site = [](const Request&) { return refuses(); };
  }
};

TEST_F(CachedRoute, AFreshAnswerIsGivenWithoutAsking) {
  EXPECT_THAT(get().field("Cache-Status"), HasSubstr("fwd=miss; stored"));
  world.run_for(30s);
  const Got hit = get();
  EXPECT_EQ(hit.body, "one");
  EXPECT_EQ(hit.field("Age"), "30");
  EXPECT_EQ(hit.field("Cache-Status"), "standin; hit; ttl=29");
  EXPECT_EQ(hit.field("Content-Length"), "3");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(CachedRoute, AStaleOneIsValidatedAndTheAnswerFreshensIt) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return not_modified(); };
  const Got revalidated = get();
  EXPECT_EQ(last_asked().find("If-None-Match"), "\"1\"");
  EXPECT_EQ(revalidated.status, 200);
  EXPECT_EQ(revalidated.body, "one");
  EXPECT_THAT(revalidated.field("Cache-Status"), HasSubstr("fwd=stale; fwd-status=304"));
  world.run_for(30s);
  EXPECT_THAT(get().field("Cache-Status"), HasSubstr("standin; hit"));
  EXPECT_EQ(asked(), 2u);
}

TEST_F(CachedRoute, AChangedOneTakesItsPlace) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return page("two", {{"ETag", "\"2\""}}); };
  EXPECT_EQ(get().body, "two");
  EXPECT_EQ(get().body, "two");
  EXPECT_EQ(asked(), 2u);
}

TEST_F(CachedRoute, A304OfAnotherVersionGivesNothingOld) {
  get();
  world.run_for(700s);
  site = [](const Request&) { return not_modified({}, {{"ETag", "\"9\""}}); };
  EXPECT_EQ(get().status, 502);
}

TEST_F(CachedRoute, What304ForbidsToKeepIsGivenOnce) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return not_modified({}, {{"Cache-Control", "no-store"}}); };
  EXPECT_EQ(get().body, "one");
  EXPECT_EQ(cache->answers(), 0u);
}

TEST_F(CachedRoute, WhileTheSiteIsDownThePageStaysUp) {
  get();
  world.run_for(61s);
  for (const Behaviour& failure : {refuses(), answers(500), answers(502), answers(503), answers(504), breaks_off()}) {
    site = [failure](const Request&) { return failure; };
    const Got stale = get();
    EXPECT_EQ(stale.status, 200);
    EXPECT_EQ(stale.body, "one");
    EXPECT_THAT(stale.field("Cache-Status"), HasSubstr("stale-if-error"));
    world.run_for(10s);
  }
  world.run_for(600s);
  EXPECT_EQ(get().status, 502) << "not for ever";
}

TEST_F(CachedRoute, AnErrorThatIsTheSitesOwnWordIsPassedOn) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return answers(501); };
  EXPECT_EQ(get().status, 501);
  site = [](const Request&) { return answers(404); };
  EXPECT_EQ(get().status, 404);
  EXPECT_EQ(get().status, 404);
  EXPECT_EQ(asked(), 3u) << "kept in its turn";
}

TEST_F(CachedRoute, AReloadGetsThePageAndNotTheOutage) {
  get();
  goes_down();
  const Got stale = get({{"Cache-Control", "no-cache"}});
  EXPECT_EQ(stale.status, 200);
  EXPECT_THAT(stale.field("Cache-Status"), HasSubstr("stale-if-error"));
}

TEST_F(CachedRoute, AfterAFailureTheSiteIsNotAskedAgainAtOnce) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return answers(503, "", 1s); };
  get();
  EXPECT_EQ(asked(), 2u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get().body, "one");
  EXPECT_EQ(asked(), 2u);
  world.run_for(limits::cache_asks_again);
  get();
  EXPECT_EQ(asked(), 3u);
}

TEST_F(CachedRoute, WhoMustBeAskedIsNotAnsweredFor) {
  site = [](const Request&) {
    return page("one", {{"Cache-Control", "max-age=5, must-revalidate"}, {"ETag", "\"1\""}});
  };
  get();
  world.run_for(6s);
  goes_down();
  EXPECT_EQ(get().status, 502);
}

TEST_F(CachedRoute, WhileItIsRefreshedTheStaleOneIsGivenAtOnce) {
  config.cache->stale_while_revalidate = 30s;
  build();
  get();
  world.run_for(61s);
  site = [](const Request&) { return page("two", {{"ETag", "\"2\""}}, 5s); };
  const Instant before = world.now();
  const Got stale = get({{"Cookie", "session=1"}});
  EXPECT_EQ(stale.body, "one");
  EXPECT_THAT(stale.field("Cache-Status"), HasSubstr("hit; ttl=-"));
  EXPECT_EQ(get().body, "one");
  EXPECT_LT(world.now() - before, 1s);
  world.run_for(6s);
  EXPECT_EQ(get().body, "two");
  EXPECT_EQ(asked(), 2u) << "one refresh for all";
  EXPECT_FALSE(last_asked().has("Cookie"));
}

TEST_F(CachedRoute, ARefreshOfALargePageIsReadToItsEnd) {
  config.cache->stale_while_revalidate = 30s;
  build();
  get();
  world.run_for(61s);
  site = [](const Request&) { return streams(std::string(70'000, 'a'), "end"); };
  get();
  world.run_for(1s);
  EXPECT_EQ(get().body.size(), 70'003u);
  EXPECT_EQ(asked(), 2u);
}

TEST_F(CachedRoute, OfManyWhoWouldValidateOneDoes) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return not_modified(2s); };
  std::vector<std::shared_ptr<OneShot<Got>>> all;
  for (int i = 0; i < 20; ++i) all.push_back(get_later());
  world.run_for(3s);
  for (const auto& one : all) EXPECT_EQ(one->peek()->body, "one");
  EXPECT_EQ(asked(), 2u);
}

TEST_F(CachedRoute, WhoWaitsForAnothersValidationDoesNotWaitForItsFailureTwice) {
  get();
  world.run_for(61s);
  site = [](const Request&) { return hangs(); };
  std::vector<std::shared_ptr<OneShot<Got>>> all;
  for (int i = 0; i < 20; ++i) all.push_back(get_later());
  world.run_for(16s);
  for (const auto& one : all) {
    ASSERT_TRUE(one->peek());
    EXPECT_EQ(one->peek()->body, "one");
  }
  EXPECT_EQ(asked(), 2u);
}

TEST_F(CachedRoute, AHeadIsAnsweredFromAGet) {
  get();
  const Got head = get({}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.field("Content-Length"), "3");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(CachedRoute, AHeadAloneIsPassedOnAndNotKept) {
  get({}, "HEAD");
  EXPECT_EQ(transport.arrived.back().request.method, "HEAD");
  EXPECT_EQ(cache->answers(), 0u);
}

TEST_F(CachedRoute, AClientThatHasItGetsA304) {
  site = [](const Request& request) {
    EXPECT_FALSE(request.headers.has("If-None-Match")) << "what is not kept is asked for whole";
    return page("one", {{"ETag", "\"1\""}, {"Content-Type", "text/html"}});
  };
  for (int i = 0; i < 2; ++i) {
    const Got got = get({{"If-None-Match", "\"1\""}});
    EXPECT_EQ(got.status, 304);
    EXPECT_EQ(got.body, "");
    EXPECT_EQ(got.field("ETag"), "\"1\"");
    EXPECT_FALSE(got.headers.has("Content-Length") || got.headers.has("Content-Type"));
  }
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(get({{"If-None-Match", "\"0\""}}).status, 200);
}

TEST_F(CachedRoute, ALargeAnswerIsCopiedWhileItPasses) {
  site = [](const Request&) { return streams(std::string(70'000, 'a'), "end"); };
  EXPECT_EQ(get().body.size(), 70'003u);
  const Got hit = get();
  EXPECT_EQ(hit.body.size(), 70'003u);
  EXPECT_EQ(hit.field("Content-Length"), "70003");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(CachedRoute, WhatBrokeOffIsNotKept) {
  site = [](const Request&) { return streams("begun", ""); };
  EXPECT_TRUE(get().broken);
  EXPECT_EQ(cache->answers(), 0u);
}

TEST_F(CachedRoute, WhatIsTooLargePassesAndIsNotKept) {
  site = [](const Request&) { return streams(std::string(100'000, 'a'), std::string(100'000, 'b')); };
  EXPECT_EQ(get().body.size(), 200'000u);
  EXPECT_EQ(cache->answers(), 0u);
}

TEST_F(CachedRoute, AnAnswerForOneVisitorIsGivenToNoOther) {
  site = [](const Request&) { return page("yours", {{"Set-Cookie", "session=1"}}); };
  get();
  site = [](const Request&) { return page("yours", {{"Cache-Control", "private, max-age=60"}}); };
  get();
  site = [](const Request&) { return page("yours", {{"ETag", "\"1\""}}); };
  get({{"Cookie", "session=1"}});
  get({{"Authorization", "Basic x"}});
  EXPECT_EQ(cache->answers(), 0u);
}

TEST_F(CachedRoute, WhoSignsInIsAskedForUnlessTheAnswerIsForAll) {
  get();
  get({{"Authorization", "Basic x"}});
  EXPECT_EQ(asked(), 2u);
  EXPECT_TRUE(last_asked().has("Authorization"));
  world.run_for(61s);
  site = [](const Request&) { return page("one", {{"Cache-Control", "public, max-age=60"}}); };
  get();
  get({{"Authorization", "Basic x"}});
  EXPECT_EQ(asked(), 3u);
}

TEST_F(CachedRoute, VariantsAreKeptApart) {
  site = [](const Request& request) {
    return page(std::string(request.headers.find("Accept-Language").value_or("none")), {{"Vary", "Accept-Language"}});
  };
  for (int i = 0; i < 2; ++i) {
    for (const char* language : {"de", "fr"}) EXPECT_EQ(get({{"Accept-Language", language}}).body, language);
    EXPECT_EQ(get().body, "none");
  }
  EXPECT_EQ(asked(), 3u);
}

TEST_F(CachedRoute, WhatIsOnlyToBeGivenIfKeptIsNotAskedFor) {
  EXPECT_EQ(get({{"Cache-Control", "only-if-cached"}}).status, 504);
  EXPECT_EQ(asked(), 0u);
  get();
  EXPECT_EQ(get({{"Cache-Control", "only-if-cached"}}).status, 200);
}

TEST_F(CachedRoute, RangesPassBy) {
  get();
  const Got got = get({{"Range", "bytes=0-1"}});
  EXPECT_EQ(got.field("Cache-Status"), "standin; fwd=bypass; detail=range");
  EXPECT_EQ(last_asked().find("Range"), "bytes=0-1");
}

TEST_F(CachedRoute, WithNothingKeptAFileAnswersThenTheOutagePage) {
  std::ofstream(folder.file("page")) << "file";
  config.fallback_files = folder.file("");
  build("closed");
  goes_down();
  const Got file = get();
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, "file");
  EXPECT_EQ(file.field("Cache-Status"), "standin; fwd=miss; detail=fallback-file");
  EXPECT_EQ(file.field("Cache-Control"), "no-cache");
  EXPECT_EQ(cache->answers(), 0u);
  std::filesystem::remove(folder.file("page"));
  const Got closed = get();
  EXPECT_EQ(closed.status, 503);
  EXPECT_EQ(closed.body, "closed");
}

TEST_F(CachedRoute, WithoutACacheFilesAnswerToo) {
  std::ofstream(folder.file("page")) << "file";
  config.fallback_files = folder.file("");
  config.cache.reset();
  build();
  EXPECT_EQ(get().body, "one");
  site = [](const Request&) { return answers(500); };
  EXPECT_EQ(get().field("Cache-Status"), "standin; fwd=bypass; fwd-status=500; detail=fallback-file");
  EXPECT_EQ(get({}, "POST").status, 500);
}

}  // namespace
}  // namespace standin
