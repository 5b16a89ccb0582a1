#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/text.h"
#include "dialect/usaepay_test_support.h"

namespace standin::usaepay_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Judgement judged(const Response& response) { return usaepay()->judge(response); }

Response with(std::string_view body, std::string_view field, std::string_view value) {
  return gate_says(with_field(body, field, value));
}

std::string field(const Response& response, std::string_view name) {
  return std::string(UsaepayForm::parse(response.body)->text(name));
}

struct CodeCase {
  std::string_view codes;
  Outcome outcome;
  bool pauses = false;
  bool already_there = false;
};

TEST(UsaepayJudge, ClassifiesEveryCodeOfTheTable) {
  const std::array cases{
      CodeCase{"00004 00009 00010 00018 00019 00036 09001", Outcome::not_done},
      CodeCase{"00027 00093", Outcome::unknown},
      CodeCase{"00011 00012 00013 00014 00015 00016 00017 00085 00024 00026 00035 00070", Outcome::declined},
      CodeCase{"00110 00111 00112 00113 00114 00115 00116 00117 00118 10105", Outcome::declined},
      CodeCase{"10127 10204 10205 10251 10257 10262 10297", Outcome::declined},
      CodeCase{"00023 00080 10117 10118", Outcome::declined, true},
      CodeCase{"00031", Outcome::declined, false, true},
      CodeCase{"00001 00005 00041 00042 10001 10128 77777 abc -4 99999999999", Outcome::unknown},
  };
  for (const CodeCase& each : cases) {
    for (const std::string_view code : split(each.codes, ' ')) {
      const Judgement judgement = judged(gate_error(code));
      EXPECT_EQ(judgement.outcome, each.outcome) << code;
      EXPECT_EQ(judgement.pause_replay, each.pauses) << code;
      EXPECT_EQ(judgement.already_there, each.already_there) << code;
      EXPECT_EQ(judgement.cause == Cause::server_error,
                each.outcome == Outcome::not_done || each.outcome == Outcome::unknown)
          << code;
    }
  }
}

TEST(UsaepayJudge, AnApprovalNamesItsReference) {
  const Judgement judgement = judged(gate_says(approval));
  EXPECT_EQ(judgement.outcome, Outcome::approved);
  EXPECT_EQ(judgement.upstream_reference, "132020588");
  EXPECT_FALSE(judgement.already_there);
  EXPECT_EQ(text(*judgement.part), "25.00 USD");
}

TEST(UsaepayJudge, AnApprovalWithoutAReferenceIsNotTrusted) {
  for (const auto* reference : {"", "0", "000"}) {
    const Judgement judgement = judged(with(approval, "UMrefNum", reference));
    EXPECT_EQ(judgement.outcome, Outcome::unknown) << reference;
    EXPECT_TRUE(judgement.pause_replay);
  }
}

TEST(UsaepayJudge, AFoldedDuplicateIsProofThatItWasThere) {
  const Judgement judgement = judged(with(approval, "UMisDuplicate", "Y"));
  EXPECT_EQ(judgement.outcome, Outcome::approved);
  EXPECT_TRUE(judgement.already_there);
  EXPECT_EQ(judgement.upstream_reference, "132020588");
}

TEST(UsaepayJudge, APartialApprovalSaysHowMuch) {
  EXPECT_EQ(text(*judged(with(approval, "UMauthAmount", "12.5")).part), "12.50 USD");
  const std::string partial = with_field(with_field(approval, "UMresult", "P"), "UMstatus", "Partial Approval");
  EXPECT_EQ(judged(gate_says(partial)).outcome, Outcome::approved);
  EXPECT_EQ(judged(with(partial, "UMauthAmount", "")).outcome, Outcome::unknown);
}

