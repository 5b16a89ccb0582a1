#include "rehearsal/shop_charge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

ShopOrder order_of(std::string id, std::string token = "visa") {
  return {.id = std::move(id),
          .asked = {.customer_id = "customer-7", .total = {1'250, *Currency::parse("USD")}, .card_token = token},
          .created = wall_time(1'795'000'000'000)};
}

ChargeAccount account(std::string_view key) { return *charge_account("http://127.0.0.1:8080/gate", key); }

Result<Response> answer(std::string body, int status = 200) {
  return Response{.status = status, .headers = {}, .body = std::move(body)};
}

TEST(ShopCharge, IsASaleOfTheTotalUnderTheOrdersOwnId) {
  const Request request = request_to_gateway(AskSale{order_of("ord_1")}, account("sandbox"), "seed");
  EXPECT_EQ(request.target, "/gate");
  EXPECT_THAT(request.body,
              AllOf(HasSubstr("UMkey=sandbox"), HasSubstr("UMcommand=cc%3Asale"), HasSubstr("UMamount=12.50"),
                    HasSubstr("UMorderid=ord_1"), HasSubstr("UMexpir=1228")));
  EXPECT_THAT(request.body, Not(HasSubstr("UMhash")));
}

TEST(ShopCharge, IsSignedWhereTheKeyHasAPin) {
  const Request request = request_to_gateway(AskSale{order_of("ord_1")}, account("sandbox-pin:1234"), "seed");
  EXPECT_THAT(request.body, HasSubstr("UMhash=s%2Fseed%2F" + sha1_hex("cc:sale:1234:12.50::seed") + "%2Fn"));
  EXPECT_THAT(request.body, Not(HasSubstr("1234&")));
}

TEST(ShopCharge, AsksTheSameAgainButForItsSignature) {
  const auto unsigned_part = [](const std::string& seed) {
    const Request request = request_to_gateway(AskSale{order_of("ord_1")}, account("sandbox-pin:1234"), seed);
    return request.body.substr(0, request.body.find("&UMhash"));
  };
  EXPECT_EQ(unsigned_part("one"), unsigned_part("two"));
}

TEST(ShopCharge, TheDeclinedTokenIsACardThatTheGatewayDeclines) {
  const Request request = request_to_gateway(AskSale{order_of("ord_1", "declined")}, account("sandbox"), "seed");
  EXPECT_THAT(request.body, HasSubstr("UMcard=4000300011112220"));
}

TEST(ShopCharge, IsVoidedByTheGatewaysName) {
  const Request request = request_to_gateway(AskVoid{"ord_1", "777"}, account("sandbox-pin:1234"), "seed");
  EXPECT_THAT(request.body, AllOf(HasSubstr("UMcommand=cc%3Avoid"), HasSubstr("UMrefNum=777"),
                                  HasSubstr(sha1_hex("cc:void:1234:::seed"))));
}

TEST(ShopCharge, OnlyAnApprovalWithANameIsOne) {
  const Ask sale = AskSale{order_of("ord_1")};
  const GatewayWord word = word_of(sale, answer("UMversion=2.9&UMrefNum=777&UMresult=A&UMerrorcode=00000"));
  EXPECT_EQ(word.kind, GatewayWord::Kind::approved);
  EXPECT_EQ(word.reference, "777");
  EXPECT_EQ(word_of(sale, answer("UMresult=A&UMrefNum=")).kind, GatewayWord::Kind::unknown);
}

TEST(ShopCharge, EverythingThatIsNeitherYesNorNoIsUnknown) {
  const Ask sale = AskSale{order_of("ord_1")};
  EXPECT_EQ(word_of(sale, answer("UMresult=D&UMerrorcode=10127")).kind, GatewayWord::Kind::declined);
  EXPECT_EQ(word_of(sale, answer("UMresult=E&UMerrorcode=00027")).kind, GatewayWord::Kind::unknown);
  EXPECT_EQ(word_of(sale, answer("UMresult=A&UMrefNum=777", 500)).kind, GatewayWord::Kind::unknown);
  EXPECT_EQ(word_of(sale, answer("<html>")).kind, GatewayWord::Kind::unknown);
  EXPECT_EQ(word_of(sale, failure("reset")).kind, GatewayWord::Kind::unknown);
}

TEST(ShopCharge, WhatIsVoidedAlreadyIsAsGoodAsVoided) {
  const Ask undo = AskVoid{"ord_1", "777"};
  EXPECT_EQ(word_of(undo, answer("UMresult=A&UMrefNum=777")).kind, GatewayWord::Kind::approved);
  EXPECT_EQ(word_of(undo, answer("UMresult=E&UMerrorcode=00024")).kind, GatewayWord::Kind::approved);
  EXPECT_EQ(word_of(undo, answer("UMresult=E&UMerrorcode=00035")).kind, GatewayWord::Kind::approved);
  EXPECT_EQ(word_of(undo, answer("UMresult=E&UMerrorcode=00026")).kind, GatewayWord::Kind::unknown);
  EXPECT_EQ(word_of(undo, failure("reset")).kind, GatewayWord::Kind::unknown);
}

TEST(ShopCharge, AnErrorNeverQuotesTheKey) {
  const auto wrong = charge_account("http://127.0.0.1:1/gate", ":1234");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().what + wrong.error().where, Not(HasSubstr("1234")));
  EXPECT_FALSE(charge_account("nonsense", "sandbox"));
}

}  // namespace
}  // namespace standin::rehearsal
