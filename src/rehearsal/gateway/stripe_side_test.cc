#include "rehearsal/gateway/stripe_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "rehearsal/gateway/gateway_test_support.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;
using counter::Counter;
using namespace std::chrono_literals;

const std::string charge = "amount=1999&currency=usd&source=tok_visa";
const std::string intent = "amount=1999&currency=usd&payment_method=pm_card_visa&confirm=true";

Request post(const std::string& path, const std::string& body, const std::string& key = {}) {
  Request request{.method = "POST", .target = "/v1/" + path, .headers = {}, .body = body};
  request.headers.set("Authorization", "Bearer sk_test_1");
  if (!key.empty()) request.headers.set("Idempotency-Key", key);
  return request;
}
Request stripe_get(const std::string& path) {
  Request request = post(path, "");
  request.method = "GET";
  return request;
}

struct Told {
  int status;
  json::value body;
};
Told ask(Counter& counter, const Request& request) {
  const auto answer = counter.send(request).response;
  EXPECT_TRUE(answer.headers.has("Request-Id"));
  return {answer.status, json::parse(answer.body)};
}
std::string text(const json::value& value) { return std::string(value.as_string()); }

TEST(StripeSide, ChargesAndShowsIt) {
  Counter counter;
  const Told made = ask(counter, post("charges", charge + "&metadata[order]=7"));
  ASSERT_EQ(made.status, 200);
  EXPECT_EQ(made.body.at("status"), "succeeded");
  EXPECT_EQ(made.body.at("metadata").at("order"), "7");
  const Told seen = ask(counter, stripe_get("charges/" + text(made.body.at("id"))));
  EXPECT_EQ(seen.body, made.body);
  EXPECT_EQ(ask(counter, stripe_get("charges/ch_none")).status, 404);
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(StripeSide, DeclinesWithTheReason) {
  Counter counter;
  const Told told =
      ask(counter, post("payment_intents",
                        "amount=5&currency=usd&confirm=true&payment_method_data[card][number]="
                        "4000000000009995&payment_method_data[card][exp_month]=12&payment_method_data[card]"
                        "[exp_year]=2030"));
  EXPECT_EQ(told.status, 402);
  const json::value& error = told.body.at("error");
  EXPECT_EQ(error.at("type"), "card_error");
  EXPECT_EQ(error.at("code"), "card_declined");
  EXPECT_EQ(error.at("decline_code"), "insufficient_funds");
  EXPECT_EQ(error.at("payment_intent").at("status"), "requires_payment_method");
  EXPECT_EQ(counter.standing(), 0u);
}

TEST(StripeSide, AnIntentIsConfirmedHeldCapturedOrCancelled) {
  Counter counter;
  const Told made = ask(counter, post("payment_intents", "amount=1999&currency=usd&capture_method=manual"));
  const std::string path = "payment_intents/" + text(made.body.at("id"));
  EXPECT_EQ(made.body.at("status"), "requires_payment_method");
  EXPECT_EQ(counter.standing(), 0u);
  EXPECT_EQ(ask(counter, post(path + "/confirm", "payment_method=pm_card_chargeDeclined")).status, 402);
  EXPECT_EQ(ask(counter, post(path + "/confirm", "payment_method=pm_card_visa")).body.at("status"), "requires_capture");
  EXPECT_EQ(ask(counter, post(path + "/confirm", "payment_method=pm_card_visa")).status, 400);
  EXPECT_EQ(ask(counter, post(path + "/capture", "amount_to_capture=1000")).body.at("amount_received"), 1000);
  EXPECT_EQ(ask(counter, post(path + "/cancel", "")).status, 400);
  EXPECT_EQ(counter.standing(), 1u);
  const Told other = ask(counter, post("payment_intents", intent + "&capture_method=manual"));
  EXPECT_EQ(ask(counter, post("payment_intents/" + text(other.body.at("id")) + "/cancel", "")).body.at("status"),
            "canceled");
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(StripeSide, RefundsUpToWhatWasPaid) {
  Counter counter;
  const std::string id = text(ask(counter, post("charges", charge)).body.at("id"));
  EXPECT_EQ(ask(counter, post("refunds", "charge=" + id + "&amount=2000")).status, 400);
  EXPECT_EQ(ask(counter, post("refunds", "charge=" + id + "&amount=999")).body.at("status"), "succeeded");
  EXPECT_EQ(ask(counter, post("refunds", "charge=" + id)).body.at("amount"), 1000);
  EXPECT_EQ(ask(counter, post("refunds", "charge=" + id)).body.at("error").at("code"), "charge_already_refunded");
  EXPECT_EQ(ask(counter, stripe_get("charges/" + id)).body.at("refunded"), true);
  EXPECT_EQ(ask(counter, stripe_get("refunds?charge=" + id)).body.at("data").as_array().size(), 2u);
  EXPECT_EQ(counter.standing(), 0u);
}

TEST(StripeSide, ListsWithinATimeAndInPages) {
  Counter counter;
  std::vector<std::string> ids;
  for (int n = 0; n < 3; ++n) {
    ids.push_back(text(ask(counter, post("charges", charge)).body.at("id")));
    counter.now += 10s;
  }
  const std::int64_t first = 1'795'330'000;
  const auto list = ask(counter, stripe_get("charges?limit=2"));
  EXPECT_EQ(text(list.body.at("data").at(0).at("id")), ids[2]);
  EXPECT_EQ(list.body.at("has_more"), true);
  const auto rest = ask(counter, stripe_get("charges?limit=2&starting_after=" + ids[1]));
  EXPECT_EQ(text(rest.body.at("data").at(0).at("id")), ids[0]);
  EXPECT_EQ(rest.body.at("has_more"), false);
  const auto window = ask(counter, stripe_get("charges?created[gte]=" + std::to_string(first + 5) +
                                              "&created[lte]=" + std::to_string(first + 10)));
  ASSERT_EQ(window.body.at("data").as_array().size(), 1u);
  EXPECT_EQ(text(window.body.at("data").at(0).at("id")), ids[1]);
  EXPECT_EQ(ask(counter, stripe_get("charges?created%5Bgt%5D=" + std::to_string(first + 20)))
                .body.at("data")
                .as_array()
                .size(),
            0u);
  EXPECT_EQ(ask(counter, stripe_get("charges?limit=101")).status, 400);
}

TEST(StripeSide, AnswersNameTheKeyAndVersionTheyWereAskedWith) {
  Counter counter;
  Request request = post("charges", charge, "k1");
  request.headers.set("Stripe-Version", "2026-01-01.test");
  const Response answer = counter.send(request).response;
  EXPECT_EQ(answer.headers.find("Idempotency-Key"), "k1");
  EXPECT_EQ(answer.headers.find("Stripe-Version"), "2026-01-01.test");
}

TEST(StripeIdempotency, GivesTheFirstAnswerAgain) {
  Counter counter;
  const auto first = counter.send(post("charges", charge, "k1")).response;
  counter.now += 23h;
  const auto second = counter.send(post("charges", charge, "\"k1\"")).response;
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.headers.find("Idempotent-Replayed"), "true");
  EXPECT_FALSE(first.headers.has("Idempotent-Replayed"));
  EXPECT_EQ(counter.standing(), 1u);
  counter.now += 2h;
  counter.send(post("charges", charge, "k1"));
  EXPECT_EQ(counter.standing(), 2u);
}

TEST(StripeIdempotency, AnAcquirerThatHasGoneSinceDoesNotDeclineWhatWasApproved) {
  Counter counter;
  const auto first = counter.send(post("charges", charge, "k1")).response;
  counter.set_faults(R"({"fault":"error"})");
  const auto second = counter.send(post("charges", charge, "k1")).response;
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(counter.send(post("charges", charge, "k2")).response.status, 402);
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(StripeIdempotency, KeepsDeclinesToo) {
  Counter counter;
  const std::string declined = "amount=5&currency=usd&source=tok_chargeDeclined";
  const auto first = counter.send(post("charges", declined, "k1")).response;
  EXPECT_EQ(first.status, 402);
  const auto second = counter.send(post("charges", declined, "k1")).response;
  EXPECT_EQ(second.status, 402);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(counter.model.books().payments().size(), 1u);
}

TEST(StripeIdempotency, RefusesOtherParametersAndConcurrentUse) {
  Counter counter;
  auto slow = counter.model.arrive({0, post("charges", charge, "k1"), counter.now});
  (void)counter.model.next(slow, counter.now);
  EXPECT_EQ(ask(counter, post("charges", charge, "k1")).status, 409);
  counter.finish(slow);
  const Told other = ask(counter, post("charges", "amount=2&currency=usd&source=tok_visa", "k1"));
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(other.body.at("error").at("type"), "idempotency_error");
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(StripeIdempotency, DoesNotRememberWhatNeverBegan) {
  Counter counter;
  EXPECT_EQ(ask(counter, post("charges", "amount=x&currency=usd&source=tok_visa", "k1")).status, 400);
  EXPECT_EQ(ask(counter, post("charges", charge, "k1")).status, 200);
}

TEST(StripeIdempotency, ALostAnswerIsGivenToTheRetry) {
  Counter counter;
  counter.set_faults(R"({"fault":"reset","at":"after","count":1})");
  EXPECT_EQ(counter.send(post("charges", charge, "k1")).delivery, GatewayAnswer::Delivery::reset);
  EXPECT_EQ(counter.send(post("charges", charge, "k1")).response.headers.find("Idempotent-Replayed"), "true");
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(StripeSide, RefusesWhatItCannotRead) {
  Counter counter;
  for (const std::string& body :
       {std::string("currency=usd&source=tok_visa"), std::string("amount=-1&currency=usd&source=tok_visa"),
        std::string("amount=10.5&currency=usd&source=tok_visa"), std::string("amount=5&currency=zzz&source=tok_visa"),
        std::string("amount=5&currency=usd"), std::string("amount=5&currency=usd&source=tok_unheard_of"),
        std::string("amount=99999999999999999999&currency=usd&source=tok_visa"), std::string("[[[&&&%%%\xff\xfe")}) {
    EXPECT_EQ(ask(counter, post("charges", body)).status, 400) << body;
  }
  Request nobody = post("charges", charge);
  nobody.headers.remove("Authorization");
  EXPECT_EQ(ask(counter, nobody).status, 401);
  EXPECT_EQ(ask(counter, post("sulks", "")).status, 404);
  EXPECT_EQ(counter.standing(), 0u);
}

}  // namespace
}  // namespace standin::rehearsal
