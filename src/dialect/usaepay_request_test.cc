#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/usaepay_test_support.h"

namespace standin::usaepay_test {
namespace {

using testing::HasSubstr;
using testing::Not;

Facts facts_of(const Request& request) {
  auto facts = usaepay()->read(request).facts;
  ensure(facts.has_value(), facts ? "" : facts.error().what);
  return *facts;
}

std::string error_in(const Request& request) {
  const auto facts = usaepay()->read(request).facts;
  return facts ? "" : facts.error().what;
}

Operation operation_in(const Request& request) { return usaepay()->read(request).operation; }

Operation operation_of(std::string_view body) { return operation_in(gate(body)); }

TEST(UsaepayRequest, ThatHoldsForLaterCaptureIsReadAsAHold) {
  EXPECT_FALSE(usaepay()->read(sale_with("UMcommand", "cc:sale")).hold);
  EXPECT_TRUE(usaepay()->read(sale_with("UMcommand", "cc:authonly")).hold);
}

TEST(UsaepayRequest, FactsAreReadFromTheForm) {
  const Facts facts = facts_of(gate(sale_body));
  EXPECT_EQ(text(*facts.amount), "25.00 USD");
  EXPECT_EQ(facts.card, test_vault().fingerprint(card_number));
  EXPECT_EQ(facts.network, "visa");
  EXPECT_EQ(facts.reference, "order-9");
  EXPECT_EQ(facts.customer, "c-7");
  EXPECT_EQ(facts.country, "US");
}

TEST(UsaepayRequest, TheMerchantIsNotTheKeyItself) {
  const Facts facts = facts_of(gate(sale_body));
  EXPECT_EQ(facts.merchant, test_vault().fingerprint("key-1"));
  EXPECT_NE(facts_of(sale_with("UMkey", "key-2")).merchant, facts.merchant);
}

TEST(UsaepayRequest, TheInvoiceIsTheReferenceOfAnOrderWithoutOne) {
  EXPECT_EQ(facts_of(sale_with("UMorderid", "")).reference, "1001");
}

TEST(UsaepayRequest, AnAccountNumberInTheWrongFieldIsFingerprinted) {
  EXPECT_EQ(facts_of(sale_with("UMcustid", card_number)).customer, test_vault().fingerprint(card_number));
  EXPECT_EQ(facts_of(sale_with("UMorderid", card_number)).reference, test_vault().fingerprint(card_number));
}

TEST(UsaepayRequest, SpacedCardsAreOneCard) {
  EXPECT_EQ(facts_of(sale_with("UMcard", "4000 1000-1111 2224")).card, test_vault().fingerprint(card_number));
}

// Its digest is kept for years: what an order of today is compared with.
TEST(UsaepayRequest, ItsNormalFormNeverChanges) {
  const Request request = gate(
      "UMname=A.+B%2fc&umCARD=4000100011112224&UMexpir=1230&z=1&UMamount=1.00&UMbilllname=L&UMbillfname=F&UMhash=h&"
      "UMcvv2=1&um=2&UMcommand=sale&U%20x=%FF&UMbill=3&A=4&UMkey=k");
  EXPECT_EQ(usaepay()->read(request).normalised,
            "POST /gate\na=4&u%20x=%FF&um=2&umamount=1.00&umbill=3&umbillfname=F&umbilllname=L&"
            "umcard=4000100011112224&umcommand=sale&umexpir=1230&umkey=k&umname=A.%20B%2Fc&z=1&");
}

TEST(UsaepayRequest, AFieldThatIsRepeatedInAnyCaseIsRefused) {
  for (const std::string twice :
       {"UMzip=1&umZIP=2", "=1&=2", "a=1&A=2", "UMcustomfield=1&UMCUSTOMFIELD=", "UM%7aip=1&UMzip"})
    EXPECT_THAT(error_in(gate(std::string(sale_body) + "&" + twice)), HasSubstr("twice")) << twice;
  EXPECT_EQ(error_in(gate(std::string(sale_body) + ("&UMcustom1=1&UMcustom11=1&UMcustom12=1&a=&b=&=&ab=&aab="))), "");
}

TEST(UsaepayRequest, CurrenciesGoByCodeOrNumber) {
  EXPECT_EQ(text(*facts_of(sale_with("UMcurrency", "978")).amount), "25.00 EUR");
  EXPECT_EQ(text(*facts_of(sale_with("UMcurrency", "gbp")).amount), "25.00 GBP");
  EXPECT_THAT(error_in(sale_with("UMcurrency", "999")), HasSubstr("UMcurrency"));
  EXPECT_THAT(error_in(sale_with("UMcurrency", "392")), HasSubstr("JPY has 0 decimals"));
}

TEST(UsaepayRequest, AmountsAreExactOrAnErrorThatDoesNotQuoteThem) {
  for (const auto* amount : {"1,000.00", "10.999", "-5", "1e3", "+5", "0x10", " 5", "5 ", "$5", "5.", ".5", "1_0",
                             "99999999999999999999", "NaN", "12.3.4"}) {
    const Request request = sale_with("UMamount", amount);
    EXPECT_EQ(operation_in(request), Operation::other) << amount;
    EXPECT_THAT(error_in(request), HasSubstr("amount (UMamount)")) << amount;
    EXPECT_THAT(error_in(request), Not(HasSubstr(amount))) << amount;
  }
  EXPECT_EQ(facts_of(sale_with("UMamount", "12.3")).amount->minor, 1230);
  EXPECT_EQ(facts_of(sale_with("UMamount", "7")).amount->minor, 700);
  EXPECT_THAT(error_in(sale_with("UMamount", "")), HasSubstr("is missing"));
}

TEST(UsaepayRequest, BodiesThatTwoReadersCouldReadDifferentlyAreErrors) {
  const std::string body(sale_body);
  for (const std::string& twice : {body + "&UMamount=1.00", body + "&umamount=1.00", body + "&UM%61mount=1.00"}) {
    EXPECT_THAT(error_in(gate(twice)), HasSubstr("twice"));
    EXPECT_EQ(operation_in(gate(twice)), Operation::other);
  }
  for (const auto* end : {"&UMname=%", "&UMx=%4", "&UMx=%zz", "&%q=1"})
    EXPECT_THAT(error_in(gate(body + end)), HasSubstr("%")) << end;
}

TEST(UsaepayRequest, NamesInLatin1DoNotStopACharge) {
  EXPECT_EQ(text(*facts_of(gate("UMbillfname=Jos%E9&" + std::string(sale_body))).amount), "25.00 USD");
}

TEST(UsaepayRequest, CardsThatCannotBeChargedAreErrors) {
  EXPECT_THAT(error_in(sale_with("UMcard", "4000100011112225")), HasSubstr("card (UMcard)"));
  EXPECT_THAT(error_in(sale_with("UMcard", "4000")), HasSubstr("card (UMcard)"));
  for (const auto* expiry : {"", "1329", "0029", "12", "122", "ab29", "12-29", "121999"})
    EXPECT_THAT(error_in(sale_with("UMexpir", expiry)), HasSubstr("UMexpir")) << expiry;
  for (const auto* expiry : {"1229", "12/29", "122029", "12/2029"})
    EXPECT_EQ(error_in(sale_with("UMexpir", expiry)), "") << expiry;
  EXPECT_THAT(error_in(sale_with("UMkey", "")), HasSubstr("merchant (UMkey)"));
  EXPECT_THAT(error_in(sale_with("UMorderid", std::string(201, 'x'))), HasSubstr("reference (UMorderid)"));
  EXPECT_THAT(error_in(sale_with("UMcustid", "a\nb")), HasSubstr("customer (UMcustid)"));
}

TEST(UsaepayRequest, CommandsSayWhatIsAsked) {
  const auto asks = [](std::string_view command, std::string_view reference = "") {
    return operation_in(gate(with_field(sale_with("UMcommand", command).body, "UMrefNum", reference)));
  };
  for (const auto* command : {"cc:sale", "sale", "", "CC:Sale", "cc:authonly", "authonly", "preauth"})
    EXPECT_EQ(asks(command), Operation::charge) << command;
  for (const auto* command : {"cc:capture", "capture", "postauth"})
    EXPECT_EQ(asks(command, "77"), Operation::capture) << command;
  for (const auto* command : {"cc:void", "void", "cc:void:release", "void:release", "creditvoid"})
    EXPECT_EQ(asks(command, "77"), Operation::cancel) << command;
  for (const auto* command : {"cc:refund", "refund"}) EXPECT_EQ(asks(command, "77"), Operation::refund) << command;
  for (const auto* command : {"check:sale", "quicksale", "cc:save", "cc:adjust", "unvoid", "postauth", "cc:credit",
                              "credit", "refund", "void", "capture", "nonsense"})
    EXPECT_EQ(asks(command), Operation::other) << command;
  EXPECT_EQ(asks("credit", "77"), Operation::other);  // with a card: money to whom it pleases
  EXPECT_EQ(operation_of("UMkey=k&UMcommand=credit&UMrefNum=77"), Operation::refund);
}

TEST(UsaepayRequest, NamesTheChargeThatItIsAbout) {
  EXPECT_EQ(usaepay()->read(gate("UMkey=k&UMcommand=void&UMrefNum=1795316645678001")).about, "1795316645678001");
}

TEST(UsaepayRequest, WhatAYesOfOursCannotServeIsPassedOn) {
  EXPECT_EQ(operation_in(sale_with("UMcard", "pvx5-3gm4-x1zy-aaaa")), Operation::other);
  EXPECT_EQ(operation_in(sale_with("UMcard", "")), Operation::other);
  EXPECT_EQ(operation_in(sale_with("UMtestmode", "1")), Operation::other);
  EXPECT_EQ(operation_in(sale_with("UMtestmode", "0")), Operation::charge);
  EXPECT_EQ(operation_in(sale_with("UMamount", "0.00")), Operation::other);
  EXPECT_EQ(operation_in(sale_with("UMhash", "m/abc/0123/y")), Operation::other);
  EXPECT_EQ(operation_in(sale_with("UM02amount", "9000.00")), Operation::other) << "another payee's part";
  EXPECT_EQ(operation_in(sale_with("UMmagstripe", "enc://JUI0MDAw")), Operation::other);
  EXPECT_EQ(operation_in(gate(sale_body, "multipart/form-data; boundary=x")), Operation::other);
  Request get = gate(sale_body);
  get.method = "GET";
  EXPECT_EQ(operation_in(get), Operation::other);
  Request in_query = gate(sale_body);
  in_query.target = "/gate?UMamount=1.00";
  EXPECT_EQ(operation_in(in_query), Operation::other);
}

TEST(UsaepayRequest, ATrackGivesCardAndExpiry) {
  const std::string first = "%B4000100011112224^LOVELACE/ADA^29121011000?";
  const std::string second = ";4000100011112224=29121011000?";
  for (const std::string& track : {first, second, first + second}) {
    Request request = gate(with_field(
        without_fields(sale_body, [](std::string_view name) { return name == "UMcard" || name == "UMexpir"; }),
        "UMmagstripe", track));
    EXPECT_EQ(facts_of(request).card, test_vault().fingerprint(card_number)) << track;
    const Request kept = usaepay()->stripped(request);
    EXPECT_THAT(kept.body, HasSubstr("UMcard=4000100011112224&UMexpir=1229"));
    EXPECT_THAT(kept.body, Not(HasSubstr("UMmagstripe")));
    EXPECT_THAT(kept.body, Not(HasSubstr("1011000")));
    EXPECT_EQ(usaepay()->read(request).normalised, usaepay()->read(kept).normalised);
  }
}

TEST(UsaepayRequest, ATrackThatCannotBeReadIsAnError) {
  for (const auto* track : {"junk", "%B4000****11112224^A^2912?", ";4000100011112224=99?", ";4000100011112224",
                            "%B4000100011112224^A^2913?", "%B4000100011112224^A^2912?;5555555555554444=2912?"}) {
    EXPECT_THAT(error_in(sale_with("UMmagstripe", track)), HasSubstr("card (UMmagstripe)")) << track;
  }
}

TEST(UsaepayRequest, KeepsNoSecurityData) {
  const std::string secrets =
      "&UMpinblock=PINBLOCK&umPIN=PIN9&UMdukpt=DUKPT&UMCVV=987&UMiccdata=EMVTRACK&UMmagstripe=%3Bjunktrack";
  const Request kept = usaepay()->stripped(gate(std::string(sale_body) + secrets));
  for (const auto* secret : {"PINBLOCK", "PIN9", "DUKPT", "987", "EMVTRACK", "junktrack", "UMcvv2"})
    EXPECT_THAT(kept.body, Not(HasSubstr(secret))) << secret;
  EXPECT_THAT(kept.body, HasSubstr("UMamount=25.00"));
  EXPECT_THAT(kept.body, HasSubstr("UMhash=s%2Fabc%2F0123%2Fn"));
}

TEST(UsaepayRequest, KeepsNoTimeThatOnlyItsClientWouldWait) {
  Request hurried = sale_with("UMtimeout", "3");
  hurried.headers.add("ApiTimeout", "2");
  const Request kept = usaepay()->stripped(hurried);
  EXPECT_THAT(kept.body, Not(HasSubstr("UMtimeout")));
  EXPECT_FALSE(kept.headers.has("ApiTimeout"));
}

TEST(UsaepayRequest, KeepsNoSecurityDataUnderADisguisedName) {
  const Request kept = usaepay()->stripped(gate("UMkey=k&UM%63vv2=123&UMCVV2X=1"));
  EXPECT_EQ(kept.body, "UMkey=k&UMCVV2X=1");
}

TEST(UsaepayRequest, KeepsNothingOfWhatItCannotRead) {
  EXPECT_EQ(usaepay()->stripped(gate(std::string(sale_body) + "&UMcvv2=%")).body, "");
  EXPECT_EQ(usaepay()->stripped(gate(sale_body, "text/plain")).body, "");
  Request in_query = gate("");
  in_query.target = "/gate?UMcvv2=123";
  EXPECT_EQ(usaepay()->stripped(in_query).target, "/gate");
}

TEST(UsaepayRequest, StripsWhatTheConfigurationNames) {
  const auto dialect = usaepay({.currency = "USD", .country = "US", .strip = {"umname"}});
  EXPECT_THAT(dialect->stripped(gate(sale_body)).body, Not(HasSubstr("Ada")));
  EXPECT_EQ(dialect->read(gate(sale_body)).normalised, dialect->read(sale_with("UMname", "Grace")).normalised);
}

TEST(UsaepayRequest, AnHonestRetryIsTheSamePayload) {
  const auto normalised = [](const Request& request) { return usaepay()->read(request).normalised; };
  const std::string first = normalised(gate(sale_body));
  EXPECT_EQ(normalised(sale_with("UMhash", "s/other/9876/n")), first);
  EXPECT_EQ(normalised(sale_with("UMtimeout", "20")), first);
  EXPECT_EQ(normalised(sale_with("UMip", "10.9.9.9")), first);
  EXPECT_EQ(normalised(sale_with("UMcvv2", "999")), first);
  EXPECT_EQ(normalised(gate("UMip=1&" + without_fields(sale_body, [](std::string_view n) { return n == "UMip"; }))),
            first);
  EXPECT_NE(normalised(sale_with("UMamount", "25.01")), first);
  EXPECT_NE(normalised(sale_with("UMcard", "4000300011112220")), first);
  EXPECT_NE(normalised(sale_with("UMcommand", "cc:authonly")), first);
  EXPECT_THAT(first, Not(HasSubstr("123&")));
}

TEST(UsaepayRequest, ARepeatIsRecognisedUnlessTheClientForbidsIt) {
  const auto recognised = [](const Request& request) { return usaepay()->read(request).repeat_is_recognised; };
  EXPECT_TRUE(recognised(gate(sale_body)));
  for (const auto* yes : {"1", "yes", "Y", "true", "TRUE"})
    EXPECT_FALSE(recognised(sale_with("UMignoreDuplicate", yes))) << yes;
  EXPECT_TRUE(recognised(sale_with("UMignoreDuplicate", "no")));
  EXPECT_FALSE(recognised(gate("UMkey=k&UMcommand=void&UMrefNum=77&UMinvoice=1")));
  EXPECT_FALSE(recognised(gate(with_field(sale_with("UMorderid", "").body, "UMinvoice", ""))));
}

TEST(UsaepayRequest, FieldsAreFoundByEitherName) {
  const auto dialect = usaepay();
  EXPECT_EQ(dialect->read(gate(sale_body)).field("UMinvoice"), "1001");
  EXPECT_EQ(dialect->read(gate(sale_body)).field("invoice"), "1001");
  EXPECT_EQ(dialect->read(gate(sale_body)).field("command"), "sale");
  EXPECT_EQ(dialect->read(gate(sale_body)).field("/command"), "sale");
  EXPECT_EQ(dialect->read(gate(sale_body)).field("absent"), std::nullopt);
  EXPECT_EQ(dialect->read(sale_with("UMUMabsent", "1")).field("UMabsent"), std::nullopt);
}

OutboundContext reverse_after(Duration span) { return {.key = {}, .reference = "1", .reverse_after = span}; }

TEST(UsaepayOutbound, SetsTheVendorsDeadlineAndNothingElse) {
  using namespace std::chrono_literals;
  const Request request = gate(std::string(sale_body) + "&UMnote=%e9+%7e&&UMempty=");
  EXPECT_EQ(usaepay()->outbound(request, reverse_after(14'900ms)).body, request.body + "&UMtimeout=14");
  EXPECT_EQ(usaepay()->outbound(request, reverse_after(10ms)).body, request.body + "&UMtimeout=1");
  EXPECT_EQ(usaepay()->outbound(request, {.key = {}, .reference = "1", .reverse_after = {}}).body, request.body);
  EXPECT_TRUE(usaepay()->reverses_by_itself());
}

TEST(UsaepayOutbound, KeepsAShorterDeadlineOfTheClient) {
  using namespace std::chrono_literals;
  const std::string body(sale_body);
  const auto sent = [](const Request& request) { return usaepay()->outbound(request, reverse_after(14s)).body; };
  EXPECT_EQ(sent(gate(body + "&UMtimeout=5&UMz=1")), body + "&UMtimeout=5&UMz=1");
  EXPECT_EQ(sent(gate(body + "&UMtimeout=120&UMz=1")), body + "&UMtimeout=14&UMz=1");
  EXPECT_EQ(sent(gate(body + "&UMtimeout=0&UMz=1")), body + "&UMtimeout=14&UMz=1");
  EXPECT_EQ(sent(gate(body + "&UMtimeout=x&UMz=1")), body + "&UMtimeout=14&UMz=1");
  Request with_header = gate(body);
  with_header.headers.add("ApiTimeout", "5");
  EXPECT_EQ(sent(with_header), body);
  with_header.headers.set("ApiTimeout", "60");
  EXPECT_EQ(sent(with_header), body + "&UMtimeout=14");
  with_header.headers.set("ApiTimeout", "5");
  with_header.body += "&UMtimeout=60";  // the field wins over the header
  EXPECT_EQ(sent(with_header), body + "&UMtimeout=14");
}

TEST(UsaepayOutbound, LeavesAloneWhatItDoesNotCharge) {
  using namespace std::chrono_literals;
  for (const auto* body : {"UMkey=k&UMcommand=void&UMrefNum=7", "UMkey=k&%55Mcommand=void", ""})
    EXPECT_EQ(usaepay()->outbound(gate(body), reverse_after(5s)).body, body);
  EXPECT_EQ(usaepay()->outbound(gate("UMkey=%"), {}).body, "UMkey=%");
}

TEST(UsaepayReference, IsANumberThatTellsItsMillisecond) {
  const Ulid id = *Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const std::string reference = usaepay()->reference(id, 1007);
  EXPECT_EQ(reference, std::to_string(unix_ms(id.made_at())) + "007");
  EXPECT_EQ(reference.size(), 16U);
  const auto own = usaepay()->own_reference(reference);
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->added, id.made_at());
  EXPECT_FALSE(own->id.has_value());
  EXPECT_NE(usaepay()->reference(id, 1), usaepay()->reference(id, 2));
}

TEST(UsaepayReference, TheVendorsOwnAreNotTakenForOurs) {
  for (const auto* reference : {"132020588", "", "0", "179531664567800", "17953166456780012", "0999999999999999",
                                "9007199254740991", "179531664567800x", "-179531664567800", "gateway-down-1"})
    EXPECT_FALSE(usaepay()->own_reference(reference).has_value()) << reference;
}

TEST(UsaepayReference, IsReplacedByThePartysAndNothingElseIs) {
  const Request request = gate("UMkey=k&UMcommand=cc%3avoid&UMrefNum=1795316645678001&UMhash=s%2fa%2fb%2fn");
  EXPECT_EQ(usaepay()->about_upstream(request, "132020588").body,
            "UMkey=k&UMcommand=cc%3avoid&UMrefNum=132020588&UMhash=s%2fa%2fb%2fn");
}

TEST(UsaepayDialect, RefusesACurrencyThatDoesNotExist) {
  EXPECT_FALSE(make_usaepay_dialect({.currency = "XXQ"}, test_vault()).has_value());
  EXPECT_EQ(text(*usaepay({})->read(gate(sale_body)).facts->amount), "25.00 USD");
}

}  // namespace
}  // namespace standin::usaepay_test
