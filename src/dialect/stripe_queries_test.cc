#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/stripe_test_support.h"

namespace standin::stripe_test {
namespace {

using testing::HasSubstr;

UpstreamConfig gateway() {
  UpstreamConfig config;
  config.name = "backupgate";
  config.dialect = "stripe";
  config.finder = FinderConfig{};
  config.reversal = ReversalConfig{};
  return config;
}

std::shared_ptr<const PartyQueries> queries(const UpstreamConfig& config = gateway()) {
  return *make_stripe_queries(config);
}

OrderNames names(std::string_view upstream_reference) {
  return {
      .key = {}, .request_id = "r-1", .reference = "standin", .upstream_reference = std::string(upstream_reference)};
}

/// A listing of one charge, with `more` members.
Response listing(std::string_view more, bool has_more = false) {
  return answer(200, R"({"object":"list","has_more":)" + std::string(has_more ? "true" : "false") +
                         R"(,"data":[{"id":"ch_1","object":"charge","amount":1234,"currency":"usd",)"
                         R"("created":1700000000)" +
                         std::string(more) + "}]}");
}

Listed first(std::string_view more) {
  const auto page = queries()->read_list(listing(more));
  ensure(page.has_value() && page->charges.size() == 1, "one charge is listed");
  return page->charges.front();
}

TEST(StripeFinder, ListsTheChargesOfTheKeyThatAsked) {
  Request original = post("/v1/charges", "amount=5");
  original.headers.add("Stripe-Account", "acct_1");
  const auto account = queries()->account(original);
  ASSERT_TRUE(account);
  const Request request = queries()->list_request({.account = *account,
                                                   .from = wall_time(1'700'000'000'999),
                                                   .to = wall_time(1'700'000'060'001),
                                                   .cursor = "",
                                                   .nonce = ""});
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/v1/charges?created[gte]=1700000000&created[lte]=1700000061&limit=100");
  EXPECT_EQ(request.headers.find("Authorization"), "Bearer sk_test_abc");
  EXPECT_EQ(request.headers.find("Stripe-Account"), "acct_1");
}

TEST(StripeFinder, CannotLookWithoutAKey) {
  Request anonymous = post("/v1/charges", "amount=5");
  anonymous.headers.remove("Authorization");
  EXPECT_FALSE(queries()->account(anonymous));
  UpstreamConfig config = gateway();
  config.credentials = {{"sk_test_own", ""}};
  EXPECT_EQ(queries(config)->account(anonymous)->reveal(), "sk_test_own");
}

TEST(StripeFinder, GoesOnFromTheLastOfAPage) {
  const auto page = queries()->read_list(listing("", true));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "ch_1");
  EXPECT_THAT(queries()->list_request({.account = {}, .cursor = page->next, .nonce = ""}).target,
              HasSubstr("&starting_after=ch_1"));
  EXPECT_EQ(queries()->read_list(listing("", false))->next, "");
}

TEST(StripeFinder, ReadsACharge) {
  const Listed listed = first(R"(,"status":"succeeded","paid":true,"payment_method_details":{"card":{"last4":"4242"}},)"
                              R"("metadata":{"order_id":"cart-9","standin_key":"abc","invoice":"7"})");
  EXPECT_EQ(listed.upstream_reference, "ch_1");
  EXPECT_EQ(text(listed.amount), "12.34 USD");
  EXPECT_EQ(unix_ms(listed.created), 1'700'000'000'000);
  EXPECT_EQ(listed.card, "xxxxxxxxxxxx4242");
  EXPECT_EQ(listed.reference, "cart-9");
  EXPECT_EQ(listed.invoice, "7");
  EXPECT_EQ(listed.own_key, "abc");
  EXPECT_TRUE(listed.standing);
}

TEST(StripeFinder, KnowsTheChargeOfAnIntentAsTheIntentsAnswerNamedIt) {
  EXPECT_EQ(first(R"(,"payment_intent":"pi_7")").upstream_reference, "pi_7");
  EXPECT_EQ(first(R"(,"payment_intent":null)").upstream_reference, "ch_1");
}

TEST(StripeFinder, TellsWhatStands) {
  EXPECT_TRUE(first(R"(,"status":"succeeded","paid":true,"captured":false,"refunded":false)").standing);
  EXPECT_TRUE(first(R"(,"status":"pending","paid":false)").standing);
  EXPECT_FALSE(first(R"(,"status":"failed","paid":false)").standing);
  EXPECT_FALSE(first(R"(,"status":"succeeded","paid":true,"refunded":true)").standing);
}

TEST(StripeFinder, TrustsNoListingThatItCannotRead) {
  for (const auto& response :
       {answer(500, "{}"), answer(200, "<html>"), answer(200, R"({"object":"list"})"),
        answer(200, R"({"object":"list","data":[{"id":"cus_1","object":"customer"}]})"),
        answer(200, R"({"object":"list","data":[],"has_more":true})"), answer(429, R"({"error":{}})")}) {
    EXPECT_FALSE(queries()->read_list(response)) << response.body;
  }
}

TEST(StripeFinder, LooksForTheAmountCardAndReferenceOfTheOriginal) {
  const auto wanted = queries()->wanted(post("/v1/payment_intents", raw_card_body), names(""));
  ASSERT_TRUE(wanted);
  EXPECT_EQ(text(wanted->amount), "12.34 USD");
  EXPECT_EQ(wanted->card, "xxxxxxxxxxxx4242");
  EXPECT_EQ(wanted->reference, "cart-9");
  EXPECT_EQ(wanted->own_key, OrderKey{}.text());
  EXPECT_EQ(queries()->wanted(post("/v1/payment_intents", intent_body), names(""))->card, "");
  EXPECT_FALSE(queries()->wanted(post("/v1/payment_intents", "amount=x"), names("")));
}

TEST(StripeFinder, IsThereOnlyIfConfiguredAndWithoutATemplate) {
  UpstreamConfig config = gateway();
  config.finder.reset();
  EXPECT_EQ(queries(config)->finding(), PartyQueries::Finding::none);
  EXPECT_EQ(queries()->finding(), PartyQueries::Finding::by_listing);
  config.finder = FinderConfig{.request = "GET /x"};
  EXPECT_FALSE(make_stripe_queries(config));
}

TEST(StripeReversal, RefundsWhatWasCharged) {
  const auto request = queries()->reversal_request(names("pi_7"), post("/v1/payment_intents", intent_body), "");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->target, "/v1/refunds");
  EXPECT_EQ(request->body, "payment_intent=pi_7");
  EXPECT_EQ(request->headers.find("Authorization"), "Bearer sk_test_abc");
  EXPECT_EQ(request->headers.find("Idempotency-Key"), "reversal-pi_7");
  EXPECT_EQ(queries()->reversal_request(names("ch_7"), post("/v1/charges", "capture=false"), "")->body, "charge=ch_7");
}

