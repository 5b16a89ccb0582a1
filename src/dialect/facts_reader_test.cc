#include "dialect/facts_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "dialect/dialect_test_support.h"

namespace standin {
namespace {

using dialect_test::post;
using dialect_test::shop_config;
using dialect_test::test_vault;
using testing::HasSubstr;
using testing::Not;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  ensure(at != std::string::npos, "the test replaces what is there");
  return text.replace(at, from.size(), to);
}

Result<Facts> read(const StandInConfig& config, std::string_view body, std::string_view type = "application/json") {
  const Request request = post(body, type);
  Body fields(request.headers, request.body);
  return FactsReader::make(config, test_vault())->read(fields);
}

/// The shop's order with its amount written so.
Result<Facts> with_amount(std::string_view amount, AmountUnit unit, std::string_view currency = "USD") {
  StandInConfig config = shop_config();
  config.amount_unit = unit;
  std::string body = replaced(std::string(dialect_test::order_body), "1234", amount);
  return read(config, replaced(body, "USD", currency));
}

std::string error_of(const Result<Facts>& facts) { return facts ? "" : facts.error().what; }

TEST(Facts, AreReadFromTheShopsOrder) {
  const auto facts = read(shop_config(), dialect_test::order_body);
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_EQ(text(*facts->amount), "12.34 USD");
  EXPECT_EQ(facts->merchant, "m-1");
  EXPECT_EQ(facts->customer, "77");
  EXPECT_EQ(facts->reference, "cart-9");
  EXPECT_EQ(facts->country, "US");
}

TEST(Facts, KnowACardByItsFingerprintHoweverItWasSpaced) {
  const auto spaced = read(shop_config(), dialect_test::order_body);
  EXPECT_EQ(spaced->card, test_vault().fingerprint("4111111111111111"));
  const auto plain =
      read(shop_config(), replaced(std::string(dialect_test::order_body), "4111 1111 1111 1111", "4111111111111111"));
  EXPECT_EQ(plain->card, spaced->card);
  const auto token =
      read(shop_config(), replaced(std::string(dialect_test::order_body), "4111 1111 1111 1111", "tok_1"));
  EXPECT_EQ(token->card, test_vault().fingerprint("tok_1"));
}

TEST(Facts, NeverKeepAnAccountNumberElsewhere) {
  const auto facts =
      read(shop_config(),
           R"({"order":{"total_cents":1,"currency":"USD","merchant_id":"4111-1111-1111-1111",)"
           R"("customer_id":4111111111111111,"cart_id":"4111 1111 1111 1111","country":"4222222222222","items":[1]}})");
  ASSERT_TRUE(facts) << facts.error().what;
  const std::string fingerprint = test_vault().fingerprint("4111111111111111");
  EXPECT_EQ(facts->merchant, fingerprint);
  EXPECT_EQ(facts->customer, fingerprint);
  EXPECT_EQ(facts->reference, fingerprint);
  EXPECT_EQ(facts->country, test_vault().fingerprint("4222222222222"));
  EXPECT_EQ(facts->card, "");
}

TEST(Facts, TakeMinorUnitsAsDigitsAlone) {
  EXPECT_EQ(with_amount("\"1234\"", AmountUnit::minor)->amount->minor, 1234);
  EXPECT_EQ(with_amount("0", AmountUnit::minor)->amount->minor, 0);
  for (const auto* amount : {"-5", "1e3", "12.30", "12.0", "9223372036854775808", "1000000000000001", "\"\"", "\" 5\"",
                             "\"+5\"", "\"1,000\"", "\"0x10\"", "true", "[5]", "{}", "\"5\\u0000\"", "\"٥\""}) {
    const auto facts = with_amount(amount, AmountUnit::minor);
    EXPECT_FALSE(facts) << amount;
    EXPECT_THAT(error_of(facts), HasSubstr("the fact amount at /order/total_cents")) << amount;
  }
}

TEST(Facts, TakeDecimalAmountsFromTheirDigitsNotFromADouble) {
  EXPECT_EQ(with_amount("12.30", AmountUnit::decimal)->amount->minor, 1230);
  EXPECT_EQ(with_amount("\"12.3\"", AmountUnit::decimal)->amount->minor, 1230);
  EXPECT_EQ(with_amount("1.15", AmountUnit::decimal)->amount->minor, 115);  // 114.99999999999999 in a double
  EXPECT_EQ(with_amount("4.35", AmountUnit::decimal)->amount->minor, 435);
  EXPECT_EQ(with_amount("1250", AmountUnit::decimal, "JPY")->amount->minor, 1250);
  EXPECT_EQ(with_amount("1.250", AmountUnit::decimal, "KWD")->amount->minor, 1250);
  EXPECT_EQ(with_amount("9999999999999.99", AmountUnit::decimal)->amount->minor, 999'999'999'999'999);
}

TEST(Facts, RefuseDecimalAmountsThatAreNotExact) {
  for (const auto* amount :
       {"\"0.1 + 0.2\"", "1e3", "1E3", "-5", "-0.01", "9223372036854775808", "\"1,000.00\"", "10.999",
        "0.30000000000000004", "\"$5\"", "\".5\"", "\"5.\"", "\"1.2.3\"", "\"Infinity\"", "\"NaN\"", "null"}) {
    const auto facts = with_amount(amount, AmountUnit::decimal);
    EXPECT_FALSE(facts) << amount;
    EXPECT_THAT(error_of(facts), HasSubstr("amount")) << amount;
  }
  EXPECT_FALSE(with_amount("12.5", AmountUnit::decimal, "JPY"));
}

TEST(Facts, EveryDecimalAmountIsReadExactly) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937_64 random(seed);
    const auto minor = static_cast<std::int64_t>(random() % (amount_minor_max >> (random() % 40)));
    const Money money{minor, *Currency::parse("USD")};
    const auto facts = with_amount(decimal(money), AmountUnit::decimal);
    ASSERT_TRUE(facts) << "seed " << seed;
    EXPECT_EQ(facts->amount, money) << "seed " << seed;
  }
}

