#include "telemetry/json_line.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

std::string quoted(std::string_view value) {
  std::string out;
  append_json_string(out, value);
  return out;
}

TEST(JsonLine, NoValueCanEndItsStringOrItsLine) {
  EXPECT_EQ(quoted("a\"b\\c\nd\re\tf"), R"("a\"b\\c\nd\re\tf")");
  EXPECT_EQ(quoted(std::string_view("\0\x1b[31m\x7f", 7)), R"("\u0000\u001b[31m\u007f")");
}

TEST(JsonLine, WellFormedUtf8IsKept) { EXPECT_EQ(quoted("Zoë 東京 😀"), "\"Zoë 東京 😀\""); }

TEST(JsonLine, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(quoted("a\xffz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "an overlong slash";
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "a surrogate";
  EXPECT_EQ(quoted("x\xE6\x9D"), "\"x\xEF\xBF\xBD\xEF\xBF\xBD\"") << "cut off";
  EXPECT_EQ(quoted("\xF4\x90\x80\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "beyond U+10FFFF";
}

TEST(ValidUtf8, KeepsWhatIsWellFormedAndReplacesTheRest) {
  EXPECT_EQ(valid_utf8("Zoë\n"), "Zoë\n");
  EXPECT_EQ(valid_utf8("a\xffz"), "a\xEF\xBF\xBDz");
}

TEST(JsonLine, FieldsComeInTheOrderGivenAndEmptyOnesAreLeftOutWhereAsked) {
  JsonLine line;
  line.text("a", "").text_if_any("b", "").number("c", -7).milliseconds("d_ms", 1'234'567);
  EXPECT_EQ(line.fields(), R"("a":"","c":-7,"d_ms":1.235)");
  EXPECT_EQ(line.milliseconds("e_ms", 5'678).object(), R"({"a":"","c":-7,"d_ms":1.235,"e_ms":0.006})");
}

TEST(JsonLine, AValueThatHasToBeEscapedIsAlsoAFirstField) {
  JsonLine line;
  EXPECT_EQ(line.text("a", "\"").text("b", "plain").text("c", "\n").fields(), R"("a":"\"","b":"plain","c":"\n")");
}

}  // namespace
}  // namespace standin
