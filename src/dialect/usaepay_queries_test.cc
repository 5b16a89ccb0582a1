#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/usaepay_hash.h"
#include "dialect/usaepay_test_support.h"

namespace standin::usaepay_test {
namespace {

using testing::HasSubstr;
using testing::Not;

UpstreamConfig cardgate() {
  UpstreamConfig config;
  config.name = "cardgate";
  config.dialect = "usaepay";
  config.currency = "USD";
  config.credentials = {{"key-1", "1234"}, {"no-pin", ""}};
  config.finder = FinderConfig{};
  config.finder->timezone = "America/Los_Angeles";
  config.reversal = ReversalConfig{};
  return config;
}

std::shared_ptr<const PartyQueries> queries(const UpstreamConfig& config = cardgate()) {
  auto made = make_queries(config);
  ensure(made.has_value(), made ? "" : made.error().what);
  return *made;
}

std::string row(std::string_view created, std::string_view refnum = "124444201", std::string_view type = "S",
                std::string_view status = "P", std::string_view result = "A", std::string_view amount = "25.00") {
  return R"({"type":"transaction","key":"k","refnum":")" + std::string(refnum) + R"(","created":")" +
         std::string(created) + R"(","trantype_code":")" + std::string(type) + R"(","result_code":")" +
         std::string(result) + R"(","status_code":")" + std::string(status) +
         R"(","creditcard":{"number":"4000xxxxxxxx2224"},"amount":")" + std::string(amount) +
         R"(","invoice":"1001","orderid":"order-9"})";
}

Response list(std::string_view rows, std::string_view offset = "0", std::string_view total = "1") {
  return answer(200, R"({"type":"list","limit":100,"offset":)" + std::string(offset) + R"(,"data":[)" +
                         std::string(rows) + R"(],"total":")" + std::string(total) + R"("})");
}

Result<ListPage> read(const Response& response) { return queries()->read_list(response); }

std::string created_at(std::string_view local) {
  const auto page = read(list(row(local)));
  return page ? iso8601(page->charges.at(0).created) : page.error().what;
}

TEST(UsaepayQueries, KnowWhatTheConfigurationGrants) {
  EXPECT_EQ(queries()->finding(), PartyQueries::Finding::by_listing);
  EXPECT_TRUE(queries()->can_reverse());
  UpstreamConfig config = cardgate();
  config.finder.reset();
  config.reversal.reset();
  EXPECT_EQ(queries(config)->finding(), PartyQueries::Finding::none);
  EXPECT_FALSE(queries(config)->can_reverse());
}

TEST(UsaepayQueries, RefuseATimezoneThatDoesNotExist) {
  UpstreamConfig config = cardgate();
  config.finder->timezone = "America/Los_Angelos";
  const auto made = make_queries(config);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().what, HasSubstr("upstream.cardgate: finder: timezone"));
}

TEST(UsaepayListing, IsAskedForWithTheMerchantsOwnKey) {
  const auto account = queries()->account(gate(sale_body));
  ASSERT_TRUE(account.has_value());
  const Request first = queries()->list_request({.account = *account, .cursor = "", .nonce = "0123456789abcdef"});
  EXPECT_EQ(first.method, "GET");
  EXPECT_EQ(first.target, "/api/v2/transactions?limit=100&offset=0");
  EXPECT_EQ(first.headers.find("Authorization"), usaepay_authorization("key-1", "1234", "0123456789abcdef"));
  EXPECT_EQ(first.headers.find("Accept"), "application/json");
  const Request second = queries()->list_request({.account = *account, .cursor = "100", .nonce = "0123456789abcdef"});
  EXPECT_EQ(second.target, "/api/v2/transactions?limit=100&offset=100");
}

TEST(UsaepayListing, IsSharedByOrdersOfOneKeyAlone) {
  EXPECT_EQ(queries()->account(gate(sale_body)), queries()->account(sale_with("UMamount", "7.00")));
  EXPECT_NE(queries()->account(gate("UMkey=no-pin")), queries()->account(gate(sale_body)));
}

TEST(UsaepayListing, NeedsAPinThatIsKnownOrNotThere) {
  EXPECT_TRUE(queries()->account(gate("UMkey=stranger&UMcommand=sale")).has_value());
  EXPECT_FALSE(queries()->account(gate("UMkey=stranger&UMhash=s%2Fa%2Fb%2Fn")).has_value());
  EXPECT_FALSE(queries()->account(gate("UMkey=stranger&UMmd5hash=0123")).has_value());
  EXPECT_FALSE(queries()->account(gate("UMcommand=sale")).has_value());
  EXPECT_FALSE(queries()->account(gate("UMkey=%")).has_value());
  EXPECT_FALSE(queries()->account(gate("UMkey=a%3Ab")).has_value());
}

