#include "dialect/stripe_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/stripe_test_support.h"

namespace standin::stripe_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view hold_body =
    "amount=1234&currency=usd&confirm=true&payment_method=pm_1&capture_method=manual";
const std::string intent_id = "pi_standin" + std::string(stripe_test::ulid);
const std::string charge_id = "ch_standin" + std::string(stripe_test::ulid);

Response approval(const Request& request) { return dialect().approve(Asked(request).context()); }

/// What became of an order since.
struct Fate {
  bool cancelled = false;
  std::int64_t refunded_minor = 0;
  std::optional<std::int64_t> part_minor, captured_minor, meant_minor;
};

std::optional<Money> dollars(std::optional<std::int64_t> minor) {
  return minor ? std::optional(Money{*minor, *Currency::parse("USD")}) : std::nullopt;
}

/// What a later request about an order of ours is answered.
Response about(const Request& charge, const Request& later, const Fate& fate = {}) {
  const Asked first(charge);
  const Response first_answer = dialect().approve(first.context());
  const OwnOrder order{.reference = first.reference,
                       .amount = *first.facts.amount,
                       .request = first.request,
                       .answer = first_answer,
                       .cancelled = fate.cancelled,
                       .refunded = *dollars(fate.refunded_minor),
                       .part = dollars(fate.part_minor),
                       .captured = dollars(fate.captured_minor),
                       .meant = dollars(fate.meant_minor),
                       .created = wall_time(1'795'316'649'000)};
  Asked asked(later);
  asked.reference = "standin01BX5ZZKBKACTAV9WEVGEMMVRZ";
  AnswerContext context = asked.context();
  context.id = *Ulid::parse("01BX5ZZKBKACTAV9WEVGEMMVRZ");
  return *dialect().answer_about(dialect().read(later).operation, order, context);
}

TEST(StripeApproval, OfAnIntentIsOneThatSucceeded) {
  const Response response = approval(post("/v1/payment_intents", intent_body));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(response.headers.find("Request-Id"), "req_01ARZ3NDEKTSV4RRFFQ69G5FAW");
  EXPECT_EQ(at(response, "/id"), intent_id);
  EXPECT_EQ(at(response, "/object"), "payment_intent");
  EXPECT_EQ(at(response, "/amount"), "1234");
  EXPECT_EQ(at(response, "/amount_received"), "1234");
  EXPECT_EQ(at(response, "/currency"), "usd");
  EXPECT_EQ(at(response, "/status"), "succeeded");
  EXPECT_EQ(at(response, "/latest_charge"), charge_id);
  EXPECT_EQ(at(response, "/payment_method"), "pm_card_visa");
  EXPECT_EQ(at(response, "/customer"), "cus_9");
  EXPECT_EQ(at(response, "/metadata/order_id"), "cart-9");
  EXPECT_EQ(at(response, "/created"), "1795316645");
  EXPECT_EQ(at(response, "/livemode"), "false");
}

TEST(StripeApproval, OfAHoldIsToBeCaptured) {
  const Response response = approval(post("/v1/payment_intents", hold_body));
  EXPECT_EQ(at(response, "/status"), "requires_capture");
  EXPECT_EQ(at(response, "/amount_capturable"), "1234");
  EXPECT_EQ(at(response, "/amount_received"), "0");
}

TEST(StripeApproval, OfAChargeIsAChargeThatIsPaid) {
  Request request = post("/v1/charges", "amount=500&currency=eur&source=tok_visa&description=a%22b");
  request.headers.set("Authorization", "Bearer sk_live_abc");
  request.headers.add("Idempotency-Key", "k-1");
  request.headers.add("Stripe-Version", "2025-01-27.acacia");
  const Response response = approval(request);
  EXPECT_EQ(at(response, "/id"), charge_id);
  EXPECT_EQ(at(response, "/object"), "charge");
  EXPECT_EQ(at(response, "/paid"), "true");
  EXPECT_EQ(at(response, "/captured"), "true");
  EXPECT_EQ(at(response, "/outcome/type"), "authorized");
  EXPECT_EQ(at(response, "/description"), "a\"b");
  EXPECT_EQ(at(response, "/livemode"), "true");
  EXPECT_EQ(response.headers.find("Idempotency-Key"), "k-1");
  EXPECT_EQ(response.headers.find("Stripe-Version"), "2025-01-27.acacia");
}

