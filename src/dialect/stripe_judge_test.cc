#include "dialect/stripe_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/stripe_test_support.h"

namespace standin::stripe_test {
namespace {

Judgement judged(int status, std::string_view body) { return dialect().judge(answer(status, body)); }

std::string error(std::string_view type, std::string_view code = "") {
  return R"({"error":{"type":")" + std::string(type) + R"(","code":")" + std::string(code) + R"("}})";
}

TEST(StripeAnswer, WithAnIntentThatWasOrWillBeChargedIsApproved) {
  for (const std::string status : {"succeeded", "requires_capture", "processing"}) {
    const auto judgement = judged(200, R"({"id":"pi_1","object":"payment_intent","status":")" + status + "\"}");
    EXPECT_EQ(judgement.outcome, Outcome::approved) << status;
    EXPECT_EQ(judgement.upstream_reference, "pi_1");
    EXPECT_FALSE(judgement.already_there);
  }
}

TEST(StripeAnswer, WithAnIntentThatIsNotChargedIsADeclineAndNeverStoodInFor) {
  for (const std::string status : {"requires_action", "requires_payment_method", "requires_confirmation"}) {
    EXPECT_EQ(judged(200, R"({"id":"pi_1","object":"payment_intent","status":")" + status + "\"}").outcome,
              Outcome::declined);
  }
}

TEST(StripeAnswer, WithAChargeOrRefundIsApprovedUnlessItFailed) {
  EXPECT_EQ(judged(200, R"({"id":"ch_1","object":"charge","status":"succeeded","paid":true})").upstream_reference,
            "ch_1");
  EXPECT_EQ(judged(200, R"({"id":"ch_1","object":"charge","status":"failed"})").outcome, Outcome::declined);
  EXPECT_EQ(judged(200, R"({"id":"re_1","object":"refund","status":"pending"})").upstream_reference, "re_1");
  EXPECT_EQ(judged(200, R"({"id":"re_1","object":"refund","status":"failed"})").outcome, Outcome::declined);
}

TEST(StripeAnswer, WithAListOrAnotherObjectIsTheGatewaysOwnAndNamesNoCharge) {
  const auto judgement = judged(200, R"({"object":"list","data":[],"has_more":false})");
  EXPECT_EQ(judgement.outcome, Outcome::approved);
  EXPECT_EQ(judgement.upstream_reference, "");
}

TEST(StripeAnswer, ThatIsNotWhatTheGatewayWritesIsUnknown) {
  EXPECT_EQ(judged(200, "<html>Sign in</html>").outcome, Outcome::unknown);
  EXPECT_EQ(judged(200, R"({"id":"pi_1","object":"payment_intent","status":"succ)").outcome, Outcome::unknown);
  EXPECT_EQ(judged(200, R"({"id":"x","object":"payment_intent","status":"succeeded"})").outcome, Outcome::unknown);
  EXPECT_EQ(judged(200, R"({"id":"pi_1","object":"payment_intent"})").outcome, Outcome::unknown);
  EXPECT_EQ(judged(200, R"({"ok":true})").outcome, Outcome::unknown);
  EXPECT_EQ(judged(302, "").outcome, Outcome::unknown);
  EXPECT_EQ(dialect()
                .judge(answer(200, R"({"id":"pi_1","object":"payment_intent","status":"succeeded"})", "text/html"))
                .outcome,
            Outcome::unknown);
  EXPECT_TRUE(judged(200, "<html>Sign in</html>").pause_replay);
}

TEST(StripeAnswer, ThatIsReplayedProvesThatThePartyHadIt) {
  Response replayed = answer(200, R"({"id":"pi_1","object":"payment_intent","status":"succeeded"})");
  replayed.headers.add("Idempotent-Replayed", "true");
  EXPECT_TRUE(dialect().judge(replayed).already_there);
}

TEST(StripeAnswer, ThatDeclinesTheCardIsADecline) {
  EXPECT_EQ(judged(402, error("card_error", "card_declined")).outcome, Outcome::declined);
  EXPECT_FALSE(judged(402, error("card_error", "card_declined")).pause_replay);
  EXPECT_EQ(judged(400, error("invalid_request_error")).outcome, Outcome::declined);
  EXPECT_EQ(judged(402, "payment required").outcome, Outcome::unknown);
}

TEST(StripeAnswer, ThatWouldMeetEveryOrderPausesTheReplay) {
  EXPECT_EQ(judged(401, error("invalid_request_error")).outcome, Outcome::declined);
  for (const int status : {401, 403, 404, 408, 429}) {
    EXPECT_TRUE(judged(status, error("invalid_request_error")).pause_replay) << status;
  }
  EXPECT_EQ(judged(429, error("rate_limit_error")).outcome, Outcome::not_done);
  EXPECT_FALSE(judged(429, error("invalid_request_error", "lock_timeout")).pause_replay);
}

TEST(StripeAnswer, ThatTheKeyIsInUseIsUnknown) {
  EXPECT_EQ(judged(409, error("idempotency_error", "idempotency_key_in_use")).outcome, Outcome::unknown);
  EXPECT_FALSE(judged(409, error("idempotency_error")).pause_replay);
}

TEST(StripeAnswer, ThatTheKeyWasUsedOtherwiseIsANoThatLeavesOpenWhatBecameOfTheFirst) {
  const Judgement judgement = judged(400, error("idempotency_error"));
  EXPECT_EQ(judgement.outcome, Outcome::declined);
  EXPECT_EQ(judgement.said_of_order(), Outcome::unknown);
  EXPECT_FALSE(judgement.pause_replay);
}

TEST(StripeAnswer, ThatFailedTechnicallyIsUnknown) {
  for (const int status : {500, 502, 503, 504}) {
    EXPECT_EQ(judged(status, error("api_error")).outcome, Outcome::unknown);
    EXPECT_EQ(judged(status, error("api_error")).cause, Cause::server_error);
  }
  EXPECT_EQ(judged(500, R"({"id":"pi_1","object":"payment_intent","status":"succeeded"})").outcome, Outcome::unknown);
}

TEST(StripeAnswer, TellsAnotherPartysClientWhyTheCardWasDeclined) {
  const auto why = [](std::string_view code) {
    return dialect()
        .read_answer(answer(402, R"({"error":{"type":"card_error","code":"card_declined","decline_code":")" +
                                     std::string(code) + "\"}}"))
        ->why;
  };
  EXPECT_EQ(why("insufficient_funds"), ChargeAnswer::Why::insufficient_funds);
  EXPECT_EQ(why("stolen_card"), ChargeAnswer::Why::lost_or_stolen);
  EXPECT_EQ(why("try_again_later"), ChargeAnswer::Why::declined);
  EXPECT_EQ(dialect().read_answer(answer(402, error("card_error", "incorrect_cvc")))->why,
            ChargeAnswer::Why::wrong_security_code);
}

TEST(StripeAnswer, ThatSaysNothingOfTheChargeTellsAnotherPartysClientNothing) {
  EXPECT_FALSE(dialect().read_answer(answer(500, error("api_error"))));
  EXPECT_FALSE(dialect().read_answer(answer(401, error("invalid_request_error"))));
  EXPECT_FALSE(dialect().read_answer(answer(200, R"({"object":"list","data":[]})")));
}

}  // namespace
}  // namespace standin::stripe_test