TEST(UsaepayListing, ShowsAChargeAsItIs) {
  const auto page = read(list(row("2026-11-22 06:30:00")));
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->charges.size(), 1U);
  const Listed& charge = page->charges[0];
  EXPECT_EQ(charge.upstream_reference, "124444201");
  EXPECT_EQ(iso8601(charge.created), "2026-11-22T14:30:00.000Z");
  EXPECT_EQ(text(charge.amount), "25.00 USD");
  EXPECT_EQ(charge.card, "4000xxxxxxxx2224");
  EXPECT_EQ(charge.reference, "order-9");
  EXPECT_EQ(charge.invoice, "1001");
  EXPECT_TRUE(charge.standing);
  EXPECT_EQ(page->next, "");
}

TEST(UsaepayListing, TimesAreOfThePartysZoneInSummerAndWinter) {
  EXPECT_EQ(created_at("2026-07-22 06:30:00"), "2026-07-22T13:30:00.000Z");
  EXPECT_EQ(created_at("2026-01-01 23:59:59"), "2026-01-02T07:59:59.000Z");
}

TEST(UsaepayListing, TheHourThatComesTwiceIsToldByItsNeighbour) {
  // Summer time ends on 2026-11-01 at 02:00, when it becomes 01:00 again.
  EXPECT_THAT(created_at("2026-11-01 01:30:00"), HasSubstr("time cannot be told"));
  const auto page =
      read(list(row("2026-11-01 02:10:00") + "," + row("2026-11-01 01:40:00") + "," + row("2026-11-01 01:05:00") + "," +
                    row("2026-11-01 01:50:00") + "," + row("2026-11-01 00:59:00"),
                "0", "5"));
  ASSERT_TRUE(page.has_value()) << page.error().what;
  EXPECT_EQ(iso8601(page->charges[1].created), "2026-11-01T09:40:00.000Z");
  EXPECT_EQ(iso8601(page->charges[2].created), "2026-11-01T09:05:00.000Z");
  EXPECT_EQ(iso8601(page->charges[3].created), "2026-11-01T08:50:00.000Z");
  EXPECT_EQ(iso8601(page->charges[4].created), "2026-11-01T07:59:00.000Z");
}

TEST(UsaepayListing, TimesThatDoNotExistAreNoTimes) {
  for (const auto* local : {"2026-03-08 02:30:00", "2026-02-30 10:00:00", "2026-11-22T06:30:00", "2026-11-22 24:00:00",
                            "2026-11-22 06:30", "", "yesterday", "2026-11-22 06:30:0x"})
    EXPECT_THAT(created_at(local), HasSubstr("time cannot be told")) << local;
}

TEST(UsaepayListing, TellsWhatStandsFromWhatDoesNot) {
  const auto standing = [](std::string_view type, std::string_view status) {
    const auto page = read(list(row("2026-11-22 06:30:00", "1", type, status)));
    return page.has_value() && page->charges.size() == 1 && page->charges[0].standing;
  };
  for (const auto* type : {"S", "A", "L"}) {
    for (const auto* status : {"N", "P", "B", "S"}) EXPECT_TRUE(standing(type, status)) << type << status;
    for (const auto* status : {"V", "R", "E"}) EXPECT_FALSE(standing(type, status)) << type << status;
  }
  EXPECT_FALSE(standing("V", "P"));
}

TEST(UsaepayListing, LeavesOutWhatIsNoCharge) {
  for (const auto* type : {"C", "Z", "K", "R", "_"}) {
    const auto page = read(list(row("2026-11-22 06:30:00", "1", type)));
    ASSERT_TRUE(page.has_value());
    EXPECT_TRUE(page->charges.empty()) << type;
  }
  for (const auto* result : {"D", "E", "V", ""}) {
    const auto page = read(list(row("2026-11-22 06:30:00", "1", "S", "P", result)));
    ASSERT_TRUE(page.has_value());
    EXPECT_TRUE(page->charges.empty()) << result;
  }
  EXPECT_EQ(read(list(row("2026-11-22 06:30:00", "1", "S", "P", "P")))->charges.size(), 1U);
}

TEST(UsaepayListing, GoesOnUntilItsEnd) {
  EXPECT_EQ(read(list(row("2026-11-22 06:30:00"), "0", "3"))->next, "1");
  EXPECT_EQ(read(list(row("2026-11-22 06:30:00"), "1", "3"))->next, "2");
  EXPECT_EQ(read(list(row("2026-11-22 06:30:00"), "2", "3"))->next, "");
  EXPECT_EQ(read(list("", "0", "0"))->next, "");
}

TEST(UsaepayListing, WhatCannotBeReadIsNotNone) {
  const std::string good = row("2026-11-22 06:30:00");
  for (const Response& response :
       {list("", "0", "3"), list(good, "x"), list(good, "0", ""), list(R"({"refnum":"1"})"), list("null"), list("[]"),
        list(row("2026-11-22 06:30:00", "")), list(row("2026-11-22 06:30:00", "1", "S", "P", "A", "25,00")),
        answer(200, "{}"), answer(200, R"({"data":{}})"), answer(200, "<html>", "text/html"), answer(401, "{}"),
        answer(429, R"({"error":"API rate limit exceeded"})"), answer(500, "")}) {
    EXPECT_FALSE(read(response).has_value()) << response.body;
  }
}

