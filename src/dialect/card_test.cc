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

TEST(Card, IsFoundInWhatPeopleWrite) {
  for (const auto* text : {"4000100011112224", "card 4000 1000 1111 2224 was told no", "(3782-822463-10005)",
                           "order 17: 4000100011112224", "17 4000-1000-1111-2224 05/30", "4000100011112224."})
    EXPECT_TRUE(holds_account_number(text)) << text;
}

TEST(Card, IsNotTakenForAnotherNumber) {
  for (const auto* text : {"", "4000100011112225", "order 1766402345678905", "4000  1000 1111 2224",
                           "call +1 202 555 0143", "2224", "40001000111122240000", "9999999999999995"})
    EXPECT_FALSE(holds_account_number(text)) << text;
}

}  // namespace
}  // namespace standin
