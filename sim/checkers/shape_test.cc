#include "sim/checkers/answer_fields.h"
#include "sim/checkers/test_evidence.h"

namespace standin::sim {
namespace {

const std::string approval =
    "UMversion=2.9&UMstatus=Approved&UMauthCode=042366&UMrefNum=1763806949000001&UMavsResult=&UMresult=A&"
    "UMerror=Approved&UMerrorcode=00000&UMbatch=0&UMisDuplicate=N&UMauthAmount=25";
const std::string refusal =
    "UMversion=2.9&UMstatus=Declined&UMauthCode=000000&UMrefNum=0&UMresult=D&UMerror=Card%20Declined&"
    "UMerrorcode=10127&UMbatch=0&UMisDuplicate=N&UMauthAmount=0";
const std::string intent =
    R"({"id":"pi_standin01A","object":"payment_intent","amount":2500,"currency":"usd","status":"succeeded",)"
    R"("created":1763806949,"livemode":false,"metadata":{},"client_secret":"pi_standin01A_secret_x"})";
const std::string card_error = R"({"error":{"type":"card_error","code":"card_declined","message":"No."}})";

Told answer(Told::Kind kind, int status, std::string type, std::string reference, std::string body) {
  Told told = sim::told(kind, std::move(reference), true);
  told.status = status;
  told.content_type = std::move(type);
  told.body = std::move(body);
  return told;
}
Told form(std::string body) { return answer(Told::Kind::yes, 200, "text/html", "1763806949000001", std::move(body)); }
Told form_no(std::string body) { return answer(Told::Kind::no, 200, "text/html", "", std::move(body)); }
Told json(std::string body, int status = 200) {
  return answer(Told::Kind::yes, status, "application/json", "pi_standin01A", std::move(body));
}

Promises judged(Told told, std::string side = "till") {
  return broken(shape, run_of(purchase({std::move(told)}, std::move(side)), {}, {}));
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Shape, ThePartysOwnShapesAreLawful) {
  EXPECT_EQ(judged(form(approval)), nothing);
  EXPECT_EQ(judged(form_no(refusal)), nothing);
  EXPECT_EQ(judged(json(intent)), nothing);
  EXPECT_EQ(judged(answer(Told::Kind::no, 402, "application/json", "", card_error)), nothing);
  EXPECT_EQ(judged(yes(own_reference, true), "shop"), nothing);
  EXPECT_EQ(judged(no(true), "shop"), nothing);
}

TEST(Shape, WhatThePartySaidItselfIsNotJudged) {
  Told told = form("UMresult=A");
  told.ours = false;
  EXPECT_EQ(judged(told), nothing);
}

TEST(Shape, AFormThatIsNotTheVendorsIsFound) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"UMresult=A", "UMresult=E"},
                                                        {"Approved&UMauth", "approved&UMauth"},
                                                        {"042366", "42366"},
                                                        {"042366", "000000"},
                                                        {"UMrefNum=1763806949000001", "UMrefNum=gateway-down-1"},
                                                        {"UMrefNum=1763806949000001", "UMrefNum=1763806949000002"},
                                                        {"UMerrorcode=00000", "UMerrorcode=0"},
                                                        {"UMauthAmount=25", "UMauthAmount=2500"},
                                                        {"UMauthAmount=25", "UMauthAmount=25.001"},
                                                        {"UMavsResult=", "UMresult=A"},
                                                        {"&UMbatch=0", ""},
                                                        {"UMauthAmount=25", "UMauthAmount=25\n"}}) {
    EXPECT_EQ(judged(form(changed(approval, from, to))), Promises{"P6"}) << to;
  }
  EXPECT_EQ(judged(answer(Told::Kind::yes, 201, "text/html", "1763806949000001", approval)), Promises{"P6"});
  EXPECT_EQ(judged(answer(Told::Kind::yes, 200, "text/plain", "1763806949000001", approval)), Promises{"P6"});
}