TEST(StripeApproval, ShowsOfACardOnlyWhatTheGatewayWould) {
  const Response response =
      approval(post("/v1/charges",
                    "amount=5&currency=usd&source[object]=card&source[number]=4242424242424242&source[exp_month]=1&"
                    "source[exp_year]=31&source[cvc]=987"));
  EXPECT_EQ(at(response, "/payment_method_details/card/last4"), "4242");
  EXPECT_EQ(at(response, "/payment_method_details/card/exp_year"), "2031");
  EXPECT_EQ(at(response, "/payment_method_details/card/brand"), "visa");
  EXPECT_THAT(response.body, Not(HasSubstr("424242")));
  EXPECT_THAT(response.body, Not(HasSubstr("987")));
}

TEST(StripeApproval, ExpandsTheChargeWhereThatIsAsked) {
  const Response response =
      approval(post("/v1/payment_intents", std::string(raw_card_body) + "&expand[0]=latest_charge"));
  EXPECT_EQ(at(response, "/latest_charge/id"), charge_id);
  EXPECT_EQ(at(response, "/latest_charge/payment_intent"), intent_id);
}

TEST(StripeApproval, IsTrustedByItsOwnDialect) {
  for (const auto& request : {post("/v1/payment_intents", intent_body), post("/v1/payment_intents", hold_body),
                              post("/v1/charges", "amount=5&currency=usd&source=tok_visa")}) {
    const Judgement judgement = dialect().judge(approval(request));
    EXPECT_EQ(judgement.outcome, Outcome::approved);
    EXPECT_EQ(dialect().own_reference(judgement.upstream_reference)->id, Ulid::parse(stripe_test::ulid));
  }
}

TEST(StripeApproval, NamesThePartysOwnOnceItIsKnown) {
  Asked asked(post("/v1/payment_intents", intent_body));
  asked.reference = "pi_3MtwBwLkdIwHu7ix28a3tqPa";
  EXPECT_EQ(at(dialect().approve(asked.context()), "/id"), "pi_3MtwBwLkdIwHu7ix28a3tqPa");
}

TEST(StripeReference, IsResolvedUnderEveryPrefix) {
  const Ulid id = *Ulid::parse(stripe_test::ulid);
  const std::string core = dialect().reference(id, 0);
  for (const std::string prefix : {"", "pi_", "ch_", "re_"}) {
    const auto own = dialect().own_reference(prefix + core);
    ASSERT_TRUE(own) << prefix;
    EXPECT_EQ(own->id, id);
  }
}

TEST(StripeReference, OfThePartyIsNotOurs) {
  for (const std::string reference : {"pi_3MtwBwLkdIwHu7ix28a3tqPa", "ch_standin", "standinX", "", "pi_", "cus_1"}) {
    EXPECT_FALSE(dialect().own_reference(reference)) << reference;
  }
}

TEST(StripeDecline, IsACardErrorThatNamesTheIntent) {
  const Response response = dialect().decline(Asked(post("/v1/payment_intents", intent_body)).context());
  EXPECT_EQ(response.status, 402);
  EXPECT_EQ(at(response, "/error/type"), "card_error");
  EXPECT_EQ(at(response, "/error/code"), "card_declined");
  EXPECT_EQ(at(response, "/error/decline_code"), "generic_decline");
  EXPECT_EQ(at(response, "/error/message"), "Your card was declined.");
  EXPECT_EQ(at(response, "/error/charge"), charge_id);
  EXPECT_EQ(at(response, "/error/payment_intent/status"), "requires_payment_method");
  EXPECT_EQ(dialect().judge(response).outcome, Outcome::declined);
}

