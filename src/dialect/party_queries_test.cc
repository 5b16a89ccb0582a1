#include "dialect/party_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/dialect_test_support.h"

namespace standin {
namespace {

using dialect_test::answer;
using testing::HasSubstr;

UpstreamConfig shop() {
  UpstreamConfig config;
  config.name = "shop";
  config.finder = FinderConfig{.request = "GET /orders?key={{order_key}}&ref={{reference}}&id={{ request_id }}",
                               .list = "/orders",
                               .reference = "/id",
                               .state = "/state",
                               .not_standing = {"cancelled", "void"}};
  config.reversal = ReversalConfig{.request = "POST /orders/{{upstream_reference}}/cancel"};
  return config;
}

Found read(std::string_view body, const UpstreamConfig& config = shop()) {
  return (*make_queries(config))->read_finder_answer(answer(200, body));
}

std::string error_of(const UpstreamConfig& config) {
  const auto made = make_queries(config);
  return made ? "" : made.error().what;
}

TEST(PartyQueries, AskForAnOrderByItsNames) {
  const Request request =
      (*make_queries(shop()))
          ->finder_request({.key = {}, .request_id = "a b", .reference = "x/y?&\r\n", .upstream_reference = {}});
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/orders?key=" + std::string(64, '0') + "&ref=x%2Fy%3F%26%0D%0A&id=a%20b");
  EXPECT_EQ(request.body, "");
}

TEST(PartyQueries, ReverseByThePartysOwnName) {
  const OrderNames order{.key = {}, .request_id = "r", .reference = "s", .upstream_reference = "../o-1?x"};
  const Request request = *(*make_queries(shop()))->reversal_request(order, {}, "");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/orders/..%2Fo-1%3Fx/cancel");
}

TEST(PartyQueries, HaveNoListingByTemplate) {
  const auto queries = *make_queries(shop());
  EXPECT_EQ(queries->account(Request{}), std::nullopt);
  EXPECT_FALSE(queries->wanted(Request{}, {}).has_value());
}

TEST(PartyQueries, KnowWhatThePartyCanDo) {
  UpstreamConfig config = shop();
  config.finder.reset();
  EXPECT_EQ((*make_queries(shop()))->finding(), PartyQueries::Finding::by_request);
  EXPECT_EQ((*make_queries(config))->finding(), PartyQueries::Finding::none);
  EXPECT_TRUE((*make_queries(config))->can_reverse());
}

TEST(PartyQueries, RefuseRequestsThatCannotBeSent) {
  const auto with_request = [](std::string_view request) {
    UpstreamConfig config = shop();
    config.finder->request = request;
    return error_of(config);
  };
  EXPECT_THAT(with_request("GET /orders?key={{oder_key}}"), HasSubstr("did you mean {{order_key}}?"));
  EXPECT_THAT(with_request("GET /orders/{{upstream_reference}}"),
              HasSubstr("there is no placeholder {{upstream_reference}}"));
  for (const auto* request :
       {"/orders", "GET", "GET orders", "get /orders", "GET /a b", "GET  /a", "GET /a\r\nX: y", "GET /{{order_key"}) {
    EXPECT_THAT(with_request(request), HasSubstr("upstream.shop: finder")) << request;
  }
  UpstreamConfig config = shop();
  config.reversal->request = "POST /x/{{id}}";
  EXPECT_THAT(error_of(config), HasSubstr("upstream.shop: reversal"));
  config = shop();
  config.finder->list = "orders";
  EXPECT_THAT(error_of(config), HasSubstr("JSON Pointer"));
  config = shop();
  config.finder->state = "";
  EXPECT_THAT(error_of(config), HasSubstr("not_standing"));
}

TEST(Finder, FindsTheOneOrder) {
  const Found found = read(R"({"orders":[{"id":"o-1","state":"placed"}]})");
  EXPECT_EQ(found.kind, Found::Kind::one);
  EXPECT_EQ(found.upstream_reference, "o-1");
  EXPECT_TRUE(found.standing);
  EXPECT_EQ(read(R"({"orders":{"id":7,"state":"placed"}})").upstream_reference, "7");
}

TEST(Finder, OnlyAnEmptyListIsNone) { EXPECT_EQ(read(R"({"orders":[]})").kind, Found::Kind::none); }

TEST(Finder, WhatCannotBeReadIsNotNone) {
  for (const std::string_view body :
       {R"({})", R"({"orders":null})", R"({"orders":{}})", R"({"orders":""})", R"({"orders":0})",
        R"({"orders":[null]})", R"({"orders":[[]]})", R"({"orders":[{"id":null,"state":"placed"}]})",
        R"({"orders":[{"id":"","state":"placed"}]})", R"({"orders":[{"state":"placed"}]})",
        R"({"orders":[{"id":"o-1"}]})", R"({"orders":[{"id":"o-1","state":null}]})", R"({"orders":[],"orders":[]})", "",
        "[]", "<html>", R"({"orders":[{"id":"o-1","state":"placed"},{}]})"}) {
    EXPECT_EQ(read(body).kind, Found::Kind::unreadable) << body;
  }
  const auto queries = *make_queries(shop());
  for (const int status : {201, 204, 302, 401, 404, 429, 500}) {
    EXPECT_EQ(queries->read_finder_answer(answer(status, R"({"orders":[]})")).kind, Found::Kind::unreadable) << status;
  }
  EXPECT_EQ(queries->read_finder_answer(answer(200, R"({"orders":[]})", "text/html")).kind, Found::Kind::unreadable);
}

TEST(Finder, TellsStandingOrdersFromCancelledOnes) {
  const Found cancelled = read(R"({"orders":[{"id":"o-1","state":"cancelled"},{"id":"o-2","state":"void"}]})");
  EXPECT_EQ(cancelled.kind, Found::Kind::one);
  EXPECT_EQ(cancelled.upstream_reference, "o-1");
  EXPECT_FALSE(cancelled.standing);
  const Found second = read(R"({"orders":[{"id":"o-1","state":"cancelled"},{"id":"o-2","state":"placed"}]})");
  EXPECT_EQ(second.kind, Found::Kind::one);
  EXPECT_EQ(second.upstream_reference, "o-2");
  EXPECT_TRUE(second.standing);
}

TEST(Finder, SeveralStandingOrdersAreNobodysGuess) {
  EXPECT_EQ(
      read(R"({"orders":[{"id":"o-1","state":"placed"},{"id":"o-2","state":"placed"},{"id":"o-3","state":"void"}]})")
          .kind,
      Found::Kind::several);
}

TEST(Finder, TheWholeAnswerMayBeTheList) {
  UpstreamConfig config = shop();
  config.finder->list = "";
  config.finder->state = "";
  config.finder->not_standing.clear();
  EXPECT_EQ(read("[]", config).kind, Found::Kind::none);
  EXPECT_EQ(read(R"([{"id":5}])", config).upstream_reference, "5");
  EXPECT_TRUE(read(R"({"id":5})", config).standing);
}

TEST(Reversal, IsDoneByItsStatusesAlone) {
  UpstreamConfig config = shop();
  config.reversal->done = {200, 410};
  const auto queries = *make_queries(config);
  EXPECT_TRUE(queries->reversal_done(answer(200, "{}")));
  EXPECT_TRUE(queries->reversal_done(answer(410, "", "")));
  EXPECT_FALSE(queries->reversal_done(answer(204, "", "")));
  EXPECT_FALSE(queries->reversal_done(answer(404, "{}")));
  EXPECT_FALSE(queries->reversal_done(answer(200, "<html>Sign in</html>", "text/html; charset=utf-8")));
}

}  // namespace
}  // namespace standin
