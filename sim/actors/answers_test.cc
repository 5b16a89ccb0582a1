#include "sim/actors/answers.h"

#include <gtest/gtest.h>

namespace standin::sim {
namespace {

using Kind = Told::Kind;

Told hear(Side side, int status, const std::string& type, const std::string& body, const std::string& what = "sale") {
  Response response{.status = status, .headers = {}, .body = body};
  if (!type.empty()) response.headers.add("Content-Type", type);
  Told told{.what = what, .reference = {}, .key = {}, .content_type = {}, .body = {}};
  hear(side, response, told);
  return told;
}
Told shop(int status, const std::string& body) { return hear(Side::shop, status, "application/json", body); }
Told till(const std::string& line, const std::string& what = "sale", int status = 200) {
  return hear(Side::till, status, "text/html", line, what);
}
Told till_error(const std::string& code, const std::string& what = "sale") {
  return till("UMversion=2.9&UMstatus=Error&UMrefNum=0&UMresult=E&UMerror=Bad%20luck&UMerrorcode=" + code, what);
}
Told payments(int status, const std::string& body, const std::string& what = "sale") {
  return hear(Side::payments, status, "application/json", body, what);
}
Told object(const std::string& kind, const std::string& id, const std::string& state,
            const std::string& what = "sale") {
  return payments(200, R"({"id":")" + id + R"(","object":")" + kind + R"(","status":")" + state + R"("})", what);
}

TEST(ShopAnswers, AnOrderThatIsNamedIsAYes) {
  const Told told = shop(201, R"({"order":{"id":"ord_1","status":"accepted","total_cents":5}})");
  EXPECT_EQ(told.kind, Kind::yes);
  EXPECT_EQ(told.reference, "ord_1");
  EXPECT_FALSE(told.ours);
}

TEST(ShopAnswers, StandinsOwnReferenceIsKnown) {
  const Told told = shop(201, R"({"order":{"id":"gateway-down-01ARZ","status":"accepted"}})");
  EXPECT_EQ(told.kind, Kind::yes);
  EXPECT_TRUE(told.ours);
}

TEST(ShopAnswers, TheOrderThatIsThereAlreadyIsAYesUnlessItWasCancelled) {
  EXPECT_EQ(shop(409, R"({"existing_order":{"id":"ord_1","status":"accepted"}})").kind, Kind::yes);
  EXPECT_EQ(shop(409, R"({"existing_order":{"id":"ord_1","status":"accepted"}})").reference, "ord_1");
  EXPECT_EQ(shop(409, R"({"existing_order":{"id":"ord_1","status":"cancelled"}})").kind, Kind::neither);
}

TEST(ShopAnswers, ADeclineIsTheShopsOwnWord) {
  EXPECT_EQ(shop(422, R"({"error":{"message":"Card failed"}})").kind, Kind::no);
  EXPECT_EQ(hear(Side::shop, 422, "application/problem+json", R"({"error":{"message":"x"}})").kind, Kind::neither);
}

TEST(Answers, ADeclineInStandinsWordsIsKnown) {
  EXPECT_FALSE(shop(422, R"({"error":{"message":"Card failed"}})").ours);
  EXPECT_TRUE(shop(422, R"({"error":{"message":"Card declined, please try another"}})").ours);
  EXPECT_FALSE(till("UMrefNum=7&UMresult=D").ours);
  EXPECT_TRUE(till("UMrefNum=0&UMresult=D").ours);
  EXPECT_FALSE(payments(402, R"({"error":{"type":"card_error","charge":"ch_1"}})").ours);
  EXPECT_TRUE(payments(402, R"({"error":{"type":"card_error","charge":"ch_standin01ARZ"}})").ours);
}

TEST(ShopAnswers, WhatIsNotPlainIsNeither) {
  EXPECT_EQ(shop(503, R"({"error":{"message":"Please try again"}})").kind, Kind::neither);
  EXPECT_EQ(shop(502, R"({"order":{"id":"ord_1","status":"accepted"}})").kind, Kind::neither);
  EXPECT_EQ(shop(422, R"({"order":{"id":"ord_1","status":"accepted"}})").kind, Kind::neither);
  EXPECT_EQ(shop(201, R"({"order":{"id":"ord_1","stat)").kind, Kind::neither);
  EXPECT_EQ(hear(Side::shop, 200, "text/html", "<title>Sign in</title>").kind, Kind::neither);
  EXPECT_EQ(hear(Side::shop, 409, "application/problem+json", "{}").kind, Kind::neither);
}

TEST(ShopAnswers, TheAnswerIsKeptAsReceived) {
  const Told told = hear(Side::shop, 503, "text/plain", "nobody home");
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.content_type, "text/plain");
  EXPECT_EQ(told.body, "nobody home");
}

TEST(TillAnswers, AnApprovalIsAYes) {
  const Told told = till("UMstatus=Approved&UMauthCode=1&UMrefNum=132020588&UMresult=A&UMerrorcode=00000");
  EXPECT_EQ(told.kind, Kind::yes);
  EXPECT_EQ(told.reference, "132020588");
  EXPECT_FALSE(told.ours);
  EXPECT_EQ(till("UMrefNum=7&UMresult=P&UMauthAmount=1.00").kind, Kind::yes);
}

TEST(TillAnswers, ANumberOfSixteenDigitsIsStandinsOwn) {
  EXPECT_TRUE(till("UMrefNum=1795316645123007&UMresult=A").ours);
}

TEST(TillAnswers, AnApprovalThatNamesNothingIsNeither) {
  EXPECT_EQ(till("UMresult=A&UMrefNum=0").kind, Kind::neither);
  EXPECT_EQ(till("UMresult=A").kind, Kind::neither);
}

TEST(TillAnswers, ADeclineIsANo) {
  EXPECT_EQ(till("UMstatus=Declined&UMrefNum=0&UMresult=D&UMerrorcode=10127").kind, Kind::no);
  EXPECT_EQ(till_error("10204").kind, Kind::no);
  EXPECT_EQ(till_error("00017").kind, Kind::no);
}

TEST(TillAnswers, ErrorsOfTheGatewayAreNeither) {
  for (const char* code : {"00018", "00027", "00031", "00093", "09001", "10129", "00024", "12345"}) {
    EXPECT_EQ(till_error(code).kind, Kind::neither) << code;
  }
}

TEST(TillAnswers, AnythingButStatus200IsNeither) {
  EXPECT_EQ(till("UMrefNum=7&UMresult=A", "sale", 502).kind, Kind::neither);
  EXPECT_EQ(till("<html>UMresult</html>").kind, Kind::neither);
}

TEST(TillAnswers, AVoidOfWhatIsVoidedHoldsAndARefundTooMuchDoesNot) {
  EXPECT_EQ(till_error("00024", "void").kind, Kind::yes);
  EXPECT_EQ(till_error("00026", "void").kind, Kind::no);
  EXPECT_EQ(till_error("00112", "refund").kind, Kind::no);
  EXPECT_EQ(till_error("10126", "capture").kind, Kind::no);
  EXPECT_EQ(till_error("00027", "refund").kind, Kind::neither);
}

TEST(PaymentsAnswers, AnObjectsStatusIsTheAnswer) {
  EXPECT_EQ(object("payment_intent", "pi_1", "succeeded").kind, Kind::yes);
  EXPECT_EQ(object("payment_intent", "pi_1", "succeeded").reference, "pi_1");
  EXPECT_EQ(object("payment_intent", "pi_1", "requires_capture").kind, Kind::yes);
  EXPECT_EQ(object("charge", "ch_1", "failed").kind, Kind::no);
  EXPECT_EQ(object("payment_intent", "pi_1", "requires_payment_method").kind, Kind::no);
  EXPECT_EQ(object("payment_intent", "pi_1", "invented").kind, Kind::neither);
}

TEST(PaymentsAnswers, StandinsReferenceIsNotedAsTheJournalKnowsIt) {
  const Told told = object("payment_intent", "pi_standin01ARZ", "succeeded");
  EXPECT_TRUE(told.ours);
  EXPECT_EQ(told.reference, "standin01ARZ");
  EXPECT_FALSE(object("charge", "ch_1", "succeeded").ours);
}

TEST(PaymentsAnswers, ACancelledIntentGrantsAVoidAndNothingElse) {
  EXPECT_EQ(object("payment_intent", "pi_1", "canceled", "void").kind, Kind::yes);
  EXPECT_EQ(object("payment_intent", "pi_1", "canceled", "read").kind, Kind::no);
  EXPECT_EQ(object("payment_intent", "pi_1", "succeeded", "void").kind, Kind::neither);
}

TEST(PaymentsAnswers, OnlyACardsDeclineIsANoToACharge) {
  const auto error = [](const std::string& type) { return R"({"error":{"type":")" + type + R"("}})"; };
  EXPECT_EQ(payments(402, error("card_error")).kind, Kind::no);
  EXPECT_EQ(payments(400, error("idempotency_error")).kind, Kind::neither);
  EXPECT_EQ(payments(409, error("idempotency_error")).kind, Kind::neither);
  EXPECT_EQ(payments(500, error("api_error")).kind, Kind::neither);
  EXPECT_EQ(payments(400, error("invalid_request_error")).kind, Kind::neither);
  EXPECT_EQ(payments(400, error("invalid_request_error"), "refund").kind, Kind::no);
  EXPECT_EQ(payments(404, error("invalid_request_error"), "capture").kind, Kind::no);
  EXPECT_EQ(payments(500, error("api_error"), "refund").kind, Kind::neither);
}

}  // namespace
}  // namespace standin::sim
