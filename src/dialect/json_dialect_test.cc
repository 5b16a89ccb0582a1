#include "dialect/json_dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/dialect_test_support.h"

namespace standin {
namespace {

using dialect_test::answer;
using dialect_test::error_of;
using dialect_test::make;
using dialect_test::order_body;
using dialect_test::post;
using dialect_test::Sample;
using dialect_test::shop_config;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(JsonDialect, IsOneOfThoseThatAreKnown) {
  StandInConfig config = shop_config();
  config.dialect = "jason";
  EXPECT_EQ(error_of(config), "stand_in.order: there is no dialect jason; known are json, usaepay, stripe");
}

TEST(JsonDialect, SameFieldsInAnotherOrderAreTheSamePayload) {
  const auto dialect = make(shop_config());
  const auto normal = [&](std::string_view body) { return dialect->read(post(body)).normalised; };
  EXPECT_EQ(normal(R"({"b":1.0,"a":{"d":[1,2],"c":"x"}})"),
            normal(" {\"a\": {\"c\":\"\\u0078\", \"d\":[1, 2]}, \"b\":1.0}"));
  EXPECT_NE(normal(R"({"b":1.0})"), normal(R"({"b":1.00})"));
  EXPECT_NE(normal(R"([1,2])"), normal(R"([2,1])"));
  EXPECT_NE(normal(R"({"b":"1"})"), normal(R"({"b":1})"));
}

TEST(JsonDialect, MethodAndTargetBelongToThePayloadButHeadersDoNot) {
  const auto dialect = make(shop_config());
  Request request = post(order_body);
  const std::string before = dialect->read(request).normalised;
  request.headers.add("X-Trace", "1");
  EXPECT_EQ(dialect->read(request).normalised, before);
  request.target = "/orders?dry=1";
  EXPECT_NE(dialect->read(request).normalised, before);
  request.target = "/orders";
  request.method = "PUT";
  EXPECT_NE(dialect->read(request).normalised, before);
}

TEST(JsonDialect, PayloadsDoNotCountWhatIsStripped) {
  const auto dialect = make(shop_config());
  const std::string first = dialect->read(post(R"({"order":{"card":{"number":"4","cvv":"123"}}})")).normalised;
  EXPECT_EQ(first, dialect->read(post(R"({"order":{"card":{"cvv":"999","number":"4"}}})")).normalised);
  EXPECT_THAT(first, Not(HasSubstr("123")));
}

TEST(JsonDialect, PayloadsThatCannotBeReadAreTheirBytes) {
  const auto dialect = make(shop_config());
  EXPECT_EQ(dialect->read(post("{oops")).normalised, "POST /orders\n{oops");
  EXPECT_EQ(dialect->read(post("{ }", "text/plain")).normalised, "POST /orders\n{ }");
  EXPECT_EQ(dialect->read(post("b=2&a=1+1", "application/x-www-form-urlencoded")).normalised,
            "POST /orders\na=1%201&b=2");
}

TEST(JsonDialect, StripsSecurityDataAndNothingElse) {
  const auto dialect = make(shop_config());
  const Request stripped =
      dialect->stripped(post(R"({"order": {"total": 12.30, "card":{"cvv":"123","number":"4"}, "a":[]}})"));
  EXPECT_EQ(stripped.body, R"({"order":{"total":12.30,"card":{"number":"4"},"a":[]}})");
  EXPECT_EQ(stripped.target, "/orders");
  EXPECT_EQ(stripped.headers.find("Content-Type"), "application/json");
}

TEST(JsonDialect, LeavesTheBytesAloneWhereNothingIsStripped) {
  StandInConfig config = shop_config();
  EXPECT_EQ(make(config)->stripped(post(" {\"a\" : 1}")).body, " {\"a\" : 1}");
  config.strip.clear();
  EXPECT_EQ(make(config)->stripped(post("not json")).body, "not json");
}

TEST(JsonDialect, StripsElementsAndWholeObjects) {
  StandInConfig config = shop_config();
  config.strip = {"/cards/1", "/order/card", "/cards/0/cvv"};
  EXPECT_EQ(make(config)->stripped(post(R"({"cards":[{"n":1,"cvv":2},{"n":3}],"order":{"card":{"cvv":1}}})")).body,
            R"({"cards":[{"n":1}],"order":{}})");
}

TEST(JsonDialect, KeepsNothingOfABodyThatMayHideSecurityData) {
  const auto dialect = make(shop_config());
  EXPECT_EQ(dialect->stripped(post(R"({"order":{"card":{"cvv":"123"}})")).body, "");
  EXPECT_EQ(dialect->stripped(post(R"({"order":{"card":{"cvv":1,"cvv":2}}})")).body, "");
  EXPECT_EQ(dialect->stripped(post("cvv=1%", "application/x-www-form-urlencoded")).body, "");
  EXPECT_EQ(dialect->stripped(post(R"({"order":{"card":{"cvv":"123"}}})", "text/plain")).body, "");
}

TEST(JsonDialect, StripsFormFields) {
  StandInConfig config = shop_config();
  config.facts = {{"amount", "total"}};
  config.currency = "USD";
  config.require.clear();
  config.strip = {"cvv"};
  config.approve.body = "{}";
  const auto dialect = make(config);
  constexpr std::string_view type = "application/x-www-form-urlencoded";
  EXPECT_EQ(dialect->stripped(post("total=5&c%76v=123&x=a+b", type)).body, "total=5&x=a%20b");
  EXPECT_EQ(dialect->stripped(post("total=5&x=a+b", type)).body, "total=5&x=a+b");
  EXPECT_EQ(dialect->read(post("cvv=1&total=5", type)).normalised,
            dialect->read(post("total=5&cvv=2", type)).normalised);
}

TEST(JsonDialect, FieldsAreRawText) {
  const auto dialect = make(shop_config());
  const Request request = post(R"({"n":12.30,"s":"a\nb","o":{"b":1,"a":[true]},"z":null})");
  EXPECT_EQ(dialect->read(request).field("/n"), "12.30");
  EXPECT_EQ(dialect->read(request).field("/s"), "a\nb");
  EXPECT_EQ(dialect->read(request).field("/o"), R"({"a":[true],"b":1})");
  EXPECT_EQ(dialect->read(request).field("/missing"), std::nullopt);
  EXPECT_EQ(dialect->read(request).field("n"), std::nullopt);
  EXPECT_EQ(dialect->read(post("{")).field("/n"), std::nullopt);
  EXPECT_EQ(dialect->read(post("a=b+c", "application/x-www-form-urlencoded")).field("a"), "b c");
}

TEST(JsonDialect, AnswersByTemplate) {
  const auto dialect = make(shop_config());
  const Sample sample;
  const Response approved = dialect->approve(sample.context());
  EXPECT_EQ(approved.status, 201);
  EXPECT_EQ(approved.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(approved.body,
            R"({"order":{"id":"gateway-down-01ARZ3NDEKTSV4RRFFQ69G5FAV","total":1234,"state":"placed"}})");
  EXPECT_EQ(dialect->decline(sample.context()).status, 422);
  EXPECT_EQ(dialect->unavailable(sample.context()).status, 503);
  EXPECT_EQ(to_wire(approved), to_wire(dialect->approve(sample.context())));
}

TEST(JsonDialect, HeadersAreTemplatesThatCannotBeBroken) {
  StandInConfig config = shop_config();
  config.approve.headers.emplace_back("Location", "/orders/{{request:/id}}");
  Sample sample;
  sample.request = post(R"({"id":"a\r\nSet-Cookie: x\u0000"})");
  EXPECT_EQ(make(config)->approve(sample.context()).headers.find("Location"), "/orders/aSet-Cookie: x");
}

TEST(JsonDialect, TakesBodiesWithoutAContentTypeForJson) {
  StandInConfig config = shop_config();
  config.decline.headers.clear();
  EXPECT_EQ(make(config)->decline(Sample().context()).headers.find("Content-Type"), "application/json");
  config.decline.body = "not json";
  EXPECT_THAT(error_of(config), HasSubstr("stand_in.order: decline: the body"));
}

TEST(JsonDialect, ReportsTemplatesThatCannotBeUsed) {
  const auto with_approve = [](auto change) {
    StandInConfig config = shop_config();
    change(config.approve);
    return error_of(config);
  };
  EXPECT_THAT(with_approve([](auto& t) { t.status = 0; }), HasSubstr("needs a status"));
  EXPECT_THAT(with_approve([](auto& t) { t.body = "{{nope}}"; }), HasSubstr("there is no placeholder {{nope}}"));
  EXPECT_THAT(with_approve([](auto& t) { t.headers.emplace_back("content-length", "3"); }),
              HasSubstr("content-length"));
  EXPECT_THAT(with_approve([](auto& t) { t.headers.emplace_back("X Y", "3"); }), HasSubstr("not a header's name"));
  EXPECT_THAT(with_approve([](auto& t) { t.headers.emplace_back("X", "a\r\nb"); }), HasSubstr("control characters"));
  EXPECT_THAT(with_approve([](auto& t) { t.headers = {{"Content-Type", "image/png"}}; }), HasSubstr("image/png"));
  EXPECT_THAT(with_approve([](auto& t) { t.headers = {{"Content-Type", "{{header:Accept}}"}}; }),
              HasSubstr("Content-Type"));
}

TEST(JsonDialect, TemplateErrorsSayWhereTheTemplateIs) {
  StandInConfig config = shop_config();
  config.approve.body = "{";
  const auto made = make_dialect(config, dialect_test::test_vault());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().where, "standin.toml:10:3");
}

TEST(JsonDialect, RefusesATemplateThatWouldShowWhatIsStripped) {
  for (const auto* placeholder : {"/order/card/cvv", "/order/card", "/order", "/order/card/cvv/0"}) {
    StandInConfig config = shop_config();
    config.approve.body = "{\"x\":{{request:" + std::string(placeholder) + "}}}";
    EXPECT_THAT(error_of(config), HasSubstr("/order/card/cvv, which strip says may not be kept")) << placeholder;
  }
  StandInConfig config = shop_config();
  config.decline.headers.emplace_back("X-Card", "{{request:/order/card/cvv}}");
  EXPECT_NE(error_of(config), "");
}

TEST(JsonDialect, SeesNoDriftWhereTheShapesAgree) {
  const auto dialect = make(shop_config());
  const Sample sample;
  EXPECT_THAT(dialect->drift(answer(201, R"({"order":{"id":"o-1","total":99,"state":"new"}})"), sample.context()),
              IsEmpty());
  EXPECT_THAT(dialect->drift(answer(422, R"({"error":{"message":"No"}})"), sample.context()), IsEmpty());
}

TEST(JsonDialect, SeesDriftOfApprovalsAndDeclines) {
  const auto dialect = make(shop_config());
  const Sample sample;
  EXPECT_THAT(
      dialect->drift(answer(201, R"({"order":{"id":"o-1","total":"99","eta":5,"state":"new"}})"), sample.context()),
      testing::ElementsAre("the party's answer has /order/eta (number), the template does not",
                           "/order/total is string in the party's answer, number in the template"));
  EXPECT_THAT(dialect->drift(answer(402, R"({"error":{}})"), sample.context()),
              testing::ElementsAre("the party answers with status 402, the template with 422",
                                   "the template has /error/message (string), the party's answer does not"));
}

TEST(JsonDialect, ComparesNoOtherAnswers) {
  const auto dialect = make(shop_config());
  const Sample sample;
  for (const int status : {200, 301, 401, 403, 404, 408, 409, 429, 500, 503}) {
    EXPECT_THAT(dialect->drift(answer(status, "{}"), sample.context()), IsEmpty()) << status;
  }
  EXPECT_THAT(dialect->drift(answer(409, R"({"existing_order":{"id":1}})"), sample.context()), IsEmpty());
}

}  // namespace
}  // namespace standin
