#include "rehearsal/gateway/form_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearsal/gateway/gateway_test_support.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

using counter::Counter;
using counter::field;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::string about(const std::string& command, const std::string& answer, const std::string& more = {}) {
  return "UMkey=sandbox&UMcommand=" + command + "&UMrefNum=" + field(answer, "UMrefNum") + more;
}

TEST(FormGate, ApprovesInTheVendorsShape) {
  Counter counter;
  const auto answer = counter.send(Counter::gate_request(Counter::sale_fields()));
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_EQ(answer.response.headers.find("Content-Type"), "text/html");
  EXPECT_THAT(answer.response.body, Not(HasSubstr("\n")));
  const std::string& line = answer.response.body;
  EXPECT_EQ(field(line, "UMresult"), "A");
  EXPECT_EQ(field(line, "UMerrorcode"), "00000");
  EXPECT_EQ(field(line, "UMauthAmount"), "25");
  EXPECT_EQ(field(line, "UMavsResultCode"), "YYY");
  EXPECT_EQ(field(line, "UMcvv2ResultCode"), "M");
  EXPECT_EQ(field(line, "UMisDuplicate"), "N");
  EXPECT_EQ(field(line, "UMauthCode").size(), 6u);
  EXPECT_EQ(counter.standing(), 1u);
}

struct RefusalCase {
  std::string fields;
  std::string code;
};

class FormGateRefusals : public testing::TestWithParam<RefusalCase> {};

TEST_P(FormGateRefusals, ChargesNothing) {
  Counter counter;
  const std::string line = counter.gate(GetParam().fields);
  EXPECT_EQ(field(line, "UMerrorcode"), GetParam().code) << line;
  EXPECT_NE(field(line, "UMresult"), "A");
  EXPECT_EQ(counter.standing(), 0u);
}

std::string with(const std::string& name, const std::string& value) { return Counter::sale_fields(name + "=" + value); }

