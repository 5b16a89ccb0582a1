#include "dialect/plain_text.h"

#include <gtest/gtest.h>

#include <random>

#include "base/text.h"

namespace standin {
namespace {

TEST(PlainText, KnowsWellFormedUtf8) {
  for (const std::string_view good : {"", "a", "é", "€", "😀", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                     "\xf5\x80\x80\x80", "a\xff", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(PlainText, MendsEveryStrayByteAndNothingElse) {
  EXPECT_EQ(mended_utf8("é\xff€\xc3"), "é\xef\xbf\xbd€\xef\xbf\xbd");
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::string text(random() % 20, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const std::string mended = mended_utf8(text);
    EXPECT_TRUE(is_utf8(mended));
    EXPECT_EQ(mended == text, is_utf8(text));
  }
}

TEST(PlainText, RecognisesAccountNumbersHoweverTheyAreSpaced) {
  EXPECT_EQ(account_number("4111 1111-1111 1111"), "4111111111111111");
  EXPECT_EQ(account_number("4222222222222"), "4222222222222");      // 13 digits
  EXPECT_EQ(account_number("6011000990139424000"), std::nullopt);   // 19 digits, fails Luhn
  EXPECT_EQ(account_number("378282246310005"), "378282246310005");  // 15 digits
  EXPECT_EQ(account_number("4111111111111112"), std::nullopt);
  EXPECT_EQ(account_number("411111111111"), std::nullopt);          // 12 digits
  EXPECT_EQ(account_number("00000000000000000000"), std::nullopt);  // 20 digits
  EXPECT_EQ(account_number("x4111111111111111"), std::nullopt);
  EXPECT_EQ(account_number(""), std::nullopt);
}

TEST(PlainText, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a b/&=%\r\né"), "a%20b%2F%26%3D%25%0D%0A%C3%A9");
}

}  // namespace
}  // namespace standin
