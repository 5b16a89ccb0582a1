#include <gtest/gtest.h>

#include "dialect/charge.h"

namespace standin {
namespace {

TEST(Card, TellsItsNetworkByItsFirstDigits) {
  EXPECT_EQ(card_network("4000100011112224"), "visa");
  EXPECT_EQ(card_network("5555555555554444"), "mastercard");
  EXPECT_EQ(card_network("2223003122003222"), "mastercard");
  EXPECT_EQ(card_network("2720990000000000"), "mastercard");
  EXPECT_EQ(card_network("378282246310005"), "amex");
  EXPECT_EQ(card_network("6011111111111117"), "discover");
  EXPECT_EQ(card_network("6445644564456445"), "discover");
  EXPECT_EQ(card_network("3530111333300000"), "jcb");
  EXPECT_EQ(card_network("36227206271667"), "diners");
}

TEST(Card, OfNoKnownNetworkHasNone) {
  for (const auto* number : {"", "4", "2721000000000000", "9999999999999995", "4000 1000 1111 2224", "tok_visa"})
    EXPECT_EQ(card_network(number), "") << number;
}

TEST(Card, ShowsFirstSixAndLastFour) {
  EXPECT_EQ(shown_card("4000100011112224"), "400010xxxxxx2224");
  EXPECT_EQ(shown_card("378282246310005"), "378282xxxxx0005");
}

TEST(Card, ShowsNothingOfWhatIsTooShortToHide) {
  EXPECT_EQ(shown_card("1234567890"), "xxxxxxxxxx");
  EXPECT_EQ(shown_card("not-a-card-number"), "xxxxxxxxxxxxxxxxx");
  EXPECT_EQ(shown_card(""), "");
}

}  // namespace
}  // namespace standin
