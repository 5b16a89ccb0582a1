#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/usaepay_hash.h"
#include "dialect/usaepay_test_support.h"

namespace standin::usaepay_test {
namespace {

using namespace std::chrono_literals;

const Credential second_key{.name = SecretText("key-2"), .secret = SecretText("1234")};

OutboundContext context() { return {.key = {}, .reference = "1795316645678001", .reverse_after = {}}; }

Charge charge_of(const Request& request) {
  auto charge = usaepay()->charge(request);
  ensure(charge.has_value(), "the request can be carried over");
  return *charge;
}

std::string field(const Request& request, std::string_view name) {
  return std::string(UsaepayForm::parse(request.body)->text(name));
}

TEST(UsaepayCharge, IsCarriedOverWhole) {
  const Charge charge = charge_of(gate(sale_body));
  EXPECT_EQ(text(charge.amount), "25.00 USD");
  EXPECT_TRUE(charge.capture);
  EXPECT_EQ(charge.number.reveal(), card_number);
  EXPECT_EQ(charge.security_code.reveal(), "123");
  EXPECT_EQ(charge.expiry_month, 12);
  EXPECT_EQ(charge.expiry_year, 2029);
  EXPECT_EQ(charge.holder, "Ada Lovelace");
  EXPECT_EQ(charge.street, "1 Main");
  EXPECT_EQ(charge.zip, "90010");
  EXPECT_EQ(charge.invoice, "1001");
  EXPECT_EQ(charge.order_reference, "order-9");
  EXPECT_FALSE(charge_of(sale_with("UMcommand", "cc:authonly")).capture);
}

TEST(UsaepayCharge, WhatNoOtherPartyCanUseStays) {
  for (const Request& request :
       {sale_with("UMcard", "pvx5-3gm4-x1zy"), sale_with("UMcommand", "quicksale"), sale_with("UMtestmode", "1"),
        sale_with("UMsaveCard", "true"), sale_with("UMcavv", "AAAB"), sale_with("um02amount", "1.00"),
        sale_with("UMaddcustomer", "yes"), sale_with("UMschedule", "monthly"), sale_with("UMamount", "-5"),
        sale_with("UMcard", "4000100011112225"), sale_with("UMmagstripe", "enc://x"), gate("UMkey=%")}) {
    EXPECT_FALSE(usaepay()->charge(request).has_value()) << request.body;
  }
}

TEST(UsaepayCharge, WrittenAndReadBackIsTheSame) {
  for (const auto* command : {"cc:sale", "cc:authonly"}) {
    const Charge charge = charge_of(sale_with("UMcommand", command));
    const auto written = usaepay()->write_charge(charge, second_key, context());
    ASSERT_TRUE(written.has_value());
    EXPECT_EQ(written->method, "POST");
    EXPECT_EQ(written->target, "/gate");
    EXPECT_EQ(field(*written, "UMkey"), "key-2");
    EXPECT_EQ(field(*written, "UMcommand"), command);
    const Charge again = charge_of(*written);
    EXPECT_EQ(again.amount, charge.amount);
    EXPECT_EQ(again.capture, charge.capture);
    EXPECT_EQ(again.number, charge.number);
    EXPECT_EQ(again.security_code, charge.security_code);
    EXPECT_EQ(again.expiry_year, charge.expiry_year);
    EXPECT_EQ(again.holder, charge.holder);
    EXPECT_EQ(again.order_reference, charge.order_reference);
    EXPECT_EQ(again.invoice, charge.invoice);
  }
}

TEST(UsaepayCharge, IsAuthenticatedByKeyAndPin) {
  const auto written = usaepay()->write_charge(charge_of(gate(sale_body)), second_key, context());
  EXPECT_EQ(field(*written, "UMhash"), usaepay_hash("cc:sale", "1234", "25.00", "1001", "0000000000000000"));
  const auto without_pin = usaepay()->write_charge(charge_of(gate(sale_body)), {SecretText("k"), {}}, context());
  EXPECT_EQ(field(*without_pin, "UMhash"), "");
  EXPECT_FALSE(usaepay()->write_charge(charge_of(gate(sale_body)), {}, context()).has_value());
}

// printf %s cc:sale:1234:25.00:1001:abcd | openssl dgst -sha1, and key-2abcd1234 | openssl dgst -sha256
TEST(UsaepayCharge, HashesAsTheVendorDocuments) {
  EXPECT_EQ(usaepay_hash("cc:sale", "1234", "25.00", "1001", "abcd"),
            "s/abcd/74205b206eb533358694b5552690ddc409f33f6a/n");
  EXPECT_EQ(
      usaepay_authorization("key-2", "1234", "abcd"),
      "Basic a2V5LTI6czIvYWJjZC8wNmFmNDZlMmM0OTUxZTkyMjdhMTViM2IyYzAwN2MyOTZmMzBkMGQ1YmI1MjBmMDAwODdlNjkwMTk2NWU1Y2Zh");
}

// RFC 4648, section 10, by the key's length.
TEST(UsaepayCharge, AuthorizationsOfAnyLengthArePadded) {
  for (const auto* key : {"a", "ab", "abc", "abcd"})
    EXPECT_EQ(usaepay_authorization(key, "", "s").size() % 4, std::string("Basic ").size() % 4) << key;
}

TEST(UsaepayCharge, GetsOurReferenceWhereItHasNone) {
  Charge charge = charge_of(gate(sale_body));
  charge.invoice = charge.order_reference = "";
  EXPECT_EQ(field(*usaepay()->write_charge(charge, second_key, context()), "UMorderid"), "1795316645678001");
  charge.invoice = "12345678901";
  const auto written = usaepay()->write_charge(charge, second_key, context());
  EXPECT_EQ(field(*written, "UMinvoice"), "");
  EXPECT_EQ(field(*written, "UMorderid"), "12345678901");
}

TEST(UsaepayCharge, WhatDoesNotFitIsNotSent) {
  const Charge charge = charge_of(gate(sale_body));
  Charge wrong = charge;
  wrong.order_reference = std::string(65, 'x');
  EXPECT_FALSE(usaepay()->write_charge(wrong, second_key, context()).has_value());
  wrong = charge;
  wrong.amount.currency = *Currency::parse("EUR");
  EXPECT_FALSE(usaepay()->write_charge(wrong, second_key, context()).has_value());
  wrong = charge;
  wrong.number = {};
  EXPECT_FALSE(usaepay()->write_charge(wrong, second_key, context()).has_value());
}

TEST(UsaepayCharge, OfAnotherPartysClientIsVoidedCapturedAndRefunded) {
  using Kind = Amendment::Kind;
  const Money four{400, *Currency::parse("USD")};
  for (const auto& [kind, command] : {std::pair(Kind::cancel, "cc:void"), std::pair(Kind::capture, "cc:capture"),
                                      std::pair(Kind::refund, "cc:refund")}) {
    Amendment amendment{.kind = kind, .upstream_reference = "132020588"};
    if (kind != Kind::cancel) amendment.amount = four;
    const auto written = usaepay()->write_amendment(amendment, second_key, context());
    EXPECT_EQ(field(*written, "UMcommand"), command);
    EXPECT_EQ(field(*written, "UMrefNum"), "132020588");
    EXPECT_EQ(field(*written, "UMamount"), kind == Kind::cancel ? "" : "4.00");
    EXPECT_NE(field(*written, "UMhash"), "");
    EXPECT_FALSE(usaepay()->write_amendment(amendment, {}, context()).has_value());
  }
  const Amendment euros{.kind = Kind::refund, .upstream_reference = "1", .amount = Money{400, *Currency::parse("EUR")}};
  EXPECT_FALSE(usaepay()->write_amendment(euros, second_key, context()).has_value());
}

TEST(UsaepayCharge, CarriesOurDeadline) {
  OutboundContext limited = context();
  limited.reverse_after = 9s;
  EXPECT_EQ(field(*usaepay()->write_charge(charge_of(gate(sale_body)), second_key, limited), "UMtimeout"), "9");
}

TEST(UsaepayCharge, AnswersAreReadWithoutTheVendorsWords) {
  const auto yes = usaepay()->read_answer(gate_says(approval));
  ASSERT_TRUE(yes.has_value());
  EXPECT_EQ(yes->outcome, Outcome::approved);
  EXPECT_EQ(yes->upstream_reference, "132020588");
  EXPECT_EQ(yes->auth_code, "042366");
  using Why = ChargeAnswer::Why;
  for (const auto& [code, why] :
       {std::pair("10127", Why::declined), std::pair("10251", Why::insufficient_funds),
        std::pair("10204", Why::lost_or_stolen), std::pair("10297", Why::wrong_security_code)}) {
    const auto no = usaepay()->read_answer(gate_says(with_field(refusal, "UMerrorcode", code)));
    ASSERT_TRUE(no.has_value());
    EXPECT_EQ(no->outcome, Outcome::declined);
    EXPECT_EQ(no->why, why) << code;
  }
  EXPECT_EQ(usaepay()->read_answer(gate_error("00017"))->why, Why::expired_card);
  EXPECT_EQ(usaepay()->read_answer(gate_error("00013"))->why, Why::wrong_number);
}

TEST(UsaepayCharge, WhatIsNoWordAboutTheCardIsNotRead) {
  for (const auto* code : {"00023", "10118", "00031", "00018", "00027", "00093"})
    EXPECT_FALSE(usaepay()->read_answer(gate_error(code)).has_value()) << code;
  EXPECT_FALSE(usaepay()->read_answer(gate_says("<html>")).has_value());
}

TEST(UsaepayCharge, AnotherPartysAnswerIsGivenInTheVendorsWords) {
  Sample sample;
  sample.request = gate(sale_body);
  sample.facts = *usaepay()->read(sample.request).facts;
  sample.reference = "1795316645678001";
  const auto code = [&](const ChargeAnswer& answer) {
    const auto written = usaepay()->write_answer(answer, sample.context());
    return std::string(UsaepayForm::parse(written->body)->text("UMerrorcode"));
  };
  ChargeAnswer yes{.outcome = Outcome::approved, .upstream_reference = "ch_1", .auth_code = "998877"};
  const auto written = usaepay()->write_answer(yes, sample.context());
  const auto form = *UsaepayForm::parse(written->body);
  EXPECT_EQ(form.text("UMrefNum"), "1795316645678001");
  EXPECT_EQ(form.text("UMauthCode"), "998877");
  EXPECT_EQ(form.text("UMauthAmount"), "25");
  yes.part = Money{1250, *Currency::parse("USD")};
  EXPECT_EQ(UsaepayForm::parse(usaepay()->write_answer(yes, sample.context())->body)->text("UMauthAmount"), "12.5");
  using Why = ChargeAnswer::Why;
  for (const auto why : {Why::declined, Why::insufficient_funds, Why::expired_card, Why::wrong_number,
                         Why::wrong_security_code, Why::lost_or_stolen}) {
    const auto no = usaepay()->write_answer({.outcome = Outcome::declined, .why = why}, sample.context());
    EXPECT_EQ(usaepay()->read_answer(*no)->why, why);
  }
  EXPECT_EQ(code({.outcome = Outcome::declined}), "10127");
  EXPECT_FALSE(usaepay()->write_answer({.outcome = Outcome::unknown}, sample.context()).has_value());
}

}  // namespace
}  // namespace standin::usaepay_test
