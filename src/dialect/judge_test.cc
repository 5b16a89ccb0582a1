#include "dialect/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/dialect_test_support.h"

namespace standin {
namespace {

using dialect_test::answer;
using dialect_test::shop_config;

Judgement judged(const Response& response, const StandInConfig& config = shop_config()) {
  return Judge::make(config)->judge(response);
}

constexpr std::string_view own_error = R"({"error":{"message":"x"}})";
constexpr std::string_view sign_in_page = "<html>Sign in</html>";

TEST(Judge, TrustsOnlyTheExpectedSuccess) {
  const Judgement judgement = judged(answer(201, R"({"order":{"id":"o-1"}})", "application/json; charset=utf-8"));
  EXPECT_EQ(judgement.outcome, Outcome::approved);
  EXPECT_EQ(judgement.upstream_reference, "o-1");
  EXPECT_FALSE(judgement.already_there);
  EXPECT_EQ(judged(answer(201, R"({"order":{"id":12345678901234567890}})")).upstream_reference, "12345678901234567890");
}

TEST(Judge, AnythingShortOfItIsUnknown) {
  for (const Response& response :
       {answer(200, R"({"order":{"id":"o-1"}})"), answer(201, sign_in_page, "text/html"),
        answer(201, R"({"order":{"id":"o-1"}})", "text/html"), answer(201, R"({"order":{"id":"o-1"}})", ""),
        answer(201, R"({"order":{"id":null}})"), answer(201, R"({"order":{"id":""}})"), answer(201, R"({"order":{}})"),
        answer(201, R"({"order":{"id":"o-1"})"), answer(201, ""), answer(201, R"({"order":{"id":"o-1","id":"o-2"}})"),
        answer(202, "{}"), answer(204, "", ""), answer(301, "", ""), answer(302, sign_in_page, "text/html"),
        answer(100, "", ""), answer(200, sign_in_page, "text/html")}) {
    const Judgement judgement = judged(response);
    EXPECT_EQ(judgement.outcome, Outcome::unknown) << to_wire(response);
    EXPECT_EQ(judgement.cause, Cause::untrustworthy);
    EXPECT_TRUE(judgement.pause_replay);
  }
}

TEST(Judge, TakesStatusAndExistingNameTogetherAsProof) {
  const Judgement proof = judged(answer(409, R"({"existing_order":{"id":"o-1"}})"));
  EXPECT_EQ(proof.outcome, Outcome::approved);
  EXPECT_TRUE(proof.already_there);
  EXPECT_EQ(proof.upstream_reference, "o-1");
  EXPECT_NE(judged(answer(400, R"({"existing_order":{"id":"o-1"}})")).outcome, Outcome::approved);
  EXPECT_NE(judged(answer(409, R"({"existing_order":{"id":{}}})")).outcome, Outcome::approved);
}

TEST(Judge, ABareConflictProvesNothing) {
  for (const std::string_view body : {R"({"existing_order":{}})", R"({"existing_order":{"id":null}})", "{}", ""}) {
    const Judgement judgement = judged(answer(409, body));
    EXPECT_EQ(judgement.outcome, Outcome::unknown);
    EXPECT_EQ(judgement.cause, Cause::untrustworthy);
    EXPECT_FALSE(judgement.already_there);
    EXPECT_FALSE(judgement.pause_replay);
  }
}

TEST(Judge, ServerErrorsMayHaveHappened) {
  for (const int status : {500, 502, 503, 504, 599}) {
    const Judgement judgement = judged(answer(status, own_error));
    EXPECT_EQ(judgement.outcome, Outcome::unknown);
    EXPECT_EQ(judgement.cause, Cause::server_error);
  }
}

TEST(Judge, RefusedCredentialsArePassedOnButPauseAReplay) {
  for (const int status : {401, 403}) {
    for (const auto& response :
         {answer(status, own_error), answer(status, sign_in_page, "text/html"), answer(status, "", "")}) {
      EXPECT_EQ(judged(response).outcome, Outcome::declined);
      EXPECT_TRUE(judged(response).pause_replay);
    }
  }
}

TEST(Judge, ARouteThatVanishedIsNoDecline) {
  EXPECT_EQ(judged(answer(404, own_error)).outcome, Outcome::declined);
  EXPECT_TRUE(judged(answer(404, own_error)).pause_replay);
  EXPECT_EQ(judged(answer(404, sign_in_page, "text/html")).outcome, Outcome::unknown);
  EXPECT_TRUE(judged(answer(404, sign_in_page, "text/html")).pause_replay);
}

TEST(Judge, TooManyRequestsMeansNothingWasDone) {
  EXPECT_EQ(judged(answer(429, own_error)).outcome, Outcome::not_done);
  EXPECT_EQ(judged(answer(429, own_error)).cause, Cause::server_error);
  EXPECT_TRUE(judged(answer(429, own_error)).pause_replay);
  EXPECT_EQ(judged(answer(408, own_error)).outcome, Outcome::unknown);
  EXPECT_TRUE(judged(answer(408, own_error)).pause_replay);
}

TEST(Judge, DeclinesAreThePartysOwn) {
  for (const int status : {400, 402, 410, 422, 451}) {
    EXPECT_EQ(judged(answer(status, own_error)).outcome, Outcome::declined);
    EXPECT_FALSE(judged(answer(status, own_error)).pause_replay);
    EXPECT_EQ(judged(answer(status, sign_in_page, "text/html")).outcome, Outcome::unknown);
    EXPECT_TRUE(judged(answer(status, sign_in_page, "text/html")).pause_replay);
  }
}

TEST(Judge, DeclinesMayHaveTheDeclineTemplatesMediaType) {
  StandInConfig config = shop_config();
  EXPECT_EQ(judged(answer(422, own_error, "application/problem+json"), config).outcome, Outcome::unknown);
  config.decline.headers = {{"content-type", "application/problem+json; charset=utf-8"}};
  EXPECT_EQ(judged(answer(422, own_error, "application/problem+json"), config).outcome, Outcome::declined);
  EXPECT_EQ(judged(answer(422, own_error), config).outcome, Outcome::declined);
}

TEST(Judge, WhatCouldNotBeTakenInWasNotDone) {
  for (const int status : {405, 413, 414, 415, 431}) {
    EXPECT_EQ(judged(answer(status, own_error)).outcome, Outcome::declined);
    EXPECT_FALSE(judged(answer(status, own_error)).pause_replay);
    EXPECT_EQ(judged(answer(status, sign_in_page, "text/html")).outcome, Outcome::declined);
    EXPECT_TRUE(judged(answer(status, sign_in_page, "text/html")).pause_replay);
  }
}

TEST(Judge, ExpectsAnySuccessInJsonUnlessTold) {
  StandInConfig config = shop_config();
  config.expect = {};
  EXPECT_EQ(judged(answer(204, "", ""), config).outcome, Outcome::approved);
  EXPECT_EQ(judged(answer(302, "", ""), config).outcome, Outcome::unknown);
  EXPECT_EQ(judged(answer(400, sign_in_page, "text/html"), config).outcome, Outcome::unknown);
  EXPECT_EQ(judged(answer(400, "{}", "application/problem+json"), config).outcome, Outcome::declined);
}

TEST(Judge, RefusesAProofThatProvesNothing) {
  StandInConfig config = shop_config();
  config.have_it = ExpectConfig{.status = {409}};
  EXPECT_FALSE(Judge::make(config));
  config.have_it = ExpectConfig{.pointer = "/id"};
  EXPECT_FALSE(Judge::make(config));
  config.have_it.reset();
  config.expect.pointer = "order/id";
  EXPECT_FALSE(Judge::make(config));
}

}  // namespace
}  // namespace standin
