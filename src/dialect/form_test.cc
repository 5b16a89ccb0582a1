#include "dialect/form.h"

#include <gtest/gtest.h>

#include <random>

namespace standin {
namespace {

std::string form_error(std::string_view body) {
  const auto form = Form::parse(body);
  return form ? "" : form.error().what;
}

TEST(Form, DecodesNamesAndValues) {
  const auto form = Form::parse("amount=12.30&na%6De=a+b%2Bc&flag&empty=&&x=%C3%A9=");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->find("amount"), "12.30");
  EXPECT_EQ(form->find("name"), "a b+c");
  EXPECT_EQ(form->find("flag"), "");
  EXPECT_EQ(form->find("empty"), "");
  EXPECT_EQ(form->find("x"), "é=");
  EXPECT_EQ(form->find("missing"), std::nullopt);
}

TEST(Form, RefusesAPercentSignWithoutTwoDigits) {
  for (const auto* body : {"a=%", "a=%4", "a=%4g", "%zz=1", "a=1%", "a=% 1"}) EXPECT_NE(form_error(body), "") << body;
}

TEST(Form, RefusesTextThatIsNotUtf8) { EXPECT_NE(form_error("a=%ff"), ""); }

TEST(Form, RefusesAFieldThatIsRepeated) {
  EXPECT_EQ(form_error("amount=1&b=2&amount=900"), "names amount twice");
  EXPECT_EQ(form_error("amount=1&amoun%74=1"), "names amount twice");
}

TEST(Form, AnythingEncodedIsReadBackTheSame) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::string body;
    for (int i = 0; i < 5; ++i) {
      body += (body.empty() ? "" : "&") + std::string("f") + std::to_string(i) + "=";
      for (auto n = random() % 6; n > 0; --n)
        body += "%" + std::string(1, "234567"[random() % 6]) + "0123456789abcdeF"[random() % 16];
    }
    const auto form = Form::parse(body);
    ASSERT_TRUE(form) << body;
    const auto again = Form::parse(form->encoded());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->fields(), form->fields());
  }
}

TEST(Form, DamagedTextIsAnErrorOrAnotherFormButNeverACrash) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    std::mt19937_64 random(seed);
    std::string body(random() % 24, '\0');
    for (char& c : body) c = "ab=&%+2F\xff"[random() % 9];
    const auto form = Form::parse(body);
    if (form) EXPECT_EQ(Form::parse(form->encoded())->fields(), form->fields()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace standin
