#include "dialect/stripe_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/stripe_test_support.h"

namespace standin::stripe_test {
namespace {

using testing::HasSubstr;
using testing::Not;

Operation operation(const Request& request) { return dialect().read(request).operation; }

TEST(StripeRequest, IsToldByMethodAndPath) {
  EXPECT_EQ(operation(post("/v1/payment_intents", intent_body)), Operation::charge);
  EXPECT_EQ(operation(post("/v1/charges", "amount=5&currency=usd&source=tok_visa")), Operation::charge);
  EXPECT_EQ(operation(post("/v1/payment_intents", "amount=5&currency=usd")), Operation::other);
  EXPECT_EQ(operation(post("/v1/payment_intents/pi_1/confirm")), Operation::other);
  EXPECT_EQ(operation(post("/v1/payment_intents/pi_1/capture")), Operation::capture);
  EXPECT_EQ(operation(post("/v1/charges/ch_1/capture")), Operation::capture);
  EXPECT_EQ(operation(post("/v1/payment_intents/pi_1/cancel")), Operation::cancel);
  EXPECT_EQ(operation(post("/v1/refunds", "charge=ch_1")), Operation::refund);
  EXPECT_EQ(operation(get("/v1/payment_intents/pi_1")), Operation::read);
  EXPECT_EQ(operation(get("/v1/charges?created[gte]=1700000000&limit=3")), Operation::other);
  EXPECT_EQ(operation(get("/v1/charges/search?query=x")), Operation::other);
  EXPECT_EQ(operation(post("/v1/customers", "name=x")), Operation::other);
  EXPECT_EQ(operation(post("/v2/charges", "amount=5")), Operation::other);
}

TEST(StripeRequest, ThatHoldsForLaterCaptureIsACharge) {
  EXPECT_EQ(operation(post("/v1/payment_intents", std::string(intent_body) + "&capture_method=manual")),
            Operation::charge);
}

TEST(StripeRequest, ThatHoldsByATokenIsReadAsAHold) {
  const std::string sale = "amount=5&currency=usd&confirm=true&payment_method=pm_1";
  EXPECT_FALSE(dialect().read(post("/v1/payment_intents", sale)).hold);
  EXPECT_TRUE(dialect().read(post("/v1/payment_intents", sale + "&capture_method=manual")).hold);
}

TEST(StripeRequest, ByABanksRedirectIsNeverPromised) {
  EXPECT_EQ(
      operation(post("/v1/payment_intents", "amount=5&currency=eur&confirm=true&payment_method_data[type]=ideal")),
      Operation::other);
}

TEST(StripeRequest, ByABanksDebitIsNeverPromised) {
  for (const auto* more : {"&payment_method_types[0]=us_bank_account", "&payment_method_types[]=sepa_debit",
                           "&payment_method_types[0]=card&payment_method_types[1]=us_bank_account"}) {
    EXPECT_EQ(operation(post("/v1/payment_intents", std::string(intent_body) + more)), Operation::other) << more;
  }
  EXPECT_EQ(operation(post("/v1/payment_intents", std::string(intent_body) + "&payment_method_types[]=card")),
            Operation::charge);
  EXPECT_EQ(operation(post("/v1/charges", "amount=5&currency=usd&source=ba_1")), Operation::other);
}

TEST(StripeRequest, ThatIsToBeCapturedInAWayThatIsNotKnownIsNeverPromised) {
  for (const auto* more : {"&capture_method=automatic_delayed", "&capture=0",
                           "&payment_method_options[card][capture_method]=manual_preferred"}) {
    EXPECT_EQ(operation(post("/v1/payment_intents", std::string(intent_body) + more)), Operation::other) << more;
  }
}

TEST(StripeRequest, IsAHoldHoweverThatIsSaid) {
  const std::string sale =
      "amount=1000&currency=usd&confirm=True&payment_method_data[card][number]=4242424242424242"
      "&payment_method_data[card][exp_month]=1&payment_method_data[card][exp_year]=2031";
  const auto captures = [&](std::string_view more) {
    const Request request = post("/v1/payment_intents", sale + std::string(more));
    return stripe::is_hold(*stripe::Parameters::read(request)) ? "holds" : "captures";
  };
  EXPECT_EQ(operation(post("/v1/payment_intents", sale)), Operation::charge);
  EXPECT_STREQ(captures(""), "captures");
  EXPECT_STREQ(captures("&capture=True&capture_method=automatic"), "captures");
  for (const auto* more : {"&capture=False", "&capture=false", "&capture_method=manual",
                           "&payment_method_options[card][capture_method]=manual"}) {
    EXPECT_STREQ(captures(more), "holds") << more;
  }
  EXPECT_TRUE(dialect().charge(post("/v1/payment_intents", sale)).has_value());
  for (const auto* more :
       {"&setup_future_usage=off_session", "&payment_method_options[card][three_d_secure][cryptogram]=x"})
    EXPECT_FALSE(dialect().charge(post("/v1/payment_intents", sale + more)).has_value()) << more;
}

TEST(StripeRequest, NamesTheEarlierChargeInItsPathOrFields) {
  EXPECT_EQ(dialect().read(post("/v1/payment_intents/pi_1/capture")).about, "pi_1");
  EXPECT_EQ(dialect().read(post("/v1/refunds", "charge=ch_1")).about, "ch_1");
  EXPECT_EQ(dialect().read(post("/v1/refunds", "payment_intent=pi_2")).about, "pi_2");
  EXPECT_EQ(dialect().read(get("/v1/charges/ch_3?expand[]=customer")).about, "ch_3");
  EXPECT_EQ(dialect().read(get("/v1/charges?limit=3")).about, "");
}

TEST(StripeRequest, GivesTheFactsOfACharge) {
  const auto reading = dialect().read(post("/v1/payment_intents", intent_body));
  ASSERT_TRUE(reading.facts);
  EXPECT_EQ(text(*reading.facts->amount), "12.34 USD");
  EXPECT_EQ(reading.facts->customer, "cus_9");
  EXPECT_EQ(reading.facts->reference, "cart-9");
  EXPECT_EQ(reading.facts->country, "US");
  EXPECT_EQ(reading.facts->merchant.size(), 16u);
  EXPECT_EQ(reading.facts->network, "");
}

TEST(StripeRequest, KnowsACardByTheSameFingerprintAsOtherDialects) {
  const auto reading = dialect().read(post("/v1/payment_intents", raw_card_body));
  ASSERT_TRUE(reading.facts);
  EXPECT_EQ(reading.facts->card, test_vault().fingerprint("4242424242424242"));
  EXPECT_EQ(reading.facts->network, "visa");
}

TEST(StripeRequest, KnowsATokenByAFingerprintOfItsOwnKind) {
  const auto reading = dialect().read(post("/v1/payment_intents", intent_body));
  ASSERT_TRUE(reading.facts);
  EXPECT_EQ(reading.facts->card, test_vault().fingerprint("token pm_card_visa"));
}

TEST(StripeRequest, OfAnotherConnectedAccountIsOfAnotherMerchant) {
  Request connected = post("/v1/payment_intents", intent_body);
  connected.headers.add("Stripe-Account", "acct_1");
  EXPECT_NE(dialect().read(connected).facts->merchant,
            dialect().read(post("/v1/payment_intents", intent_body)).facts->merchant);
}

TEST(StripeRequest, AboutAnEarlierChargeIsOfTheSameMerchantAsTheCharge) {
  EXPECT_EQ(dialect().read(get("/v1/payment_intents/pi_1")).facts->merchant,
            dialect().read(post("/v1/payment_intents", intent_body)).facts->merchant);
}

TEST(StripeRequest, MayNameItsKeyInBasicAuthentication) {
  Request basic = post("/v1/payment_intents", intent_body);
  basic.headers.set("Authorization", "Basic c2tfdGVzdF9hYmM6");  // sk_test_abc:
  EXPECT_EQ(dialect().read(basic).facts->merchant,
            dialect().read(post("/v1/payment_intents", intent_body)).facts->merchant);
}

TEST(StripeRequest, WithoutAKeyHasNoFacts) {
  Request anonymous = post("/v1/payment_intents", intent_body);
  anonymous.headers.remove("Authorization");
  EXPECT_THAT(facts_error(anonymous), HasSubstr("Authorization"));
}

TEST(StripeRequest, WithAWrongAmountIsAnErrorThatNeverShowsIt) {
  for (const std::string amount : {"10.5", "-5", "1e3", "1,000", "", " 5", "0", "99999999999999999999", "0x5"}) {
    const std::string error = facts_error(post("/v1/charges", "amount=" + amount + "&currency=usd&source=tok_visa"));
    EXPECT_THAT(error, HasSubstr("amount")) << amount;
    if (amount.size() > 2) EXPECT_THAT(error, Not(HasSubstr(amount)));
  }
}

TEST(StripeRequest, WithoutACurrencyIsAnErrorUnlessTheConfigurationNamesOne) {
  EXPECT_THAT(facts_error(post("/v1/charges", "amount=5&source=tok_visa")), HasSubstr("currency"));
  const auto in_euro = make_stripe_dialect({.currency = "EUR", .country = "", .strip = {}}, test_vault());
  const auto reading = (*in_euro)->read(post("/v1/charges", "amount=5&source=tok_visa"));
  ASSERT_TRUE(reading.facts);
  EXPECT_EQ(text(*reading.facts->amount), "0.05 EUR");
}

TEST(StripeRequest, AmountsOfTheGatewaysSpecialCurrenciesAreConvertedBothWays) {
  const auto krona = stripe::amount_of("amount", "500", *Currency::parse("isk"));
  ASSERT_TRUE(krona);
  EXPECT_EQ(text(*krona), "5 ISK");
  EXPECT_EQ(stripe::written_amount(*krona), 500);
  EXPECT_FALSE(stripe::amount_of("amount", "550", *Currency::parse("isk")));
  const auto ariary = stripe::amount_of("amount", "5", *Currency::parse("mga"));
  EXPECT_EQ(text(*ariary), "5.00 MGA");
  EXPECT_EQ(stripe::written_amount(*ariary), 5);
  EXPECT_EQ(text(*stripe::amount_of("amount", "500", *Currency::parse("jpy"))), "500 JPY");
}

TEST(StripeRequest, ThatNamesAFieldTwiceIsLeftToTheGateway) {
  const Request twice = post("/v1/payment_intents", std::string(intent_body) + "&amount=1");
  EXPECT_EQ(operation(twice), Operation::other);
  EXPECT_THAT(facts_error(twice), HasSubstr("twice"));
  EXPECT_THAT(facts_error(post("/v1/charges", "amount=5&am%6Funt=1&currency=usd&source=tok_visa")), HasSubstr("twice"));
}

TEST(StripeRequest, ThatRepeatsAListIsRead) {
  EXPECT_EQ(facts_error(post("/v1/payment_intents", std::string(intent_body) + "&expand[]=a&expand[]=b")), "");
}

TEST(StripeRequest, ThatHidesParametersWhereTheyDoNotBelongHasNoFacts) {
  EXPECT_THAT(facts_error(post("/v1/charges?amount=1", "amount=5&currency=usd&source=tok_visa")), HasSubstr("target"));
  Request json = post("/v1/charges", "amount=5&currency=usd&source=tok_visa");
  json.headers.set("Content-Type", "application/json");
  EXPECT_THAT(facts_error(json), HasSubstr("form"));
  EXPECT_THAT(facts_error(post("/v1/charges", "amount=5%zz")), HasSubstr("%"));
}

TEST(StripeRequest, WithNothingToChargeHasNoFacts) {
  EXPECT_THAT(facts_error(post("/v1/charges", "amount=5&currency=usd")), HasSubstr("payment_method"));
}

TEST(StripeRequest, WithANumberThatIsNoCardsIsAnErrorThatNeverShowsIt) {
  const std::string error = facts_error(post("/v1/charges", "amount=5&currency=usd&source[number]=4242424242424241"));
  EXPECT_THAT(error, HasSubstr("number"));
  EXPECT_THAT(error, Not(HasSubstr("4242")));
}

TEST(StripeRequest, NeverHasAnAccountNumberAmongItsFacts) {
  const auto reading =
      dialect().read(post("/v1/charges", "amount=5&currency=usd&source=tok_visa&metadata[order_id]=4242424242424242"));
  ASSERT_TRUE(reading.facts);
  EXPECT_EQ(reading.facts->reference, test_vault().fingerprint("4242424242424242"));
}

TEST(StripeRequest, IsTheSamePayloadInAnyOrderAndWithAnySecurityCode) {
  const auto normalised = [](std::string_view body) { return dialect().read(post("/v1/charges", body)).normalised; };
  EXPECT_EQ(normalised("amount=5&currency=usd&card[cvc]=123"), normalised("currency=usd&amount=5&card[cvc]=999"));
  EXPECT_NE(normalised("amount=5&currency=usd"), normalised("amount=6&currency=usd"));
  EXPECT_NE(normalised("a=1%26b=2"), normalised("a=1&b=2"));
  EXPECT_THAT(dialect().read(post("/v1/payment_intents", raw_card_body)).normalised, Not(HasSubstr("987")));
}

TEST(StripeRequest, IsKeptWithoutTheSecurityCodeAndOtherwiseByteForByte) {
  const auto stripped = [](std::string_view body) { return dialect().stripped(post("/v1/charges", body)).body; };
  EXPECT_EQ(stripped("a=%7e+x&card[cvc]=123&b=2"), "a=%7e+x&b=2");
  EXPECT_EQ(stripped("payment_method_data%5Bcard%5D%5Bcvc%5D=123&source[cvc]=1&cvc=7"), "");
  EXPECT_EQ(stripped("a=1&&b"), "a=1&&b");
  EXPECT_EQ(stripped("card[cvc]=12&x=%zz"), "") << "the code may hide in what cannot be read";
}

TEST(StripeRequest, IsKeptWithoutWhatTheConfigurationStrips) {
  const auto strict = make_stripe_dialect({.currency = "", .country = "", .strip = {"metadata[note]"}}, test_vault());
  EXPECT_EQ((*strict)->stripped(post("/v1/charges", "a=1&metadata[note]=x")).body, "a=1");
}

TEST(StripeRequest, GetsAnIdempotencyKeyOnTheWayOutOnlyIfItHasNone) {
  OrderKey key;
  key.digest.bytes.fill(0xab);
  const OutboundContext context{.key = key, .reference = {}, .reverse_after = {}};
  const Request bare = post("/v1/charges", "amount=5");
  const Request sent = dialect().outbound(bare, context);
  EXPECT_EQ(sent.headers.find("Idempotency-Key"), key.text());
  EXPECT_EQ(sent.body, bare.body);
  Request keyed = post("/v1/charges", "amount=5");
  keyed.headers.add("Idempotency-Key", "theirs");
  EXPECT_EQ(to_wire(dialect().outbound(keyed, context)), to_wire(keyed));
  EXPECT_EQ(to_wire(dialect().outbound(get("/v1/charges/ch_1"), context)), to_wire(get("/v1/charges/ch_1")));
  EXPECT_EQ(dialect().keyed(keyed, key).headers.find("Idempotency-Key"), key.text());
}

TEST(StripeRequest, AboutOursNamesThePartysOwnOnceItIsKnown) {
  const std::string ours = "standin" + std::string(stripe_test::ulid);
  const auto about = [&](Request request, std::string_view upstream) {
    return dialect().about_upstream(std::move(request), upstream);
  };
  EXPECT_EQ(about(post("/v1/payment_intents/pi_" + ours + "/capture", "a=1"), "pi_9").target,
            "/v1/payment_intents/pi_9/capture");
  EXPECT_EQ(about(get("/v1/charges/ch_" + ours + "?expand[]=x"), "ch_9").target, "/v1/charges/ch_9?expand[]=x");
  EXPECT_EQ(about(post("/v1/refunds", "amount=5&payment_intent=pi_" + ours + "&reason=x+y"), "pi_9").body,
            "amount=5&payment_intent=pi_9&reason=x+y");
  EXPECT_EQ(about(get("/v1/refunds/re_" + ours), "re_9").target, "/v1/refunds/re_9");
}

TEST(StripeRequest, AboutTheChargeOfAnIntentOfOursNamesThePartysIntent) {
  const std::string charge = "ch_standin" + std::string(stripe_test::ulid);
  EXPECT_EQ(dialect().about_upstream(post("/v1/refunds", "charge=" + charge), "pi_9").body, "payment_intent=pi_9");
  const Request capture = dialect().about_upstream(post("/v1/charges/" + charge + "/capture", "amount=5&x=1"), "pi_9");
  EXPECT_EQ(capture.target, "/v1/payment_intents/pi_9/capture");
  EXPECT_EQ(capture.body, "amount_to_capture=5&x=1");
}

TEST(StripeRequest, AboutAnotherChargeIsLeftAlone) {
  const Request refund = post("/v1/refunds", "charge=ch_1&metadata[x]=pi_2");
  EXPECT_EQ(to_wire(dialect().about_upstream(refund, "pi_9")), to_wire(refund));
}

}  // namespace
}  // namespace standin::stripe_test