TEST(Shape, ADeclineOfAnotherVendorIsFound) {
  EXPECT_EQ(judged(form_no(changed(refusal, "UMresult=D", "UMresult=A"))), Promises{"P6"});
  EXPECT_EQ(judged(form_no(changed(refusal, "10127", "00000"))), Promises{"P6"});
  EXPECT_EQ(judged(answer(Told::Kind::no, 400, "application/json", "", card_error)), Promises{"P6"});
  EXPECT_EQ(judged(answer(Told::Kind::no, 402, "application/json", "", "{}")), Promises{"P6"});
}

TEST(Shape, AnObjectThatIsNotTheApisIsFound) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{R"("id":"pi_)", R"("id":"ch_)"},
                                                        {"payment_intent", "payment"},
                                                        {"2500", "2501"},
                                                        {"usd", "USD"},
                                                        {"succeeded", "requires_action"},
                                                        {R"("metadata":{},)", ""},
                                                        {"pi_standin01A_secret_x", "secret"},
                                                        {R"("created":1763806949)", R"("created":"now")"},
                                                        {R"("created":1763806949)", R"("id":"pi_2")"},
                                                        {"false", "fals"}}) {
    EXPECT_EQ(judged(json(changed(intent, from, to))), Promises{"P6"}) << to;
  }
  EXPECT_EQ(judged(json(intent, 201)), Promises{"P6"});
}

TEST(Shape, AnOrderThatIsNotTheShopsIsFound) {
  Told told = yes(own_reference, true);
  told.status = 200;
  EXPECT_EQ(judged(told, "shop"), Promises{"P6"});
  told = yes(own_reference, true);
  told.reference = "another";
  EXPECT_EQ(judged(told, "shop"), Promises{"P6"});
  told = yes(own_reference, true);
  told.body = R"({"order":{"id":"gateway-down-01A","total_cents":1}})";
  EXPECT_EQ(judged(told, "shop"), Promises{"P6"});
  told.body = R"({"order":{"id":"gateway-down-01A","total_cents":2500,"currency":"USD"}})";
  EXPECT_EQ(judged(told, "shop"), nothing);
  told.content_type = "text/html";
  EXPECT_EQ(judged(told, "shop"), Promises{"P6"});
}

TEST(Shape, AYenHasNoDecimals) {
  Evidence run = run_of(purchase({form(changed(approval, "UMauthAmount=25", "UMauthAmount=2500"))}), {}, {});
  run.purchases.front().currency = "JPY";
  EXPECT_EQ(broken(shape, run), nothing);
}

TEST(AnswerFields, JsonIsReadByPath) {
  const auto fields = json_fields(R"( {"a": {"b": [1, "x\"y", null]}, "c": true, "d": -1.5e3} )");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at("a/b/0").value, "1");
  EXPECT_EQ(fields->at("a/b/1").value, R"(x\"y)");
  EXPECT_EQ(fields->at("a/b/2").kind, JsonField::Kind::null);
  EXPECT_EQ(fields->at("c").value, "true");
  EXPECT_EQ(fields->at("d").value, "-1.5e3");
}

TEST(AnswerFields, WhatIsNotJsonIsRefused) {
  for (const char* const text :
       {"", "{", "{}x", R"({"a":1,"a":2})", "[1,]", "01", "+1", ".5", "nan", "{a:1}", "\"\n\"", "<html>"}) {
    EXPECT_FALSE(json_fields(text)) << text;
  }
}

TEST(AnswerFields, AFormIsReadOnce) {
  EXPECT_EQ(form_fields("a=1%202&b=x+y")->at("a"), "1 2");
  EXPECT_EQ(form_fields("a=1&b=x+y")->at("b"), "x y");
  for (const char* const text : {"a=1&a=2", "a", "a=%4", "a=%zz"}) EXPECT_FALSE(form_fields(text)) << text;
}

}  // namespace
}  // namespace standin::sim
