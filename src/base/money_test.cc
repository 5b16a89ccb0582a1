#include "base/money.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace standin {
namespace {

Currency currency(std::string_view code) { return Currency::parse(code).value(); }

TEST(Currency, KnowsTheDecimalsOfItsMinorUnit) {
  EXPECT_EQ(currency("USD").decimals(), 2);
  EXPECT_EQ(currency("JPY").decimals(), 0);
  EXPECT_EQ(currency("KWD").decimals(), 3);
  EXPECT_EQ(currency("CLF").decimals(), 4);
}

TEST(Currency, IsReadInEitherCaseAndWrittenInCapitals) {
  EXPECT_EQ(currency("usd").code(), "USD");
  EXPECT_EQ(currency("usd"), currency("USD"));
}

TEST(Currency, ACodeThatIsNotListedIsNone) {
  for (const char* code : {"", "US", "USDX", "XXX", "XAU", "US ", "ABC", "D A", "U\0D"}) {
    EXPECT_FALSE(Currency::parse(code)) << code;
  }
}

TEST(Money, MinorUnitsAreDigitsAlone) {
  EXPECT_EQ(money_from_minor("1234", currency("USD"))->minor, 1234);
  EXPECT_EQ(money_from_minor("0", currency("USD"))->minor, 0);
  for (const char* text : {"", "-5", "+5", " 5", "5 ", "1e3", "0.30", "1,000", "0x10", "12.0", "NaN", "١"}) {
    EXPECT_FALSE(money_from_minor(text, currency("USD"))) << text;
  }
}

TEST(Money, AbsurdAmountsAreRefusedAndNeverWrapAround) {
  for (const char* text : {"9223372036854775808", "9223372036854775807", "18446744073709551616", "1000000000000001",
                           "100000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(money_from_minor(text, currency("USD"))) << text;
  }
  EXPECT_EQ(money_from_minor("1000000000000000", currency("USD"))->minor, amount_minor_max);
  EXPECT_FALSE(money_from_decimal("92233720368547758.08", currency("USD")));
}

TEST(Money, DecimalsAreExact) {
  EXPECT_EQ(money_from_decimal("0.30", currency("USD"))->minor, 30);
  EXPECT_EQ(money_from_decimal("0.3", currency("USD"))->minor, 30);
  EXPECT_EQ(money_from_decimal("3", currency("USD"))->minor, 300);
  EXPECT_EQ(money_from_decimal("4.35", currency("USD"))->minor, 435);
  EXPECT_EQ(money_from_decimal("1.005", currency("KWD"))->minor, 1005);
  EXPECT_EQ(money_from_decimal("100", currency("JPY"))->minor, 100);
}

TEST(Money, MoreDecimalsThanTheCurrencyHasAreRefused) {
  EXPECT_FALSE(money_from_decimal("12.345", currency("USD")));
  EXPECT_FALSE(money_from_decimal("12.300", currency("USD")));
  EXPECT_FALSE(money_from_decimal("100.0", currency("JPY")));
  EXPECT_FALSE(money_from_decimal("1.0005", currency("KWD")));
  EXPECT_FALSE(money_from_decimal("0.30000000000000004", currency("USD")));
}

TEST(Money, SignsExponentsSeparatorsAndSpacesAreRefused) {
  for (const char* text : {"", ".", "-5", "+5", " 5", "5 ", "1e3", "1,000.00", "1.", ".5", "1..2", "1.2.3", "0.-1"}) {
    EXPECT_FALSE(money_from_decimal(text, currency("USD"))) << text;
  }
}

TEST(Money, TextHasAnAmountAndACurrency) {
  EXPECT_EQ(parse_money("25.00 USD")->minor, 2500);
  EXPECT_EQ(parse_money("25 jpy")->currency, currency("JPY"));
  for (const char* text : {"", "25.00", "USD 25.00", "25.00USD", "25.00  USD", "25.00 USX", "25.00 USD ", "-1 USD"}) {
    EXPECT_FALSE(parse_money(text)) << text;
  }
}

TEST(Money, IsWrittenWithTheDecimalsOfItsCurrency) {
  EXPECT_EQ(text({2500, currency("USD")}), "25.00 USD");
  EXPECT_EQ(text({5, currency("USD")}), "0.05 USD");
  EXPECT_EQ(text({0, currency("USD")}), "0.00 USD");
  EXPECT_EQ(text({100, currency("JPY")}), "100 JPY");
  EXPECT_EQ(text({1005, currency("KWD")}), "1.005 KWD");
  EXPECT_EQ(decimal({-5, currency("USD")}), "-0.05");
  EXPECT_EQ(decimal({INT64_MIN, currency("JPY")}), "-9223372036854775808");
}

TEST(Money, IsReadAsItIsWritten) {
  for (const std::int64_t minor : {0L, 1L, 99L, 100L, 101L, amount_minor_max}) {
    for (const char* code : {"USD", "JPY", "KWD", "CLF"}) {
      const Money money{minor, currency(code)};
      EXPECT_EQ(parse_money(text(money)).value(), money);
    }
  }
}

TEST(Money, TheSameNumberHasTheDecimalsOfTheOtherCurrency) {
  const Money twelve{1200, currency("USD")};
  EXPECT_EQ(text(same_number(twelve, currency("EUR"))), "12.00 EUR");
  EXPECT_EQ(text(same_number(twelve, currency("KWD"))), "12.000 KWD");
  EXPECT_EQ(text(same_number({1250, currency("USD")}, currency("JPY"))), "12 JPY");
}

TEST(Money, TenthsAddUp) {
  const std::int64_t sum =
      money_from_decimal("0.1", currency("USD"))->minor + money_from_decimal("0.2", currency("USD"))->minor;
  EXPECT_EQ(sum, money_from_decimal("0.3", currency("USD"))->minor);
}

TEST(Money, AmountsOfDifferentCurrenciesDiffer) {
  EXPECT_NE((Money{100, currency("USD")}), (Money{100, currency("EUR")}));
}

}  // namespace
}  // namespace standin