TEST(StripeDecline, OfARequestThatCannotBeReadIsStillOne) {
  const Response response = dialect().decline(Asked(post("/v1/payment_intents", "amount=1&amount=2")).context());
  EXPECT_EQ(response.status, 402);
  EXPECT_EQ(at(response, "/error/payment_intent"), "(none)");
}

TEST(StripeDecline, CarriesAnotherPartysReason) {
  const Asked asked(post("/v1/charges", "amount=5&currency=usd&source=tok_visa"));
  const ChargeAnswer said{.outcome = Outcome::declined,
                          .upstream_reference = {},
                          .auth_code = {},
                          .part = {},
                          .why = ChargeAnswer::Why::expired_card};
  const auto response = dialect().write_answer(said, asked.context());
  ASSERT_TRUE(response);
  EXPECT_EQ(at(*response, "/error/code"), "expired_card");
  EXPECT_EQ(dialect().read_answer(*response)->why, ChargeAnswer::Why::expired_card);
}

TEST(StripeUnavailable, IsTheGatewaysOwnFailureAndAsksForTheSameKeyAgain) {
  const Response response = dialect().unavailable(Asked(post("/v1/charges", "")).context());
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(at(response, "/error/type"), "api_error");
  EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "true");
  EXPECT_EQ(dialect().judge(response).outcome, Outcome::unknown);
}

TEST(StripeRefusal, HasTheStatusAndTypeThatClientsGoBy) {
  Request request = post("/v1/payment_intents/pi_x/capture", "");
  request.headers.add("Idempotency-Key", "k-1");
  const Asked asked(request);
  const auto refused = [&](Refusal refusal) { return *dialect().refuse(refusal, asked.context()); };
  EXPECT_EQ(refused(Refusal::other_payload).status, 400);
  EXPECT_EQ(at(refused(Refusal::other_payload), "/error/type"), "idempotency_error");
  EXPECT_THAT(at(refused(Refusal::other_payload), "/error/message"), HasSubstr("'k-1'"));
  EXPECT_EQ(refused(Refusal::in_progress).status, 409);
  EXPECT_EQ(at(refused(Refusal::in_progress), "/error/code"), "idempotency_key_in_use");
  EXPECT_EQ(refused(Refusal::not_found).status, 404);
  EXPECT_EQ(at(refused(Refusal::not_found), "/error/message"), "No such payment_intent: 'pi_x'");
  EXPECT_EQ(at(refused(Refusal::ended), "/error/code"), "payment_intent_unexpected_state");
  EXPECT_EQ(refused(Refusal::key_missing).status, 400);
  EXPECT_EQ(refused(Refusal::not_reached).status, 503);
  EXPECT_EQ(refused(Refusal::no_answer).status, 504);
}

TEST(StripeDuplicate, IsMarkedAsReplayed) {
  EXPECT_EQ(dialect().marked_duplicate(answer(200, "{}")).headers.find("Idempotent-Replayed"), "true");
}

TEST(StripeAboutOurs, AReadShowsWhatWasAnswered) {
  const Request charge = post("/v1/payment_intents", intent_body);
  EXPECT_EQ(about(charge, get("/v1/payment_intents/" + intent_id)).body, approval(charge).body);
  EXPECT_EQ(at(about(charge, get("/v1/charges/" + charge_id)), "/payment_intent"), intent_id);
  EXPECT_EQ(at(about(charge, get("/v1/payment_intents/" + intent_id), {.cancelled = true}), "/status"), "canceled");
}

TEST(StripeAboutOurs, ACancellationIsGranted) {
  const Request cancel = post("/v1/payment_intents/" + intent_id + "/cancel", "cancellation_reason=duplicate");
  for (const bool withdrawn_already : {false, true}) {
    const Response response = about(post("/v1/payment_intents", intent_body), cancel, {.cancelled = withdrawn_already});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(at(response, "/status"), "canceled");
    EXPECT_EQ(at(response, "/cancellation_reason"), "duplicate");
    EXPECT_EQ(at(response, "/amount_received"), "0");
  }
}