TEST(Facts, ErrorsNeverShowTheValue) {
  for (const auto* amount : {"-987654", "\"987654x\"", "9876.543"}) {
    EXPECT_THAT(error_of(with_amount(amount, AmountUnit::decimal)), Not(HasSubstr("9876")));
  }
  EXPECT_THAT(error_of(with_amount("1", AmountUnit::minor, "QQQ")), Not(HasSubstr("QQQ")));
}

TEST(Facts, NeedACurrencyThatIsoLists) {
  for (const auto* currency : {"XXX", "US", "", "USDX", "840"}) {
    EXPECT_THAT(error_of(with_amount("1", AmountUnit::minor, currency)),
                HasSubstr("the fact currency at /order/currency"));
  }
  EXPECT_EQ(with_amount("1", AmountUnit::minor, "eur")->amount->currency.code(), "EUR");
}

TEST(Facts, UseTheConfiguredCurrencyForAmountsThatNameNone) {
  StandInConfig config = shop_config();
  const std::string body = R"({"order":{"total_cents":5,"items":[1]}})";
  EXPECT_THAT(error_of(read(config, body)), HasSubstr("the fact currency at /order/currency: is missing"));
  config.currency = "EUR";
  EXPECT_EQ(text(*read(config, body)->amount), "0.05 EUR");
  config.facts.erase("currency");
  EXPECT_EQ(text(*read(config, dialect_test::order_body)->amount), "12.34 EUR");
}

TEST(Facts, MayLackAllButTheAmount) {
  const auto facts =
      read(shop_config(), R"({"order":{"total_cents":5,"currency":"USD","customer_id":null,"items":[1]}})");
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_EQ(facts->merchant + facts->customer + facts->card + facts->reference + facts->country, "");
  EXPECT_THAT(error_of(read(shop_config(), R"({"order":{"currency":"USD","items":[1]}})")),
              HasSubstr("the fact amount at /order/total_cents: is missing"));
  EXPECT_FALSE(read(shop_config(), R"({"order":{"total_cents":null,"currency":"USD","items":[1]}})"));
}

