#include "dialect/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "dialect/json_pointer.h"
#include "dialect/json_write.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string rewritten(std::string_view text, bool sorted = false) {
  const auto document = JsonDocument::parse(text);
  return document ? write_json(document->root(), {.sorted = sorted}) : "error: " + document.error().what;
}

std::string json_error(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  return document ? "" : document.error().what;
}

TEST(JsonDocument, KeepsEveryNumberAsItWasWritten) {
  for (const std::string number :
       {"12.30", "0", "-0", "-0.0", "1e3", "1E+3", "0.1", "9223372036854775808", "18446744073709551616",
        "123456789012345678901234567890", "1.10000000000000000000000000000001", "-9223372036854775809", "1.5e-7",
        "12345678", "1234567890123456", "12345678901234567", "0.00", "100.000000000000000000000"}) {
    EXPECT_EQ(rewritten(number), number);
    EXPECT_EQ(rewritten("[" + number + "," + number + "]"), "[" + number + "," + number + "]");
    EXPECT_EQ(rewritten("{\"a\": " + number + " }"), "{\"a\":" + number + "}");
  }
}

TEST(JsonDocument, RefusesANameThatOccursTwice) {
  EXPECT_EQ(json_error(R"({"amount":1,"b":2,"amount":1})"), "names amount twice");
  EXPECT_EQ(json_error(R"({"order":{"x":{},"x":[]}})"), "names x twice");
  EXPECT_EQ(json_error("{\"a\\u006dount\":1,\"amount\":2}"), "names amount twice");
  EXPECT_EQ(json_error(R"([{"a":1},{"a":1}])"), "");
}

TEST(JsonDocument, NeverQuotesAnAccountNumberUsedAsAName) {
  EXPECT_EQ(json_error(R"({"4111111111111111":1,"4111111111111111":2})"), "names a field twice");
}

TEST(JsonDocument, RefusesWhatIsNotOneJsonText) {
  for (const std::string_view text :
       {"",         " ",   "{",       "{}x",   "{} {}",   "[1,]",          "{\"a\":1,}", "nul",
        "'a'",      "01",  "+1",      ".5",    "1.",      "NaN",           "Infinity",   "-",
        "\"\x01\"", "\"a", "// x\n1", "{a:1}", "\"\\x\"", "\xef\xbb\xbf{}"}) {
    EXPECT_NE(json_error(text), "") << text;
  }
}

TEST(JsonDocument, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text : {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\\ud800\"", "{\"\xff\":1}"}) {
    EXPECT_NE(json_error(text), "") << text;
  }
  EXPECT_EQ(rewritten("\"\\u00e9\\ud83d\\ude00\""), "\"é😀\"");
}

TEST(JsonDocument, SaysWhereItStoppedBeingJson) {
  EXPECT_THAT(json_error("{\n \"a\": x}"), HasSubstr("line 2"));
  EXPECT_THAT(json_error("{}\n }"), HasSubstr("goes on after its JSON at line 2, column 2"));
  EXPECT_THAT(json_error(R"({"card": 4111111111111111 4111111111111111})"), Not(HasSubstr("4111")));
}

TEST(JsonDocument, RefusesDepthAndSizeWithoutBound) {
  EXPECT_EQ(json_error(std::string(60, '[') + std::string(60, ']')), "");
  EXPECT_NE(json_error(std::string(100'000, '[')), "");
  std::string many = "[0";
  for (std::size_t i = 0; i < json_values_max; ++i) many += ",0";
  EXPECT_NE(json_error(many + "]"), "");
  EXPECT_NE(json_error("\"" + std::string(json_bytes_max, 'x') + "\""), "");
}

TEST(JsonDocument, EscapesWhatAStringMayNotHold) {
  EXPECT_EQ(rewritten(R"("a\"\\\/\b\f\n\r\t\u0000\u001f")"), "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0000\\u001f\"");
}

TEST(JsonDocument, WritesEqualObjectsAlikeWhenSorted) {
  EXPECT_EQ(rewritten(R"({"b":[{"d":1,"c":2.0}],"a":null})", true), R"({"a":null,"b":[{"c":2.0,"d":1}]})");
  EXPECT_EQ(rewritten(R"({"b":1,"a":true})"), R"({"b":1,"a":true})");
}

class PointerTest : public testing::Test {
 protected:
  std::string at(const std::string& pointer) const {
    const auto parsed = JsonPointer::parse(pointer);
    if (!parsed) return "error";
    const auto value = parsed->in(document_.root());
    return value ? write_json(*value) : "nothing";
  }

  // RFC 6901 section 5.
  JsonDocument document_ = *JsonDocument::parse(
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})");
};

TEST_F(PointerTest, ReadsTheExamplesOfItsSpecification) {
  EXPECT_EQ(at("/foo"), R"(["bar","baz"])");
  EXPECT_EQ(at("/foo/0"), "\"bar\"");
  EXPECT_EQ(at("/"), "0");
  EXPECT_EQ(at("/a~1b"), "1");
  EXPECT_EQ(at("/c%d"), "2");
  EXPECT_EQ(at("/i\\j"), "5");
  EXPECT_EQ(at("/k\"l"), "6");
  EXPECT_EQ(at("/ "), "7");
  EXPECT_EQ(at("/m~0n"), "8");
}

TEST_F(PointerTest, FindsNothingByAnIndexThatIsNotCanonical) {
  for (const auto* pointer : {"/foo/00", "/foo/01", "/foo/-", "/foo/2", "/foo/-1", "/foo/+1", "/foo/1x", "/foo/ 1",
                              "/foo/", "/foo/99999999999999999999", "/foo/0/0", "/nothing/x"}) {
    EXPECT_EQ(at(pointer), "nothing") << pointer;
  }
}

TEST_F(PointerTest, RefusesAStrayTilde) {
  EXPECT_EQ(at("/a~"), "error");
  EXPECT_EQ(at("/a~2"), "error");
  EXPECT_EQ(at("foo"), "error");
}

std::string random_json(std::mt19937_64& random, int depth) {
  static const std::vector<std::string> leaves{
      "null", "true", "12.30", "-0", "1e9", "\"\"", "\"é\"", "\"a\\\"b\\\\\\n\"", "18446744073709551616"};
  const auto kind = random() % (depth > 4 ? 1 : 3);
  if (kind == 0) return leaves[random() % leaves.size()];
  std::string out = kind == 1 ? "[" : "{";
  const auto count = random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ",";
    if (kind == 2) out += "\"k" + std::to_string((random() % 1000) * 4 + i) + "\":";
    out += random_json(random, depth + 1);
  }
  return out + (kind == 1 ? "]" : "}");
}

TEST(JsonDocument, AnythingWrittenIsReadBackTheSame) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::string text = random_json(random, 0);
    EXPECT_EQ(rewritten(text), text);
    const std::string sorted = rewritten(text, true);
    EXPECT_EQ(rewritten(sorted, true), sorted);
  }
}

TEST(JsonDocument, DamagedTextIsAnErrorOrAnotherDocumentButNeverACrash) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::string text = random_json(random, 0);
    text[random() % text.size()] = static_cast<char>(random());
    const auto document = JsonDocument::parse(text);
    if (!document) continue;
    const std::string once = write_json(document->root());
    EXPECT_TRUE(is_utf8(once));
    EXPECT_EQ(rewritten(once), once);
  }
}

}  // namespace
}  // namespace standin
