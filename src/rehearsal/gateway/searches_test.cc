#include "rehearsal/gateway/searches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "rehearsal/gateway/gateway_test_support.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;
using counter::Counter;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (have += 8; have >= 6; have -= 6) out.push_back(digits[bits >> (have - 6) & 63]);
  }
  if (have > 0) out.push_back(digits[bits << (6 - have) & 63]);
  return out;
}

Response search(Counter& counter, const std::string& query = {}, const std::string& key = "sandbox",
                const std::string& pin = {}) {
  Request request{.method = "GET", .target = "/api/v2/transactions" + query, .headers = {}, .body = {}};
  request.headers.set("Authorization", "Basic " + base64(key + ":s2/seed/" + sha256_hex(key + "seed" + pin)));
  return counter.send(request).response;
}

TEST(RestSearch, ListsNewestFirstWithTotalAsText) {
  Counter counter;
  for (int n = 1; n <= 3; ++n) counter.sale("UMinvoice=" + std::to_string(n));
  const auto answer = search(counter, "?limit=2");
  ASSERT_EQ(answer.status, 200);
  const json::value list = json::parse(answer.body);
  EXPECT_EQ(list.at("total"), "3");
  EXPECT_EQ(list.at("limit"), 2);
  ASSERT_EQ(list.at("data").as_array().size(), 2u);
  const json::value& newest = list.at("data").at(0);
  EXPECT_EQ(newest.at("invoice"), "3");
  EXPECT_EQ(newest.at("amount"), "25.00");
  EXPECT_EQ(newest.at("creditcard").at("number"), "4000xxxxxxxx2224");
  EXPECT_EQ(newest.at("created"), "2026-11-21 22:46:40");
  EXPECT_EQ(newest.at("status_code"), "P");
  EXPECT_EQ(json::parse(search(counter, "?limit=2&offset=2").body).at("data").at(0).at("invoice"), "1");
  EXPECT_TRUE(json::parse(search(counter, "?offset=9").body).at("data").as_array().empty());
}

TEST(RestSearch, AsksForTheHashWithThePin) {
  Counter counter;
  EXPECT_EQ(search(counter, "", "sandbox-pin", "1234").status, 200);
  EXPECT_EQ(search(counter, "", "sandbox-pin", "9999").status, 401);
  EXPECT_EQ(search(counter, "", "nobody").status, 401);
  for (const std::string header : {"", "Basic", "Basic %%%", "Basic YQ==", "Bearer x"}) {
    Request request{.method = "GET", .target = "/api/v2/transactions", .headers = {}, .body = {}};
    request.headers.set("Authorization", header);
    EXPECT_EQ(counter.send(request).response.status, 401) << header;
  }
}

TEST(RestSearch, ShowsAChargeOnlyAfterTheIndexLag) {
  GatewaySettings settings;
  settings.index_lag = 30s;
  Counter counter(settings);
  counter.sale();
  counter.now += 29s;
  EXPECT_EQ(json::parse(search(counter).body).at("total"), "0");
  counter.now += 1s;
  EXPECT_EQ(json::parse(search(counter).body).at("total"), "1");
}

TEST(RestSearch, IsLimitedByTheMinuteAndTheDay) {
  GatewaySettings settings;
  settings.searches_per_minute = 2;
  settings.searches_per_day = 3;
  Counter counter(settings);
  EXPECT_EQ(search(counter).status, 200);
  EXPECT_EQ(search(counter).status, 200);
  const auto refused = search(counter);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(json::parse(refused.body).at("errorcode"), 155);
  counter.now += 1min;
  EXPECT_EQ(search(counter).status, 429);
  counter.now += 24h;
  EXPECT_EQ(search(counter).status, 200);
}

TEST(RestSearch, RefusesLimitsThatAreNone) {
  Counter counter;
  EXPECT_EQ(search(counter, "?limit=x").status, 400);
  EXPECT_EQ(search(counter, "?limit=0").status, 400);
  EXPECT_EQ(search(counter, "?offset=-1").status, 400);
}

std::string soap(const std::string& search, const std::string& pin_hash) {
  return R"(<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>)"
         "<u:searchTransactions><Token><SourceKey>sandbox-pin</SourceKey><PinHash><Type>sha1</Type><Seed>s</Seed>"
         "<HashValue>" +
         pin_hash + "</HashValue></PinHash></Token><Search>" + search +
         "</Search><MatchAll>true</MatchAll><Start>0</Start><Limit>10</Limit></u:searchTransactions></e:Body></"
         "e:Envelope>";
}

std::string item(const std::string& name, const std::string& type, const std::string& value) {
  return "<item><Field>" + name + "</Field><Type>" + type + "</Type><Value>" + value + "</Value></item>";
}

Response post_soap(Counter& counter, const std::string& body) {
  return counter.send({.method = "POST", .target = "/soap/gate", .headers = {}, .body = body}).response;
}

TEST(SoapSearch, FindsByFields) {
  GatewaySettings settings;
  settings.keys = {{.key = "sandbox-pin", .pin = "1234"}};
  Counter counter(settings);
  const std::string text = "sale:1234:25.00:7:seed";
  counter.sale("UMhash=s/seed/" + sha1_hex(text) + "/n", counter::good_card, "sandbox-pin");
  const std::string hash = sha1_hex("sandbox-pins1234");
  const auto matched = [&](const std::string& conditions) {
    const auto answer = post_soap(counter, soap(conditions, hash));
    EXPECT_EQ(answer.status, 200);
    return answer.body.find("<TransactionsMatched>1<") != std::string::npos;
  };
  EXPECT_TRUE(matched(item("Amount", "eq", "25.00") + item("CardNumber", "eq", "2224")));
  EXPECT_TRUE(matched(item("Amount", "gt", "3.00") + item("Created", "gte", "2026-11-21 22:46:40")));
  EXPECT_FALSE(matched(item("Amount", "lt", "25.00")));
  EXPECT_FALSE(matched(item("Invoice", "eq", "8")));
  EXPECT_TRUE(matched(""));
  EXPECT_THAT(post_soap(counter, soap("", "wrong")).body, HasSubstr("faultstring"));
}

TEST(SoapSearch, SurvivesWhatIsNoSearch) {
  Counter counter;
  for (const std::string& body : {std::string(), std::string("<"), std::string("<a/>"), std::string(100'000, '<'),
                                  std::string("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>")}) {
    EXPECT_THAT(post_soap(counter, body).body, HasSubstr("faultstring"));
  }
}

}  // namespace
}  // namespace standin::rehearsal