TEST(Facts, RefuseTextThatCannotBeAName) {
  const auto with_cart = [](std::string_view cart) {
    return error_of(read(shop_config(), replaced(std::string(dialect_test::order_body), "\"cart-9\"", cart)));
  };
  EXPECT_EQ(with_cart("\"" + std::string(fact_bytes_max, 'x') + "\""), "");
  EXPECT_THAT(with_cart("\"" + std::string(fact_bytes_max + 1, 'x') + "\""), HasSubstr("longer than 200 bytes"));
  EXPECT_THAT(with_cart("1.5"), HasSubstr("not an integer"));
  EXPECT_THAT(with_cart("1e3"), HasSubstr("not an integer"));
  EXPECT_THAT(with_cart("{}"), HasSubstr("neither text nor a number"));
  EXPECT_THAT(with_cart("true"), HasSubstr("neither text nor a number"));
  EXPECT_THAT(with_cart("\"a\\nb\""), HasSubstr("control characters"));
  EXPECT_EQ(with_cart("-12"), "");
}

TEST(Facts, SniffForWhatIsRequired) {
  StandInConfig config = shop_config();
  config.require.push_back("/order/location_id");
  EXPECT_EQ(error_of(read(config, dialect_test::order_body)), "/order/location_id is required and missing");
  EXPECT_THAT(error_of(read(shop_config(), replaced(std::string(dialect_test::order_body), R"([{"sku":"a"}])", "[]"))),
              HasSubstr("/order/items/0 is required"));
  EXPECT_FALSE(read(shop_config(), replaced(std::string(dialect_test::order_body), R"({"sku":"a"})", "null")));
}

TEST(Facts, RefuseABodyThatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(
      error_of(read(shop_config(), R"({"order":{"total_cents":1,"total_cents":100000,"currency":"USD","items":[1]}})")),
      "the body names total_cents twice");
  EXPECT_FALSE(read(shop_config(), std::string(dialect_test::order_body) + "{}"));
  EXPECT_FALSE(read(shop_config(), ""));
}

TEST(Facts, BelieveTheContentType) {
  EXPECT_TRUE(read(shop_config(), dialect_test::order_body, ""));
  EXPECT_TRUE(read(shop_config(), dialect_test::order_body, "application/vnd.shop+json; charset=utf-8"));
  EXPECT_THAT(error_of(read(shop_config(), dialect_test::order_body, "text/plain")),
              HasSubstr("not JSON by its Content-Type"));
  EXPECT_FALSE(read(shop_config(), dialect_test::order_body, "application/x-www-form-urlencoded"));
}

StandInConfig form_config() {
  StandInConfig config = shop_config();
  config.facts = {{"amount", "total"}, {"merchant", "merchant"}, {"card", "card"}};
  config.require = {"items"};
  config.amount_unit = AmountUnit::decimal;
  config.currency = "USD";
  return config;
}

TEST(Facts, AreReadFromAForm) {
  constexpr std::string_view type = "application/x-www-form-urlencoded";
  const auto facts = read(form_config(), "total=12.3&merchant=a%26b&items=1&card=4111+1111+1111+1111", type);
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_EQ(text(*facts->amount), "12.30 USD");
  EXPECT_EQ(facts->merchant, "a&b");
  EXPECT_EQ(facts->card, test_vault().fingerprint("4111111111111111"));
  EXPECT_THAT(error_of(read(form_config(), "total=1&total=2&items=1", type)), HasSubstr("names total twice"));
  EXPECT_FALSE(read(form_config(), "total=1%2&items=1", type));
  EXPECT_FALSE(read(form_config(), "total=1", type));
  EXPECT_FALSE(read(form_config(), "total=1&items=1", "application/json"));
}

std::string make_error(const StandInConfig& config) {
  const auto made = FactsReader::make(config, test_vault());
  return made ? "" : made.error().what;
}

TEST(Facts, AreCheckedWhenTheDialectIsMade) {
  StandInConfig config = shop_config();
  config.facts["amout"] = "/x";
  EXPECT_THAT(make_error(config), HasSubstr("no fact amout; did you mean amount?"));
  config = shop_config();
  config.facts["merchant"] = "/a~b";
  EXPECT_THAT(make_error(config), HasSubstr("merchant"));
  config = shop_config();
  config.facts["merchant"] = "merchant";
  EXPECT_THAT(make_error(config), HasSubstr("either JSON or a form"));
  config = shop_config();
  config.amount_unit.reset();
  EXPECT_THAT(make_error(config), HasSubstr("amount_unit"));
  config = shop_config();
  config.facts.erase("currency");
  EXPECT_THAT(make_error(config), HasSubstr("currency"));
  config.currency = "DOLLARS";
  EXPECT_THAT(make_error(config), HasSubstr("DOLLARS"));
}

}  // namespace
}  // namespace standin
