#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"

namespace standin {
namespace {

using testing::ElementsAre;

TEST(Text, HexIsReadAsItIsWritten) {
  const std::vector<std::uint8_t> bytes{0x00, 0x01, 0x7f, 0x80, 0xff};
  EXPECT_EQ(hex(bytes), "00017f80ff");
  EXPECT_EQ(parse_hex("00017f80ff"), bytes);
  EXPECT_EQ(parse_hex("00017F80FF"), bytes);
  EXPECT_EQ(parse_hex(""), std::vector<std::uint8_t>());
}

TEST(Text, WhatIsNotHexIsNone) {
  for (const char* text : {"0", "0g", "0x00", " 00", "0-"}) EXPECT_FALSE(parse_hex(text)) << text;
}

TEST(Text, CaseIsIgnoredForAsciiAlone) {
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-TYPE"));
  EXPECT_FALSE(equal_ignoring_case("Content-Type", "Content-Typ"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
  EXPECT_EQ(lower("A-Z\xc4"), "a-z\xc4");
}

TEST(Text, TrimTakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Text, NearestIsWhatWasProbablyMeant) {
  const std::vector<std::string> known{"listen", "threads", "limits"};
  EXPECT_EQ(nearest("thread", known), "threads");
  EXPECT_EQ(nearest("lisetn", known), "listen");
  EXPECT_EQ(nearest("limit", known), "limits");
  EXPECT_EQ(nearest("listen", known), "listen");
}

TEST(Text, NothingIsNearToSomethingElse) {
  const std::vector<std::string> known{"on", "threads"};
  EXPECT_EQ(nearest("elephant", known), std::nullopt);
  EXPECT_EQ(nearest("ab", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
  EXPECT_EQ(nearest("thread", {}), std::nullopt);
}

TEST(Text, PartsAreAppendedInOrder) {
  std::string text = "before ";
  append_parts(text, std::string("one"), "", std::string_view("two"), "\r\n");
  EXPECT_EQ(text, "before onetwo\r\n");
}

TEST(Text, PartsMayBeOfTheTextItselfIfItNeedNotGrow) {
  std::string text = "name";
  text.reserve(64);
  append_parts(text, std::string_view(text), "!");
  EXPECT_EQ(text, "namename!");
}

TEST(Text, TrimTakesBlanksFromBothEndsAlone) {
  EXPECT_EQ(trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(OrderKey, TextIsSixtyFourHexadecimalCharacters) {
  OrderKey key;
  key.digest.bytes[0] = 0xab;
  EXPECT_EQ(key.text(), "ab" + std::string(62, '0'));
}

}  // namespace
}  // namespace standin