TEST(UsaepayJudge, APartIsOfTheCurrencyThatWasAskedFor) {
  const Judgement judgement = judged(with(approval, "UMauthAmount", "12"));
  const auto part_of = [&](std::int64_t minor, const char* currency) {
    const auto part = judgement.less_than(Money{minor, *Currency::parse(currency)});
    return part ? text(*part) : "all";
  };
  EXPECT_EQ(part_of(5000, "GBP"), "12.00 GBP");
  EXPECT_EQ(part_of(13, "JPY"), "12 JPY");
  EXPECT_EQ(part_of(13'000, "KWD"), "12.000 KWD");
  EXPECT_EQ(part_of(12, "JPY"), "all");
}

TEST(UsaepayJudge, AConvertedAmountIsNotComparedWithTheOneAsked) {
  EXPECT_FALSE(judged(with(approval, "UMconvertedAmount", "21.90")).part.has_value());
  EXPECT_FALSE(judged(with(approval, "UMauthAmount", "")).part.has_value());
}

TEST(UsaepayJudge, DeclinesAndVerificationsAreNoes) {
  EXPECT_EQ(judged(gate_says(refusal)).outcome, Outcome::declined);
  EXPECT_FALSE(judged(gate_says(refusal)).pause_replay);
  EXPECT_EQ(judged(with(refusal, "UMerrorcode", "77777")).outcome, Outcome::declined);
  const std::string verification = with_field(with_field(refusal, "UMresult", "V"), "UMstatus", "Verification");
  EXPECT_EQ(judged(gate_says(verification)).outcome, Outcome::declined);
}

TEST(UsaepayJudge, AnErrorOfTheServerIsAnErrorWhateverItSays) {
  EXPECT_EQ(judged(gate_says(approval, 500)).outcome, Outcome::unknown);
  EXPECT_EQ(judged(gate_says(approval, 500)).cause, Cause::server_error);
  EXPECT_EQ(judged(gate_says(refusal, 500)).outcome, Outcome::unknown);
  Response offline = gate_error("00018");
  offline.status = 500;
  EXPECT_EQ(judged(offline).outcome, Outcome::not_done);
  Response duplicate = gate_error("00031");
  duplicate.status = 503;
  EXPECT_EQ(judged(duplicate).outcome, Outcome::unknown);
  EXPECT_EQ(judged(gate_says("", 502)).outcome, Outcome::unknown);
  EXPECT_FALSE(judged(gate_says("", 502)).pause_replay);
}

TEST(UsaepayJudge, WhatIsNotTheVendorsIsUnknownAndPausesTheReplay) {
  const std::string text(approval);
  for (const Response& response :
       {gate_says("<html>Sign in</html>"), gate_says(""), gate_says("UMresult=A"), gate_says("UMstatus=Approved"),
        gate_says(text.substr(0, text.find("&UMresult"))), with(approval, "UMresult", "X"),
        with(approval, "UMresult", "D"), with(approval, "UMstatus", "Declined"), with(approval, "UMresult", "AA"),
        gate_says(text + "&UMresult=D"), gate_says(text + "&UMx=%"), answer(200, approval, "application/json"),
        gate_says(approval, 201), gate_says(approval, 302), gate_says(approval, 401), gate_says(approval, 403),
        gate_says(approval, 404), gate_says(approval, 408)}) {
    const Judgement judgement = judged(response);
    EXPECT_EQ(judgement.outcome, Outcome::unknown) << response.status << response.body;
    EXPECT_EQ(judgement.cause, Cause::untrustworthy) << response.status << response.body;
    EXPECT_TRUE(judgement.pause_replay) << response.status << response.body;
  }
  EXPECT_EQ(judged(gate_says(approval, 429)).outcome, Outcome::not_done);
  EXPECT_TRUE(judged(gate_says(approval, 429)).pause_replay);
}

TEST(UsaepayJudge, ToleratesALineEndAndAMissingContentType) {
  EXPECT_EQ(judged(gate_says(std::string(approval) + "\r\n")).outcome, Outcome::approved);
  EXPECT_EQ(judged(answer(200, approval, "")).outcome, Outcome::approved);
}

TEST(UsaepayJudge, ReadsEveryPrefixOfAnAnswerWithoutBelievingMoreThanItSays) {
  const std::string text(approval);
  for (std::size_t size = 0; size < text.find("&UMresult=A") + 11; ++size)
    EXPECT_EQ(judged(gate_says(text.substr(0, size))).outcome, Outcome::unknown) << size;
}

struct Charged : Sample {
  Charged() {
    request = gate(sale_body);
    facts = *usaepay()->read(request).facts;
    reference = usaepay()->reference(*Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV"), 3);
  }
};

TEST(UsaepayAnswer, AnApprovalIsInTheVendorsShape) {
  const Charged sample;
  const Response ours = usaepay()->approve(sample.context());
  EXPECT_EQ(ours.status, 200);
  EXPECT_EQ(ours.headers.find("Content-Type"), "text/html");
  EXPECT_THAT(ours.body, testing::StartsWith("UMversion=2.9&UMstatus=Approved&UMauthCode="));
  EXPECT_THAT(ours.body, testing::EndsWith("&UMfiller=filled"));
  EXPECT_THAT(ours.body, Not(HasSubstr("\n")));
  EXPECT_THAT(ours.body, HasSubstr("&UMresult=A&"));
  EXPECT_EQ(field(ours, "UMrefNum"), sample.reference);
  EXPECT_EQ(field(ours, "UMauthAmount"), "25");
  EXPECT_EQ(field(ours, "UMisDuplicate"), "N");
  EXPECT_EQ(field(ours, "UMerrorcode"), "00000");
  EXPECT_EQ(judged(ours).outcome, Outcome::approved);
  EXPECT_THAT(usaepay()->drift(gate_says(approval), sample.context()), IsEmpty());
}

TEST(UsaepayAnswer, TheAuthorizationCodeIsSixDigitsAndAlwaysTheSame) {
  const Charged sample;
  const std::string code = field(usaepay()->approve(sample.context()), "UMauthCode");
  EXPECT_THAT(code, testing::MatchesRegex("[0-9]{6}"));
  EXPECT_NE(code, "000000");
  EXPECT_EQ(field(usaepay()->approve(sample.context()), "UMauthCode"), code);
}

TEST(UsaepayAnswer, ADeclineAndATechnicalFailureReadAsWhatTheyAre) {
  const Charged sample;
  const Response decline = usaepay()->decline(sample.context());
  EXPECT_EQ(judged(decline).outcome, Outcome::declined);
  EXPECT_THAT(decline.body, HasSubstr("UMerror=Card%20Declined&UMerrorcode=10127"));
  EXPECT_EQ(field(decline, "UMauthCode"), "000000");
  EXPECT_EQ(judged(usaepay()->unavailable(sample.context())).outcome, Outcome::unknown);
}

TEST(UsaepayAnswer, NeverRepeatsACardOrAKey) {
  const Charged sample;
  for (const Response& ours : {usaepay()->approve(sample.context()), usaepay()->decline(sample.context()),
                               usaepay()->unavailable(sample.context())}) {
    EXPECT_THAT(ours.body, Not(HasSubstr(card_number)));
    EXPECT_THAT(ours.body, Not(HasSubstr("key-1")));
  }
}

TEST(UsaepayAnswer, RefusesInTheVendorsWords) {
  Charged sample;
  const auto code = [&](Refusal refusal) {
    const auto response = usaepay()->refuse(refusal, sample.context());
    EXPECT_EQ(field(*response, "UMresult"), "E");
    return field(*response, "UMerrorcode");
  };
  EXPECT_EQ(code(Refusal::in_progress), "00093");
  EXPECT_EQ(code(Refusal::ended), "00024");
  EXPECT_EQ(code(Refusal::withdrawn), "00024");
  EXPECT_EQ(code(Refusal::key_missing), "10129");
  EXPECT_EQ(code(Refusal::other_payload), "10129");
  EXPECT_EQ(code(Refusal::answer_gone), "00031");
  EXPECT_EQ(code(Refusal::not_reached), "00018");
  EXPECT_EQ(code(Refusal::no_answer), "00027");
  sample.request = gate("UMkey=k&UMcommand=void&UMrefNum=1");
  EXPECT_EQ(code(Refusal::not_found), "00035");
  sample.request = gate("UMkey=k&UMcommand=capture&UMrefNum=1");
  EXPECT_EQ(code(Refusal::not_found), "10105");
  sample.request = gate("UMkey=k&UMcommand=refund&UMrefNum=1");
  EXPECT_EQ(code(Refusal::not_found), "00110");
}

TEST(UsaepayAnswer, ASecondOneIsMarkedAsDuplicateAndNothingElse) {
  EXPECT_EQ(usaepay()->marked_duplicate(gate_says(approval)).body, with(approval, "UMisDuplicate", "Y").body);
}

TEST(UsaepayAnswer, DriftNamesFieldsAndNoValues) {
  const Charged sample;
  const auto drift = usaepay()->drift(gate_says(std::string(approval) + "&UMresponseHash=secret"), sample.context());
  ASSERT_EQ(drift.size(), 1U);
  EXPECT_THAT(drift[0], HasSubstr("UMresponseHash"));
  EXPECT_THAT(drift[0], Not(HasSubstr("secret")));
  EXPECT_THAT(usaepay()->drift(gate_error("00023"), sample.context()), IsEmpty());
}

struct AboutOurs {
  Charged charge;
  Charged later;
  Response given = usaepay()->approve(charge.context());
  bool cancelled = false;
  std::optional<Money> part, captured, meant;

  std::string code(Operation operation, std::string_view body) {
    later.request = gate(body);
    const OwnOrder order{.reference = charge.reference,
                         .amount = *charge.facts.amount,
                         .request = charge.request,
                         .answer = given,
                         .cancelled = cancelled,
                         .refunded = Money{0, charge.facts.amount->currency},
                         .part = part,
                         .captured = captured,
                         .meant = meant};
    const auto answer = usaepay()->answer_about(operation, order, later.context());
    if (!answer) return "none";
    last = *answer;
    return field(*answer, "UMerrorcode");
  }
  Response last;
};

TEST(UsaepayAboutOurs, AVoidIsGrantedOnce) {
  AboutOurs ours;
  EXPECT_EQ(ours.code(Operation::cancel, "UMcommand=void"), "00000");
  EXPECT_EQ(field(ours.last, "UMrefNum"), ours.charge.reference);
  ours.cancelled = true;
  EXPECT_EQ(ours.code(Operation::cancel, "UMcommand=void"), "00024");
  EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund"), "00024");
}

TEST(UsaepayAboutOurs, ARefundIsTakenDownUpToTheCharge) {
  AboutOurs ours;
  EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund"), "00000");
  EXPECT_EQ(field(ours.last, "UMauthAmount"), "25");
  EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund&UMamount=10.50"), "00000");
  EXPECT_EQ(field(ours.last, "UMauthAmount"), "10.5");
  EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund&UMamount=25.01"), "00112");
  for (const auto* amount : {"-5", "1e3", "10.999", "0", "0.00"})
    EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund&UMamount=" + std::string(amount)), "10129") << amount;
}

TEST(UsaepayAboutOurs, ARefundHasANumberOfItsOwn) {
  AboutOurs ours;
  ours.later.reference = "1767225600000999";
  EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund"), "00000");
  EXPECT_EQ(field(ours.last, "UMrefNum"), "1767225600000999");
  ours.charge.request = gate("UMkey=key-1&UMcommand=cc:refund&UMrefNum=1767225600000255");
  EXPECT_EQ(ours.code(Operation::refund, "UMkey=k&UMcommand=refund&UMrefNum=1"), "00110")
      << "and is not given back itself";
}

TEST(UsaepayAboutOurs, NoMoreIsRefundedThanWasTaken) {
  const Money eight{800, *Currency::parse("USD")};
  AboutOurs in_part;
  in_part.part = eight;
  AboutOurs captured;
  captured.charge.request = sale_with("UMcommand", "cc:authonly");
  EXPECT_EQ(captured.code(Operation::refund, "UMcommand=refund&UMamount=1"), "00114") << "nothing was taken yet";
  captured.captured = eight;
  for (AboutOurs* const ours : {&in_part, &captured}) {
    EXPECT_EQ(ours->code(Operation::refund, "UMcommand=refund&UMamount=8.01"), "00112");
    EXPECT_EQ(ours->code(Operation::refund, "UMcommand=refund&UMamount=8.00"), "00000");
    EXPECT_EQ(ours->code(Operation::refund, "UMcommand=refund"), "00000");
    EXPECT_EQ(field(ours->last, "UMauthAmount"), "8");
  }
}

TEST(UsaepayAboutOurs, ARefundThatNamesNoAmountMeansTheSameWhenItIsAskedAgain) {
  AboutOurs ours;
  ours.meant = Money{1050, *Currency::parse("USD")};
  EXPECT_EQ(ours.code(Operation::refund, "UMcommand=refund"), "00000");
  EXPECT_EQ(field(ours.last, "UMauthAmount"), "10.5");
}

TEST(UsaepayAboutOurs, OnlyAHoldIsCaptured) {
  AboutOurs ours;
  EXPECT_EQ(ours.code(Operation::capture, "UMcommand=capture"), "10126");
  ours.charge.request = sale_with("UMcommand", "cc:authonly");
  EXPECT_EQ(ours.code(Operation::capture, "UMcommand=capture&UMamount=20"), "00000");
  EXPECT_EQ(field(ours.last, "UMauthAmount"), "20");
  EXPECT_EQ(ours.code(Operation::capture, "UMcommand=capture&UMamount=30"), "10129");
  EXPECT_EQ(ours.code(Operation::read, ""), "none");
}

}  // namespace
}  // namespace standin::usaepay_test
