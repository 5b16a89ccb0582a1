#include "dialect/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/dialect_test_support.h"

namespace standin {
namespace {

using dialect_test::answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> differences(std::string_view real, std::string_view ours) {
  return shape_differences(answer(200, real), answer(200, ours));
}

TEST(Shape, ValuesDoNotCount) { EXPECT_THAT(differences(R"({"a":1,"b":"x"})", R"({"b":"y","a":2.5})"), IsEmpty()); }

TEST(Shape, NullMatchesAnything) {
  EXPECT_THAT(differences(R"({"a":null,"b":{"c":1}})", R"({"a":{"x":1},"b":null})"), IsEmpty());
  EXPECT_THAT(differences(R"([{"a":1},{"a":null}])", R"([{"a":"x"}])"), IsEmpty());
}

TEST(Shape, ElementsOfAnArrayCountAsOne) {
  EXPECT_THAT(differences(R"({"a":[{"x":1},{"y":"s"}]})", R"({"a":[{"x":1,"y":"t"}]})"), IsEmpty());
  EXPECT_THAT(differences(R"({"a":[]})", R"({"a":[{"x":1}]})"), IsEmpty());
  EXPECT_THAT(differences(R"({"a":[{"x":1}]})", R"({"a":[{"x":"1"}]})"),
              ElementsAre("/a/*/x is number in the party's answer, string in the template"));
}

TEST(Shape, AMissingObjectIsOneDifference) {
  EXPECT_THAT(differences(R"({"a":{"b":{"c":1,"d":2}}})", "{}"),
              ElementsAre("the party's answer has /a (object), the template does not"));
  EXPECT_THAT(differences("{}", R"({"a":1})"),
              ElementsAre("the template has /a (number), the party's answer does not"));
  EXPECT_THAT(differences("[]", "{}"), ElementsAre("the body is array in the party's answer, object in the template"));
}

TEST(Shape, ComparesStatusAndMediaType) {
  EXPECT_THAT(shape_differences(answer(200, "{}", "text/html"), answer(201, "{}")),
              ElementsAre("the party answers with status 200, the template with 201",
                          "the party answers with content type text/html, the template with application/json"));
  EXPECT_THAT(shape_differences(answer(200, "{", "application/json; charset=utf-8"), answer(200, "{}")),
              ElementsAre(HasSubstr("is not JSON")));
  EXPECT_THAT(shape_differences(answer(200, "a", "text/plain"), answer(200, "b", "text/plain")), IsEmpty());
}

TEST(Shape, NeverShowsAnAccountNumberUsedAsAName) {
  EXPECT_THAT(differences(R"({"4111111111111111":1})", "{}"), ElementsAre(Not(HasSubstr("4111"))));
}

TEST(Shape, SumsUpWhatIsTooMuchToSay) {
  std::string many = "{\"a\":1";
  for (int i = 0; i < 99; ++i) many += ",\"f" + std::to_string(i) + "\":1";
  const auto said = differences(many + "}", "{}");
  ASSERT_EQ(said.size(), shape_differences_max + 1);
  EXPECT_EQ(said.back(), "and 80 differences more");
}

}  // namespace
}  // namespace standin
