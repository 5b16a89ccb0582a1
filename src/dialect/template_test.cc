#include "dialect/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "dialect/dialect_test_support.h"
#include "dialect/form.h"
#include "dialect/json_document.h"
#include "dialect/json_write.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

using dialect_test::post;
using dialect_test::Sample;
using testing::HasSubstr;

std::string rendered(std::string_view text, const Sample& sample = {}, Escape escape = Escape::json) {
  const auto compiled = Template::compile(text, escape);
  if (!compiled) return "error: " + compiled.error().what;
  const AnswerContext context = sample.context();
  PlaceholderValues values(context);
  return compiled->render([&](const Placeholder& placeholder) { return values(placeholder); });
}

Sample asking(std::string_view body) {
  Sample sample;
  sample.request = post(body);
  return sample;
}

std::string template_error(std::string_view text, Escape escape = Escape::json) {
  const auto compiled = Template::compile(text, escape);
  return compiled ? "" : compiled.error().what;
}

TEST(Template, FillsInEveryPlaceholder) {
  Sample sample;
  sample.request.headers.add("X-Shop", "north");
  sample.facts = {.amount = Money{1230, *Currency::parse("USD")},
                  .merchant = "m",
                  .customer = "c",
                  .card = "f",
                  .reference = "r",
                  .country = "US"};
  const auto text = [&](std::string_view placeholder) {
    return rendered("{{" + std::string(placeholder) + "}}", sample, Escape::text);
  };
  EXPECT_EQ(text("request:/order/total_cents"), "1234");
  EXPECT_EQ(text("header:x-shop"), "north");
  EXPECT_EQ(text("fact:amount"), "1230");
  EXPECT_EQ(text("fact:amount_decimal"), "12.30");
  EXPECT_EQ(text("fact:currency"), "USD");
  EXPECT_EQ(text("fact:merchant") + text("fact:customer") + text("fact:reference") + text("fact:country"), "mcrUS");
  EXPECT_EQ(text("reference"), sample.reference);
  EXPECT_EQ(text("request_id"), sample.request_id);
  EXPECT_EQ(text("order_key"), std::string(64, '0'));
  EXPECT_EQ(text("ulid"), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(text("now:iso8601"), "2026-11-22T03:04:05.678Z");
  EXPECT_EQ(text("now:iso8601s"), "2026-11-22T03:04:05Z");
  EXPECT_EQ(text("now:unix"), "1795316645");
  EXPECT_EQ(text("now:unix_ms"), "1795316645678");
  EXPECT_EQ(text("now:http"), "Sun, 22 Nov 2026 03:04:05 GMT");
  EXPECT_EQ(text("now:date"), "2026-11-22");
  EXPECT_EQ(text(" reference "), sample.reference);
}

TEST(Template, NamesTheNearestPlaceholder) {
  EXPECT_EQ(template_error("{{fact:amunt}}"), "there is no placeholder {{fact:amunt}}; did you mean {{fact:amount}}?");
  EXPECT_THAT(template_error("{{refrence}}"), HasSubstr("{{reference}}"));
  EXPECT_THAT(template_error("{{requst:/order/id}}"), HasSubstr("did you mean {{request:/order/id}}?"));
  EXPECT_THAT(template_error("{{heder:X-Foo}}"), HasSubstr("did you mean {{header:X-Foo}}?"));
  EXPECT_THAT(template_error("{{now:iso8602}}"), HasSubstr("now:iso8601"));
  EXPECT_THAT(template_error("{{something_else_entirely}}"), HasSubstr("known are {{fact:amount}}"));
}

TEST(Template, RefusesPlaceholdersThatSayNothing) {
  for (const auto* text :
       {"{{", "{{reference", "{{}}", "{{ }}", "{{request:}}", "{{header:}}", "{{request:/a~}}", "{{fact:card}}",
        "{{reference:digits:0}}", "{{reference:digits:19}}", "{{reference:digits:}}", "{{reference:digits:9x}}"}) {
    EXPECT_NE(template_error(text, Escape::text), "") << text;
  }
}

TEST(Template, PutsWholeValuesOutsideQuotes) {
  const Sample sample = asking(R"({"s":"a\"b","n":12.30,"o":{"b":1,"a":[2.0]},"t":true,"z":null})");
  EXPECT_EQ(rendered(R"({"x":{{request:/s}}})", sample), R"({"x":"a\"b"})");
  EXPECT_EQ(rendered(R"({"x":{{request:/n}}})", sample), R"({"x":12.30})");
  EXPECT_EQ(rendered(R"({"x":{{request:/o}}})", sample), R"({"x":{"b":1,"a":[2.0]}})");
  EXPECT_EQ(rendered(R"({"x":{{request:/t}}})", sample), R"({"x":true})");
  EXPECT_EQ(rendered(R"({"x":{{request:/z}}})", sample), R"({"x":null})");
  EXPECT_EQ(rendered(R"({"x":{{request:/missing}}})", sample), R"({"x":null})");
  EXPECT_EQ(rendered(R"([{{fact:amount}},{{fact:merchant}}])"), "[null,null]");
}