TEST(UsaepayListing, OneThatIsNotNewestFirstIsNotBelieved) {
  const auto two = [](std::string_view first, std::string_view second) {
    return read(list(row(first) + "," + row(second), "0", "2")).has_value();
  };
  EXPECT_TRUE(two("2026-11-22 06:30:00", "2026-11-22 06:29:00"));
  EXPECT_TRUE(two("2026-11-22 06:30:00", "2026-11-22 06:30:01"));
  EXPECT_FALSE(two("2026-11-22 06:30:00", "2026-11-22 06:40:00"));
}

TEST(UsaepayWanted, ComparesByMaskedCardAmountAndReferences) {
  const auto wanted = queries()->wanted(gate(sale_body), {});
  ASSERT_TRUE(wanted.has_value());
  EXPECT_EQ(wanted->card, "400010xxxxxx2224");
  EXPECT_EQ(text(wanted->amount), "25.00 USD");
  EXPECT_EQ(wanted->reference, "order-9");
  EXPECT_EQ(wanted->invoice, "1001");
  EXPECT_FALSE(queries()->wanted(sale_with("UMcard", "pvx5-token"), {}).has_value());
  EXPECT_FALSE(queries()->wanted(sale_with("UMamount", "x"), {}).has_value());
  EXPECT_FALSE(queries()->wanted(gate("UMkey=%"), {}).has_value());
  EXPECT_FALSE(queries()->wanted(gate(std::string(sale_body) + "&UMcurrency=EUR"), {}).has_value());
}

TEST(UsaepayReversal, VoidsThePartysTransactionWithTheKeyThatChargedIt) {
  const OrderNames order{
      .key = {}, .request_id = {}, .reference = "1795316645678001", .upstream_reference = "132020588"};
  const auto request = queries()->reversal_request(order, gate(sale_body), "abcd");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->target, "/gate");
  EXPECT_EQ(media_type(request->headers), "application/x-www-form-urlencoded");
  const auto form = *UsaepayForm::parse(request->body);
  EXPECT_EQ(form.text("UMkey"), "key-1");
  EXPECT_EQ(form.text("UMcommand"), "cc:void");
  EXPECT_EQ(form.text("UMrefNum"), "132020588");
  EXPECT_EQ(form.text("UMhash"), usaepay_hash("cc:void", "1234", "", "", "abcd"));
  EXPECT_THAT(request->body, Not(HasSubstr(card_number)));
}

TEST(UsaepayReversal, CannotBeAskedForWithoutPinOrReference) {
  OrderNames order{.key = {}, .request_id = {}, .reference = {}, .upstream_reference = "132020588"};
  EXPECT_FALSE(queries()->reversal_request(order, gate("UMkey=stranger&UMhash=s%2Fa%2Fb%2Fn"), "abcd").has_value());
  const auto without_pin = queries()->reversal_request(order, gate("UMkey=no-pin"), "abcd");
  ASSERT_TRUE(without_pin.has_value());
  EXPECT_THAT(without_pin->body, Not(HasSubstr("UMhash")));
  order.upstream_reference = "";
  EXPECT_FALSE(queries()->reversal_request(order, gate(sale_body), "abcd").has_value());
}

TEST(UsaepayReversal, IsDoneWhenItIsVoidedNowOrBefore) {
  EXPECT_TRUE(queries()->reversal_done(gate_says(approval)));
  EXPECT_TRUE(queries()->reversal_done(gate_error("00024")));
  for (const auto* code : {"00026", "00035", "00023", "00018", "00027", "10117", ""})
    EXPECT_FALSE(queries()->reversal_done(gate_error(code))) << code;
  EXPECT_FALSE(queries()->reversal_done(gate_says(approval, 500)));
  EXPECT_FALSE(queries()->reversal_done(gate_says("<html>Sign in</html>")));
  Response broken = gate_error("00024");
  broken.status = 500;
  EXPECT_FALSE(queries()->reversal_done(broken));
}

TEST(UsaepayReversal, IsRefusedByAnAnswerThatAskingAgainWouldBringToo) {
  for (const auto* code : {"00026", "00035", "00116"})
    EXPECT_TRUE(queries()->reversal_refused(gate_error(code))) << code;
  // Done, our own configuration's fault, and what may be different next time.
  for (const auto* code : {"00024", "00023", "10117", "00018", "00027", "00093", ""})
    EXPECT_FALSE(queries()->reversal_refused(gate_error(code))) << code;
  EXPECT_FALSE(queries()->reversal_refused(gate_says(approval)));
  EXPECT_FALSE(queries()->reversal_refused(gate_says("<html>Sign in</html>")));
}

}  // namespace
}  // namespace standin::usaepay_test