TEST(StripeAboutOurs, ACaptureOfAHoldIsTakenDown) {
  const Request hold = post("/v1/payment_intents", hold_body);
  const Response part = about(hold, post("/v1/payment_intents/" + intent_id + "/capture", "amount_to_capture=1000"));
  EXPECT_EQ(at(part, "/status"), "succeeded");
  EXPECT_EQ(at(part, "/amount_received"), "1000");
  EXPECT_EQ(dialect().judge(part).outcome, Outcome::approved);
}

TEST(StripeAboutOurs, ACaptureOfMoreOrTwiceIsTheGatewaysError) {
  const Request capture = post("/v1/payment_intents/" + intent_id + "/capture", "amount_to_capture=1235");
  EXPECT_EQ(about(post("/v1/payment_intents", hold_body), capture).status, 400);
  EXPECT_EQ(at(about(post("/v1/payment_intents", intent_body), capture), "/error/code"),
            "payment_intent_unexpected_state");
}

TEST(StripeAboutOurs, ARefundIsTakenDownUnderAReferenceOfItsOwn) {
  const Response response =
      about(post("/v1/payment_intents", intent_body), post("/v1/refunds", "amount=34&payment_intent=" + intent_id));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(at(response, "/id"), "re_standin01BX5ZZKBKACTAV9WEVGEMMVRZ");
  EXPECT_EQ(at(response, "/amount"), "34");
  EXPECT_EQ(at(response, "/status"), "pending");
  EXPECT_EQ(at(response, "/payment_intent"), intent_id);
  EXPECT_EQ(dialect().judge(response).outcome, Outcome::approved);
}

TEST(StripeAboutOurs, ARefundOfMoreOrOfSomethingUnreadableIsTheGatewaysError) {
  const Request charge = post("/v1/payment_intents", intent_body);
  for (const std::string amount : {"1235", "10.5", "-5", "0", ""}) {
    const Response response = about(charge, post("/v1/refunds", "payment_intent=" + intent_id + "&amount=" + amount));
    EXPECT_EQ(response.status, 400) << amount;
    EXPECT_EQ(dialect().judge(response).outcome, Outcome::declined);
  }
}

TEST(StripeAboutOurs, NoMoreIsRefundedThanWasTaken) {
  const Request sale = post("/v1/payment_intents", intent_body);
  const Request hold = post("/v1/payment_intents", hold_body);
  const auto refund = [](std::string_view amount) {
    return post("/v1/refunds", "payment_intent=" + intent_id + std::string(amount));
  };
  for (const auto& [charge, fate] :
       {std::pair(sale, Fate{.part_minor = 800}), std::pair(hold, Fate{.captured_minor = 800}),
        std::pair(hold, Fate{.part_minor = 800, .captured_minor = 1234})}) {
    EXPECT_EQ(at(about(charge, refund("&amount=801"), fate), "/error/code"), "amount_too_large");
    EXPECT_EQ(at(about(charge, refund("&amount=800"), fate), "/amount"), "800");
    EXPECT_EQ(at(about(charge, refund(""), fate), "/amount"), "800") << "all that is left";
    EXPECT_EQ(at(about(charge, get("/v1/payment_intents/" + intent_id), fate), "/amount_received"), "800");
  }
}

TEST(StripeAboutOurs, AChargeThatIsOnlyHeldIsRefundedWhole) {
  const Request hold = post("/v1/charges", hold_body);
  EXPECT_EQ(about(hold, post("/v1/refunds", "amount=1233&charge=" + charge_id)).status, 400);
  EXPECT_EQ(at(about(hold, post("/v1/refunds", "charge=" + charge_id)), "/amount"), "1234");
}

TEST(StripeAboutOurs, AnIntentThatIsOnlyHeldIsToBeCancelled) {
  const Request hold = post("/v1/payment_intents", hold_body);
  const Response response = about(hold, post("/v1/refunds", "payment_intent=" + intent_id));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(at(response, "/error/code"), "payment_intent_unexpected_state");
}