TEST(Template, EscapesValuesInsideQuotes) {
  const Sample sample = asking(R"({"s":"\"},{\"\\\n\u0000","o":{"a":"b"},"n":1e9})");
  EXPECT_EQ(rendered(R"({"x":"{{request:/s}}"})", sample), R"({"x":"\"},{\"\\\n\u0000"})");
  EXPECT_EQ(rendered(R"({"x":"<{{request:/o}}>"})", sample), R"({"x":"<{\"a\":\"b\"}>"})");
  EXPECT_EQ(rendered(R"({"x":"n{{request:/n}}"})", sample), R"({"x":"n1e9"})");
  EXPECT_EQ(rendered(R"({"x":"<{{request:/missing}}>"})", sample), R"({"x":"<>"})");
  EXPECT_EQ(rendered(R"({"a\"b":"{{reference}}"})", sample), R"({"a\"b":"gateway-down-01ARZ3NDEKTSV4RRFFQ69G5FAV"})");
}

TEST(Template, HasNothingToSayAboutARequestThatCannotBeRead) {
  EXPECT_EQ(rendered(R"({"x":{{request:/a}},"y":"{{request:/a}}"})", asking(R"({"a":1,"a":2})")),
            R"({"x":null,"y":""})");
  EXPECT_EQ(rendered(R"({"x":{{request:field}}})", asking("{}")), R"({"x":null})");
}

TEST(Template, ReadsFieldsOfAForm) {
  Sample sample;
  sample.request = post("name=a%22b&n=12", "application/x-www-form-urlencoded");
  EXPECT_EQ(rendered(R"({"x":{{request:name}},"n":{{request:n}}})", sample), R"({"x":"a\"b","n":"12"})");
}

TEST(Template, MustBeJsonWhateverIsFilledIn) {
  EXPECT_THAT(template_error(R"({"a":1,})"), HasSubstr("is not JSON"));
  EXPECT_THAT(template_error(R"({"a":{{reference}}{{ulid}}})"), HasSubstr("is not JSON"));
  EXPECT_THAT(template_error(R"({"a":{{fact:amount}}.00})"), HasSubstr("is not JSON"));
  EXPECT_THAT(template_error(R"({"a":-{{fact:amount}}})"), HasSubstr("is not JSON"));
  EXPECT_THAT(template_error(R"({ {{reference}}:1})"), HasSubstr("missing"));
  EXPECT_THAT(template_error("{\n\"a\":\"\\{{reference}}\"}"), HasSubstr("backslash"));
  EXPECT_THAT(template_error("{\n\"a\": {{reference}}\n\"b\":1}"), HasSubstr("line 3"));
  EXPECT_THAT(template_error(R"({"a":"{{reference}}","a":1})"), HasSubstr("names a twice"));
  EXPECT_THAT(template_error("plain text"), HasSubstr("is not JSON"));
}