INSTANTIATE_TEST_SUITE_P(
    Codes, FormGateRefusals,
    testing::Values(
        RefusalCase{with("UMkey", "nobody"), "00023"}, RefusalCase{with("UMcard", "4000a00011112224"), "00011"},
        RefusalCase{with("UMcard", "400010001111"), "00012"}, RefusalCase{with("UMcard", "4242424242424241"), "00013"},
        RefusalCase{with("UMcard", ""), "00014"}, RefusalCase{with("UMexpir", "13"), "00015"},
        RefusalCase{with("UMexpir", "1020"), "00017"}, RefusalCase{with("UMamount", "99999.01"), "00070"},
        RefusalCase{with("UMamount", "1%2C000.00"), "10129"}, RefusalCase{with("UMamount", "10.999"), "10129"},
        RefusalCase{with("UMamount", "-5"), "10129"}, RefusalCase{with("UMamount", "%zz"), "10129"},
        RefusalCase{with("UMamount", "0"), "10129"}, RefusalCase{with("UMcommand", "cc%3Adance"), "10124"},
        RefusalCase{with("UMcard", "4000300011112220"), "10127"},
        RefusalCase{with("UMcard", "4000300001112222"), "10204"},
        RefusalCase{with("UMcard", "4000300211112228"), "10205"},
        RefusalCase{with("UMcard", "4000300611112224"), "10251"},
        RefusalCase{with("UMcard", "4000300811112222"), "10257"},
        RefusalCase{with("UMcard", "4000300911112221"), "10262"},
        RefusalCase{with("UMcard", "4000301311112225"), "10297"},
        RefusalCase{with("UMcard", "4000000011112275"), "10251"}, RefusalCase{"", "00023"},
        RefusalCase{"%=&&=%&UMkey", "00023"}, RefusalCase{with("UMmagstripe", "%25Bnothing"), "10119"}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(FormGate, APinAsksForAHash) {
  Counter counter;
  EXPECT_EQ(field(counter.sale("", counter::good_card, "sandbox-pin"), "UMerrorcode"), "10117");
  EXPECT_EQ(field(counter.sale("UMhash=s%2Fseed%2Fabc%2Fn", counter::good_card, "sandbox-pin"), "UMerrorcode"),
            "10118");
  EXPECT_EQ(field(counter.sale("UMhash=s", counter::good_card, "sandbox-pin"), "UMerrorcode"), "10118");
  EXPECT_EQ(counter.standing(), 0u);
  const std::string text = "sale:1234:25.00:7:seed";
  EXPECT_EQ(
      field(counter.sale("UMhash=s/seed/" + sha1_hex(text) + "/n", counter::good_card, "sandbox-pin"), "UMresult"),
      "A");
  EXPECT_EQ(field(counter.sale("UMhash=m/seed/" + md5_hex(text) + "/n", counter::good_card, "sandbox-pin"), "UMresult"),
            "A");
}

TEST(FormGate, ApprovesPartOnlyForThoseWhoAllowIt) {
  Counter counter;
  const std::string line = counter.sale("UMallowPartialAuth=Y", "4000000011112283");
  EXPECT_EQ(field(line, "UMresult"), "A");
  EXPECT_EQ(field(line, "UMauthAmount"), "18.75");
  EXPECT_EQ(counter.last().amount.minor, 1875);
  EXPECT_EQ(counter.last().asked_minor, 2500);
}

TEST(FormGateDuplicates, AreFoldedIntoTheFirstAnswer) {
  Counter counter;
  const std::string first = counter.sale("", counter::good_card, "sandbox-fold");
  counter.now += 9min;
  const std::string second = counter.sale("", counter::good_card, "sandbox-fold");
  EXPECT_EQ(field(second, "UMisDuplicate"), "Y");
  EXPECT_EQ(field(second, "UMrefNum"), field(first, "UMrefNum"));
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(FormGateDuplicates, EndWithTheirTimeLimitAndAreNotOtherReferences) {
  Counter counter;
  counter.sale("", counter::good_card, "sandbox-fold");
  counter.sale("UMinvoice=8", counter::good_card, "sandbox-fold");
  EXPECT_EQ(counter.standing(), 2u);
  counter.sale("UMignoreDuplicate=yes", counter::good_card, "sandbox-fold");
  EXPECT_EQ(counter.standing(), 3u);
  counter.now += 10min;
  counter.sale("", counter::good_card, "sandbox-fold");
  EXPECT_EQ(counter.standing(), 4u);
}

TEST(FormGateDuplicates, AreRejectedWithTheMinutesLeft) {
  Counter counter;
  counter.sale("", counter::good_card, "sandbox-reject");
  counter.now += 150s;
  const std::string second = counter.sale("", counter::good_card, "sandbox-reject");
  EXPECT_EQ(field(second, "UMerrorcode"), "00031");
  EXPECT_THAT(second, HasSubstr("wait%20at%20least%208%20minutes"));
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(FormGateDuplicates, InProgressAreToldSoAndTheKeyIsFreeAfterwards) {
  Counter counter;
  const auto request = Counter::gate_request(Counter::sale_fields("", "4000000011112226", "sandbox-fold"));
  auto slow = counter.model.arrive({0, request, counter.now});
  (void)counter.model.next(slow, counter.now);
  EXPECT_EQ(field(counter.gate(request.body), "UMerrorcode"), "00093");
  EXPECT_EQ(field(counter.finish(slow).response.body, "UMresult"), "A");
  EXPECT_EQ(field(counter.gate(request.body), "UMisDuplicate"), "Y");
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(FormGateTimeout, LateAfterTheIssuerIsVoidedByTheGateway) {
  Counter counter;
  const std::string line = counter.sale("UMtimeout=14", "4000000011112234");
  EXPECT_EQ(field(line, "UMresult"), "E");
  EXPECT_EQ(counter.last().state, PaymentState::voided);
  EXPECT_TRUE(counter.last().reversed);
  EXPECT_EQ(counter.standing(), 0u);
}

TEST(FormGateTimeout, InTimeStands) {
  Counter counter;
  EXPECT_EQ(field(counter.sale("UMtimeout=15", "4000000011112234"), "UMresult"), "A");
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(FormGateTimeout, LateBeforeTheIssuerHoldsNothing) {
  GatewaySettings settings;
  settings.response_times = {*ResponseTime::parse("constant:10000")};
  Counter counter(settings);
  EXPECT_EQ(field(counter.sale("UMtimeout=5"), "UMresult"), "E");
  EXPECT_TRUE(counter.model.books().payments().empty());
}

TEST(FormGateTimeout, TheFieldWinsOverTheHeaderAndTheHeaderOverTheKey) {
  GatewaySettings settings;
  settings.keys = {{.key = "sandbox", .timeout = 1s}};
  Counter counter(settings);
  Request request = Counter::gate_request(Counter::sale_fields("", "4000000011112226"));
  EXPECT_EQ(field(counter.send(request).response.body, "UMresult"), "E");
  request.headers.set("ApiTimeout", "20");
  EXPECT_EQ(field(counter.send(request).response.body, "UMresult"), "A");
  request.body += "&UMtimeout=2";
  EXPECT_EQ(field(counter.send(request).response.body, "UMresult"), "E");
}

TEST(FormGateChanges, CaptureTakesAHoldOnce) {
  Counter counter;
  const std::string held = counter.sale("UMcommand=cc:authonly");
  EXPECT_EQ(counter.last().state, PaymentState::authorized);
  EXPECT_EQ(field(counter.gate(about("capture", held, "&UMamount=30")), "UMerrorcode"), "10129");
  EXPECT_EQ(field(counter.gate(about("capture", held, "&UMamount=20")), "UMresult"), "A");
  EXPECT_EQ(counter.last().state, PaymentState::captured);
  EXPECT_EQ(counter.last().amount.minor, 2000);
  EXPECT_EQ(field(counter.gate(about("cc:capture", held)), "UMerrorcode"), "10126");
  EXPECT_EQ(field(counter.gate("UMkey=sandbox&UMcommand=capture&UMrefNum=1"), "UMerrorcode"), "10105");
}

TEST(FormGateChanges, AVoidEndsWithTheBatchAndCannotBeRepeated) {
  Counter counter;
  const std::string sold = counter.sale();
  EXPECT_EQ(field(counter.gate(about("void", sold)), "UMresult"), "A");
  EXPECT_EQ(counter.standing(), 0u);
  EXPECT_EQ(field(counter.gate(about("void:release", sold)), "UMerrorcode"), "00024");
  EXPECT_EQ(field(counter.gate(about("unvoid", sold)), "UMresult"), "A");
  EXPECT_EQ(counter.standing(), 1u);
  counter.control("POST", "close_batch");
  EXPECT_EQ(field(counter.gate(about("void", sold)), "UMerrorcode"), "00026");
  EXPECT_EQ(field(counter.gate("UMkey=sandbox&UMcommand=void&UMrefNum=x"), "UMerrorcode"), "00035");
}

TEST(FormGateChanges, AnotherMerchantsChargeIsNotFound) {
  Counter counter;
  const std::string sold = counter.sale();
  EXPECT_EQ(field(counter.gate(about("void", sold, "&UMkey=sandbox-gb")), "UMerrorcode"), "00035");
  EXPECT_EQ(counter.standing(), 1u);
}

TEST(FormGateChanges, RefundsGiveBackNoMoreThanWasPaid) {
  Counter counter;
  const std::string sold = counter.sale();
  EXPECT_EQ(field(counter.gate(about("refund", sold, "&UMamount=26")), "UMerrorcode"), "00112");
  EXPECT_EQ(field(counter.gate(about("refund", sold, "&UMamount=10")), "UMresult"), "A");
  EXPECT_EQ(counter.standing(), 1u);
  EXPECT_EQ(field(counter.gate(about("refund", sold)), "UMresult"), "A");
  EXPECT_EQ(counter.last().amount.minor, 1500);
  EXPECT_EQ(field(counter.gate(about("refund", sold)), "UMerrorcode"), "00113");
  EXPECT_EQ(counter.standing(), 0u);
  EXPECT_EQ(field(counter.gate("UMkey=sandbox&UMcommand=refund&UMrefNum=1"), "UMerrorcode"), "00110");
}

TEST(FormGateChanges, CreditvoidVoidsBeforeTheBatchClosesAndRefundsAfter) {
  Counter counter;
  const std::string first = counter.sale();
  counter.gate(about("creditvoid", first));
  EXPECT_EQ(counter.last().state, PaymentState::voided);
  const std::string second = counter.sale();
  counter.control("POST", "close_batch");
  EXPECT_EQ(field(counter.gate(about("creditvoid", second)), "UMresult"), "A");
  EXPECT_EQ(counter.last().kind, PaymentKind::refund);
}

TEST(FormGateChanges, AKeyMayRefundSettledChargesAlone) {
  GatewaySettings settings;
  settings.keys = {{.key = "sandbox", .refunds_settled_only = true}};
  Counter counter(settings);
  const std::string sold = counter.sale();
  EXPECT_EQ(field(counter.gate(about("refund", sold)), "UMerrorcode"), "00114");
  counter.control("POST", "close_batch");
  EXPECT_EQ(field(counter.gate(about("refund", sold)), "UMresult"), "A");
}

TEST(FormGateChanges, AdjustChangesWhatIsNotSettled) {
  Counter counter;
  const std::string sold = counter.sale();
  EXPECT_EQ(field(counter.gate(about("adjust", sold, "&UMamount=27.50")), "UMresult"), "A");
  EXPECT_EQ(counter.last().amount.minor, 2750);
  counter.control("POST", "close_batch");
  EXPECT_EQ(field(counter.gate(about("adjust", sold, "&UMamount=28")), "UMerrorcode"), "00026");
}

TEST(FormGate, QuicksaleChargesTheCardOfTheOriginal) {
  Counter counter;
  const std::string sold = counter.sale();
  EXPECT_EQ(field(counter.gate(about("quicksale", sold, "&UMamount=5")), "UMresult"), "A");
  EXPECT_EQ(counter.last().card.masked, "4000xxxxxxxx2224");
  EXPECT_EQ(counter.last().amount.minor, 500);
  EXPECT_EQ(counter.standing(), 2u);
}

TEST(FormGate, ASavedCardIsChargedByItsReference) {
  Counter counter;
  const std::string saved = counter.sale("UMcommand=cc:save", "4000300611112224");
  EXPECT_EQ(field(saved, "UMmaskedCardNum"), "4000xxxxxxxx2224");
  EXPECT_TRUE(counter.model.books().payments().empty());
  EXPECT_EQ(field(counter.sale("", field(saved, "UMcardRef")), "UMerrorcode"), "10251");
}

TEST(FormGate, ReadsAMagstripe) {
  Counter counter;
  EXPECT_EQ(
      field(counter.sale("UMcard=&UMexpir=&UMmagstripe=%25B4000100011112224%5ESHOPPER%2FA%5E3012101%3F"), "UMresult"),
      "A");
  EXPECT_EQ(counter.last().card.expiry, "1230");
}

TEST(FormGate, SellsOnChecks) {
  Counter counter;
  const std::string check = "UMkey=sandbox&UMcommand=check:sale&UMaccount=123456789&UMinvoice=7";
  EXPECT_EQ(field(counter.gate(check + "&UMrouting=123456780&UMamount=20"), "UMresult"), "A");
  EXPECT_EQ(counter.last().kind, PaymentKind::check);
  EXPECT_EQ(field(counter.gate(check + "&UMrouting=987654321&UMamount=20"), "UMerrorcode"), "00038");
  EXPECT_EQ(field(counter.gate(check + "&UMrouting=123456780&UMamount=5.99"), "UMresult"), "D");
}

TEST(FormGate, TestModeWritesNothingDown) {
  Counter counter;
  EXPECT_EQ(field(counter.sale("UMtestmode=1"), "UMauthCode"), "TESTMD");
  EXPECT_TRUE(counter.model.books().payments().empty());
}

}  // namespace
}  // namespace standin::rehearsal