TEST(StripeAboutOurs, ARefundThatNamesNoAmountMeansTheSameWhenItIsAskedAgain) {
  const Request charge = post("/v1/payment_intents", intent_body);
  const Request all = post("/v1/refunds", "payment_intent=" + intent_id);
  EXPECT_EQ(at(about(charge, all, {.refunded_minor = 400}), "/amount"), "834");
  EXPECT_EQ(at(about(charge, all, {.meant_minor = 834}), "/amount"), "834") << "the other one came to nothing since";
}

TEST(StripeAboutOurs, NothingIsRefundedAfterACancellation) {
  const Response response = about(post("/v1/payment_intents", intent_body),
                                  post("/v1/refunds", "payment_intent=" + intent_id), {.cancelled = true});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(at(response, "/error/code"), "charge_already_refunded");
}

TEST(StripeCharge, WrittenOutInTheRequestCanGoToAnotherParty) {
  const auto charge = dialect().charge(post("/v1/payment_intents", raw_card_body));
  ASSERT_TRUE(charge);
  EXPECT_EQ(charge->number.reveal(), "4242424242424242");
  EXPECT_EQ(charge->security_code.reveal(), "987");
  EXPECT_EQ(charge->expiry_month, 11);
  EXPECT_EQ(charge->expiry_year, 2031);
  EXPECT_EQ(charge->order_reference, "cart-9");
  EXPECT_TRUE(charge->capture);
}

TEST(StripeCharge, OfATokenOrOfSharedMoneyStaysWithItsParty) {
  EXPECT_FALSE(dialect().charge(post("/v1/payment_intents", intent_body)));
  EXPECT_FALSE(
      dialect().charge(post("/v1/payment_intents", std::string(raw_card_body) + "&transfer_data[destination]=acct_1")));
  Request connected = post("/v1/payment_intents", raw_card_body);
  connected.headers.add("Stripe-Account", "acct_1");
  EXPECT_FALSE(dialect().charge(connected));
}

TEST(StripeCharge, IsWrittenAsItIsReadBack) {
  const auto charge = dialect().charge(post("/v1/payment_intents", raw_card_body));
  ASSERT_TRUE(charge);
  const Credential credential{.name = SecretText("sk_test_2"), .secret = SecretText("")};
  const OutboundContext context{.key = {}, .reference = "7", .reverse_after = {}};
  const auto request = dialect().write_charge(*charge, credential, context);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->headers.find("Authorization"), "Bearer sk_test_2");
  EXPECT_EQ(request->headers.find("Idempotency-Key"), "standin-7");
  EXPECT_EQ(dialect().read(*request).field("metadata[standin_key]"), OrderKey{}.text());
  EXPECT_EQ(dialect().read(*request).operation, Operation::charge);
  const auto again = dialect().charge(*request);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number, charge->number);
  EXPECT_EQ(again->amount, charge->amount);
  EXPECT_EQ(again->order_reference, charge->order_reference);
}

TEST(StripeCharge, ThatTheGatewayCannotExpressIsNotWritten) {
  auto charge = dialect().charge(post("/v1/payment_intents", raw_card_body));
  const OutboundContext context{.key = {}, .reference = {}, .reverse_after = {}};
  EXPECT_FALSE(dialect().write_charge(*charge, {}, context)) << "without a key";
  charge->amount = Money{.minor = 550, .currency = *Currency::parse("MGA")};
  EXPECT_FALSE(dialect().write_charge(*charge, {SecretText("sk"), {}}, context)) << "5.50 MGA";
}

TEST(StripeDrift, NamesOnlyWhatAClientCouldMiss) {
  const Asked asked(post("/v1/payment_intents", intent_body));
  const Response real = answer(200, R"({"id":"pi_1","object":"payment_intent","status":"succeeded","surprise":{}})");
  EXPECT_THAT(dialect().drift(real, asked.context()), testing::ElementsAre(HasSubstr("/surprise (object)")));
  EXPECT_THAT(dialect().drift(dialect().approve(asked.context()), asked.context()), IsEmpty());
  EXPECT_THAT(dialect().drift(real, Asked(get("/v1/payment_intents/pi_1")).context()), IsEmpty());
}

}  // namespace
}  // namespace standin::stripe_test