TEST(StripeReversal, CancelsAnIntentThatHolds) {
  const auto request = queries()->reversal_request(
      names("pi_7"), post("/v1/payment_intents", std::string(intent_body) + "&capture_method=manual"), "");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->target, "/v1/payment_intents/pi_7/cancel");
  EXPECT_EQ(request->body, "");
}

TEST(StripeReversal, UsesNoKeyForTwoEndpoints) {
  const auto key_of = [](std::string_view more) {
    const auto request = queries()->reversal_request(
        names("pi_7"), post("/v1/payment_intents", std::string(intent_body).append(more)), "");
    return std::string(request->headers.find("Idempotency-Key").value_or(""));
  };
  EXPECT_NE(key_of(""), key_of("&capture_method=manual")) << "what was held may have been captured since";
}

TEST(StripeReversal, CannotBeAskedForWithoutAReference) {
  EXPECT_FALSE(queries()->reversal_request(names(""), post("/v1/charges", "amount=5"), ""));
}

TEST(StripeReversal, IsDoneWhenThePartySaysSoAndNotBefore) {
  const auto done = [](int status, std::string_view body) { return queries()->reversal_done(answer(status, body)); };
  EXPECT_TRUE(done(200, R"({"object":"refund","id":"re_1","status":"pending"})"));
  EXPECT_TRUE(done(200, R"({"object":"payment_intent","id":"pi_1","status":"canceled"})"));
  EXPECT_TRUE(done(400, R"({"error":{"code":"charge_already_refunded"}})"));
  EXPECT_TRUE(
      done(400, R"({"error":{"code":"payment_intent_unexpected_state","payment_intent":{"status":"canceled"}}})"));
  EXPECT_FALSE(done(200, R"({"object":"refund","id":"re_1","status":"failed"})"));
  EXPECT_FALSE(
      done(400, R"({"error":{"code":"payment_intent_unexpected_state","payment_intent":{"status":"succeeded"}}})"));
  EXPECT_FALSE(done(404, R"({"error":{"code":"resource_missing"}})"));
  EXPECT_FALSE(done(500, "oops"));
}

TEST(StripeReversal, IsRefusedByAnAnswerThatAskingAgainWouldBringToo) {
  const auto refused = [](int status, std::string_view body) {
    return queries()->reversal_refused(answer(status, body));
  };
  EXPECT_TRUE(refused(400, R"({"error":{"type":"invalid_request_error","code":"charge_disputed"}})"));
  EXPECT_TRUE(refused(200, R"({"object":"refund","id":"re_1","status":"failed"})"));
  EXPECT_FALSE(refused(400, R"({"error":{"type":"invalid_request_error","code":"charge_already_refunded"}})"));
  EXPECT_FALSE(refused(200, R"({"object":"refund","id":"re_1","status":"pending"})"));
  EXPECT_FALSE(refused(400, R"({"error":{"type":"idempotency_error"}})"));
  EXPECT_FALSE(refused(401, R"({"error":{"type":"invalid_request_error"}})"));
  EXPECT_FALSE(refused(500, "oops"));
}

// One key: whoever undoes a charge, it is undone once.
TEST(StripeQueries, UndoAChargeByTheSameRequestAsTheClientsVoid) {
  UpstreamConfig config{.name = "backup", .credentials = {{"sk_test_1", ""}}, .reversal = ReversalConfig{}};
  config.dialect = "stripe";
  const auto reverses = *make_queries(config);
  for (const bool held : {false, true}) {
    const Request original = stripe_test::post(
        "/v1/payment_intents", std::string(stripe_test::raw_card_body) + (held ? "&capture_method=manual" : ""));
    Request original_without_key = original;
    original_without_key.headers.remove("Authorization");
    const auto reversal = reverses->reversal_request({.upstream_reference = "pi_1"}, original_without_key, "");
    const Amendment amendment{.upstream_reference = "pi_1", .held = held};
    const auto cancel = stripe_test::dialect().write_amendment(amendment, {SecretText("sk_test_1"), {}}, {});
    EXPECT_EQ(cancel->target, reversal->target);
    EXPECT_EQ(cancel->body, reversal->body);
    EXPECT_EQ(cancel->headers.find("Idempotency-Key"), reversal->headers.find("Idempotency-Key"));
  }
}

}  // namespace
}  // namespace standin::stripe_test