TEST(Template, EscapesForTheOtherContentTypes) {
  Sample sample = asking(R"({"s":"<a href='x'>&\"\n\u007f é b</a>"})");
  EXPECT_EQ(rendered("<b>{{request:/s}}</b>", sample, Escape::markup),
            "<b>&lt;a href=&#39;x&#39;&gt;&amp;&quot; é b&lt;/a&gt;</b>");
  EXPECT_EQ(rendered("x={{request:/s}}", asking(R"({"s":"a&b=c d"})"), Escape::form), "x=a%26b%3Dc%20d");
  EXPECT_EQ(rendered("{{request:/s}}|{{request:/missing}}", asking(R"({"s":"a\r\nSet-Cookie: x"})"), Escape::text),
            "aSet-Cookie: x|");
}

TEST(Template, MendsHeadersThatAreNotUtf8) {
  Sample sample;
  sample.request.headers.add("X-Odd", "\xff\"");
  EXPECT_EQ(rendered(R"(["{{header:X-Odd}}",{{header:X-Odd}},{{header:X-None}}])", sample),
            "[\"\xef\xbf\xbd\\\"\",\"\xef\xbf\xbd\\\"\",null]");
}

TEST(Template, IsTheSameBytesForTheSameContext) {
  const auto* text = R"(["{{uuid}}","{{ulid}}",{{reference:digits:9}},{{now:unix_ms}},"{{order_key}}"])";
  EXPECT_EQ(rendered(text), rendered(text));
}

TEST(Template, NumbersFromAnIdHaveTheirDigits) {
  SCOPED_TRACE("seed 11");
  dialect_test::SeededRandom random(11);
  UlidMaker maker(random);
  for (int i = 0; i < 500; ++i) {
    const Ulid id = maker.make(wall_time(1'700'000'000'000 + i / 3));
    for (int digits = 1; digits <= 18; ++digits) {
      const std::string number = digits_from(id, digits);
      ASSERT_EQ(number.size(), static_cast<std::size_t>(digits));
      ASSERT_NE(number[0], '0');
      ASSERT_EQ(number, digits_from(id, digits));
    }
  }
}

TEST(Template, NeighbouringIdsHaveDifferentNumbersAndUuids) {
  dialect_test::SeededRandom random(12);
  UlidMaker maker(random);
  std::set<std::string> numbers, uuids;
  for (int i = 0; i < 1000; ++i) {
    const Ulid id = maker.make(wall_time(1'700'000'000'000));
    numbers.insert(digits_from(id, 12));
    uuids.insert(uuid_from(id));
  }
  EXPECT_EQ(numbers.size(), 1000u);
  EXPECT_EQ(uuids.size(), 1000u);
}

TEST(Template, AnIdHasTheSameNumberAndUuidInEveryVersionOfTheProgram) {
  const auto id = *Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(digits_from(id, 9), "511196507");
  EXPECT_EQ(uuid_from(id), "01563e3a-b5d3-7676-8c61-efb99302bd5b");
}

TEST(Template, UuidsAreOfVersionSeven) {
  const auto id = *Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_THAT(uuid_from(id),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(Template, NoRequestCanBreakTheAnswersJson) {
  const auto compiled = Template::compile(
      R"({"a":{{request:/a}},"b":"x{{request:/a}}y","{{request:/b}}":1,"list":[{{request:/b}},{{header:X}}],"h":"{{header:X}}"})",
      Escape::json);
  ASSERT_TRUE(compiled);
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::string value(random() % 12, '\0');
    for (char& c : value) c = static_cast<char>(random());
    Sample sample;
    std::string quoted = "\"";
    append_json_escaped(quoted, mended_utf8(value));
    sample.request = post(R"({"a":)" + quoted + R"(","b":)" + quoted + "_\"}");
    sample.request.headers.add("X", without_controls(value));
    const AnswerContext context = sample.context();
    PlaceholderValues values(context);
    const auto text = compiled->render([&](const Placeholder& placeholder) { return values(placeholder); });
    const auto document = JsonDocument::parse(text);
    ASSERT_TRUE(document) << document.error().what;
    EXPECT_EQ(document->root().member("a")->text(), mended_utf8(value));
  }
}

}  // namespace
}  // namespace standin
