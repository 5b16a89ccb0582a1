#include "sim/actors/gateway_party.h"

#include <gtest/gtest.h>

#include "sim/actors/party_test_support.h"

namespace standin::sim {
namespace {

using namespace std::chrono_literals;
using rehearsal::GatewayFault;

constexpr std::string_view good_card = "4000100011112224";
constexpr std::string_view card_of_5_s = "4000000011112226";

rehearsal::GatewaySettings settings(rehearsal::DuplicateMode duplicates = rehearsal::DuplicateMode::none) {
  rehearsal::GatewaySettings made;
  made.keys = {{.key = "source", .pin = "", .duplicates = duplicates}};
  made.response_times = {*rehearsal::ResponseTime::parse("constant:200")};
  return made;
}

struct GatewayStreet : Street {
  explicit GatewayStreet(std::uint64_t seed = 1, rehearsal::DuplicateMode duplicates = rehearsal::DuplicateMode::none)
      : Street(seed), gateway(world, net, trace, "cardgate", {"www-01", "www-02"}, settings(duplicates), seed) {
    gateway.on_fault = note_faults();
  }
  void set_fault(GatewayFault fault) { gateway.set_faults({fault}); }
  std::string gate(const std::string& fields, const std::string& host = "www-01") {
    const auto answer = ask(host, form("/gate", "UMkey=source&" + fields));
    return answer ? answer->body : "(" + answer.error().what + ")";
  }

  static Request form(std::string target, std::string body) {
    return {.method = "POST", .target = std::move(target), .headers = {}, .body = std::move(body)};
  }
  static std::string sale(const std::string& order, std::string_view card = good_card) {
    return "UMcommand=sale&UMamount=25.00&UMexpir=1230&UMinvoice=7&UMorderid=" + order + "&UMcard=" + std::string(card);
  }
  static Request sale_request(const std::string& order, std::string_view card = good_card) {
    return form("/gate", "UMkey=source&" + sale(order, card));
  }

  GatewayParty gateway;
};

std::string field(const std::string& line, const std::string& name) {
  const auto at = ("&" + line).find("&" + name + "=");
  if (at == std::string::npos) return "(none)";
  const auto begin = at + name.size() + 1;
  return line.substr(begin, line.find('&', begin) - begin);
}

TEST(GatewayParty, ASaleStandsInTheLedgerUnderTheMerchantsReference) {
  GatewayStreet street;
  Request request = street.sale_request("p1");
  request.headers.set("Standin-Key", "key-1");
  const auto answer = street.ask("www-02", request);
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(street.gateway.ledger().size(), 1U);
  const LedgerEntry entry = street.gateway.ledger()[0];
  EXPECT_EQ(entry.party, "cardgate");
  EXPECT_EQ(entry.reference, field(answer->body, "UMrefNum"));
  EXPECT_EQ(entry.purchase, "p1");
  EXPECT_EQ(entry.key, "key-1");
  EXPECT_FALSE(entry.keyed);
  EXPECT_EQ(entry.amount_minor, 2'500);
  EXPECT_EQ(entry.currency, "USD");
  EXPECT_TRUE(entry.approved);
  EXPECT_FALSE(entry.voided);
  EXPECT_GE(entry.at_ms, street.gateway.deliveries().at(0).began_ms + 100);
}

TEST(GatewayParty, AChargeOfTheStripeKindIsNamedByItsMetadata) {
  GatewayStreet street;
  Request request = street.form("/v1/payment_intents",
                                "amount=1200&currency=usd&confirm=true&payment_method=pm_card_visa&description=tea&"
                                "metadata[order_id]=p2&metadata[invoice]=9");
  request.headers.set("Authorization", "Bearer sk_test_1");
  request.headers.set("Idempotency-Key", "key-2");
  const auto answer = street.ask("www-01", request);
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(street.gateway.ledger().size(), 1U);
  const LedgerEntry entry = street.gateway.ledger()[0];
  EXPECT_EQ(entry.purchase, "p2");
  EXPECT_EQ(entry.key, "key-2");
  EXPECT_TRUE(entry.keyed);
  EXPECT_EQ(entry.amount_minor, 1'200);
  EXPECT_TRUE(entry.reference.starts_with("pi_"));
  EXPECT_NE(answer->body.find(entry.reference), std::string::npos);
  EXPECT_EQ(street.gateway.deliveries().at(0).purchase, "p2");
}

TEST(GatewayParty, TheLedgerTellsWhatIsLeftOfACharge) {
  GatewayStreet street;
  const std::string first = field(street.gate(street.sale("p1")), "UMrefNum");
  const std::string second = field(street.gate(street.sale("p2")), "UMrefNum");
  const std::string third = field(street.gate(street.sale("p3")), "UMrefNum");
  street.gate(street.sale("p4", "4000300011112220"));
  street.gate("UMcommand=void&UMrefNum=" + first);
  street.gate("UMcommand=refund&UMamount=10.00&UMrefNum=" + second);
  street.gate("UMcommand=adjust&UMamount=20.00&UMrefNum=" + third);
  const auto ledger = street.gateway.ledger();
  ASSERT_EQ(ledger.size(), 4U) << "a refund is no charge";
  EXPECT_TRUE(ledger[0].voided);
  EXPECT_FALSE(ledger[1].voided);
  EXPECT_EQ(ledger[1].refunded_minor, 1'000);
  EXPECT_EQ(ledger[2].amount_minor, 2'000);
  EXPECT_FALSE(ledger[3].approved);
  EXPECT_EQ(street.gateway.deliveries().size(), 4U) << "nor is any change";
}

TEST(GatewayParty, WhatIsSettledIsNotVoidedAnyMore) {
  GatewayStreet street;
  const std::string refnum = field(street.gate(street.sale("p1")), "UMrefNum");
  street.gateway.close_batch();
  EXPECT_EQ(field(street.gate("UMcommand=void&UMrefNum=" + refnum), "UMerrorcode"), "00026");
  EXPECT_FALSE(street.gateway.ledger().at(0).voided);
}

TEST(GatewayParty, WhatWasDoneStandsWhenItsAnswerIsLost) {
  for (const auto kind : {GatewayFault::Kind::hang, GatewayFault::Kind::reset, GatewayFault::Kind::truncate}) {
    GatewayStreet street;
    street.set_fault({.kind = kind, .at = GatewayFault::Moment::after, .count = 1});
    const auto answer = street.ask("www-01", street.sale_request("p1"));
    ASSERT_FALSE(answer.has_value());
    EXPECT_NE(answer.error().sent, Sent::nothing);
    EXPECT_EQ(street.gateway.ledger().size(), 1U);
    EXPECT_EQ(street.struck, (std::multiset{Sabotage::answers_lost}));
  }
}

TEST(GatewayParty, AFaultBeforeTheLedgerChargesNothing) {
  GatewayStreet street;
  street.set_fault({.kind = GatewayFault::Kind::hang});
  EXPECT_FALSE(street.ask("www-01", street.sale_request("p1")).has_value());
  EXPECT_TRUE(street.gateway.ledger().empty());
  EXPECT_EQ(street.struck, (std::multiset{Sabotage::gateway_errors}));
  street.gateway.set_faults({});
  EXPECT_TRUE(street.ask("www-01", street.sale_request("p1")).has_value());
}

TEST(GatewayParty, ARestartDropsWhatIsNotInTheLedgerAndClaimsNothingForIt) {
  GatewayStreet street(1, rehearsal::DuplicateMode::reject);
  const auto answer = street.send("www-01", street.sale_request("p1", card_of_5_s));
  street.world.run_for(1s);
  street.gateway.cut_in_flight();
  street.world.run_for(10s);
  ASSERT_TRUE(*answer);
  EXPECT_FALSE((*answer)->has_value());
  EXPECT_TRUE(street.gateway.ledger().empty());
  EXPECT_EQ(field(street.gate(street.sale("p1", card_of_5_s)), "UMstatus"), "Approved");
  EXPECT_EQ(street.gateway.ledger().size(), 1U);
}

TEST(GatewayParty, ALocationThatRefusesIsClosedAloneUntilItIsHealed) {
  GatewayStreet street;
  street.set_fault({.kind = GatewayFault::Kind::refuse, .location = 1});
  const auto refused = street.ask("www-01", street.sale_request("p1"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().sent, Sent::nothing);
  EXPECT_TRUE(street.ask("www-02", street.sale_request("p1")).has_value());
  street.gateway.set_faults({});
  EXPECT_TRUE(street.ask("www-01", street.sale_request("p2")).has_value());
}

TEST(GatewayParty, ADeliveryIsNotedFromItsArrivalToItsEndWithItsMark) {
  GatewayStreet street;
  Request request = street.sale_request("p1", card_of_5_s);
  request.headers.set("Standin-Replay", "t=1,order=X,v1=00");
  const auto answer = street.send("www-01", request);
  street.world.run_for(1s);
  ASSERT_EQ(street.gateway.deliveries().size(), 1U);
  EXPECT_GT(street.gateway.deliveries()[0].ended_ms, world_ms(street.world.now()) + 1'000'000) << "it is under way";
  street.world.run_for(10s);
  const Delivery delivery = street.gateway.deliveries()[0];
  EXPECT_EQ(delivery.party, "cardgate");
  EXPECT_EQ(delivery.purchase, "p1");
  EXPECT_EQ(delivery.mark, "t=1,order=X,v1=00");
  EXPECT_GE(delivery.ended_ms - delivery.began_ms, 5'000);
  EXPECT_LE(delivery.ended_ms - delivery.began_ms, 6'000);
}

TEST(GatewayParty, ADeliveryThatIsLeftHangingEndsWhenItsClientLetsGo) {
  GatewayStreet street;
  street.set_fault({.kind = GatewayFault::Kind::hang, .at = GatewayFault::Moment::after});
  const auto answer = street.send("www-01", street.sale_request("p1"));
  street.world.run_for(30s);
  EXPECT_GT(street.gateway.deliveries().at(0).ended_ms, world_ms(street.world.now()) + 1'000'000) << "it is under way";
  street.world.run_for(40s);
  ASSERT_TRUE(*answer);
  const Delivery delivery = street.gateway.deliveries().at(0);
  EXPECT_GE(delivery.ended_ms - delivery.began_ms, 59'000);
  EXPECT_LE(delivery.ended_ms - delivery.began_ms, 60'000);
}

TEST(GatewayParty, ADeliveryThatItsClientLetGoOfHasEndedThoughItWillBeDone) {
  GatewayStreet street;
  auto loop = street.world.make_loop();
  const Instant end = street.world.now() + 1min;
  const auto ask = [](SimNet& net, Clock& clock, Instant until, Request request) -> Task<> {
    const auto answer = co_await net.exchange("standin", "www-01", std::move(request),
                                              {.send_before = until, .listen_until = until}, {}, clock);
    EXPECT_FALSE(answer) << "its process dies";
  };
  spawn(loop->executor(), ask(street.net, loop->clock(), end, street.sale_request("p1", card_of_5_s)));
  street.world.run_for(1s);
  loop.reset();
  const Delivery delivery = street.gateway.deliveries().at(0);
  EXPECT_EQ(delivery.ended_ms, world_ms(street.world.now()));
  street.world.run_for(10s);
  EXPECT_EQ(street.gateway.deliveries().at(0).ended_ms, delivery.ended_ms);
  EXPECT_EQ(street.gateway.ledger().size(), 1U);
}

TEST(GatewayParty, ARefundIsADeliveryOnlyAsAReplay) {
  GatewayStreet street;
  const std::string refnum = field(street.gate(street.sale("p1")), "UMrefNum");
  Request request = street.form("/gate", "UMkey=source&UMcommand=refund&UMamount=1.00&UMrefNum=" + refnum);
  EXPECT_TRUE(street.ask("www-01", request).has_value());
  EXPECT_EQ(street.gateway.deliveries().size(), 1U);
  request.headers.set("Standin-Replay", "t=1,order=X,v1=00");
  EXPECT_TRUE(street.ask("www-01", request).has_value());
  ASSERT_EQ(street.gateway.deliveries().size(), 2U);
  EXPECT_EQ(street.gateway.deliveries()[1].purchase, "p1") << "of the charge that it names";
}

/// What one sale came to that something in between sent twice.
struct Copied : GatewayStreet {
  explicit Copied(rehearsal::DuplicateMode duplicates) : GatewayStreet(1, duplicates) {
    net.link("standin", "www-01").repeated = 1;
    answer = gate(sale("p1"));
    net.link("standin", "www-01").repeated = 0;
    world.run_for(5s);
  }
  std::vector<bool> marks() const {
    std::vector<bool> marks;
    for (const LedgerEntry& entry : gateway.ledger()) marks.push_back(entry.repeated);
    return marks;
  }
  std::string answer;
};

TEST(GatewayParty, OfTheChargesOfOneRequestThatWasCopiedOneIsACopy) {
  const Copied copied(rehearsal::DuplicateMode::none);
  EXPECT_EQ(copied.marks(), (std::vector<bool>{false, true}));
  EXPECT_EQ(copied.gateway.repeated(), (std::set<std::string>{"p1"}));
  const auto deliveries = copied.gateway.deliveries();
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_FALSE(deliveries[0].repeated);
  EXPECT_TRUE(deliveries[1].repeated);
}

TEST(GatewayParty, TheOneThatWasVoidedIsNotTheCopy) {
  Copied copied(rehearsal::DuplicateMode::none);
  copied.gate("UMcommand=void&UMrefNum=" + copied.gateway.ledger().at(1).reference);
  EXPECT_EQ(copied.marks(), (std::vector<bool>{true, false}));
}

TEST(GatewayParty, TheOneThatWasGivenBackIsNotTheCopyOfAnotherRequestThatWasToldItDidNothing) {
  GatewayStreet street;
  street.set_fault({.kind = GatewayFault::Kind::error, .count = 1});
  street.net.link("standin", "www-01").repeated = 1;
  street.gate(street.sale("p1"));
  street.net.link("standin", "www-01").repeated = 0;
  const std::string refnum = field(street.gate(street.sale("p1")), "UMrefNum");
  street.world.run_for(5s);
  street.gate("UMcommand=refund&UMamount=25.00&UMrefNum=" + refnum);
  std::map<std::string, bool> marks;
  for (const LedgerEntry& entry : street.gateway.ledger()) marks[entry.reference] = entry.repeated;
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_FALSE(marks.extract(refnum).mapped());
  EXPECT_TRUE(marks.begin()->second);
}

TEST(GatewayParty, AChargeThatWasFoldedOrAskedForAgainIsNoCopy) {
  Copied folded(rehearsal::DuplicateMode::fold);
  EXPECT_EQ(folded.marks(), (std::vector<bool>{false}));
  GatewayStreet again;
  again.gate(again.sale("p1"));
  again.gate(again.sale("p1"));
  ASSERT_EQ(again.gateway.ledger().size(), 2U);
  EXPECT_FALSE(again.gateway.ledger()[1].repeated);
  EXPECT_TRUE(again.gateway.repeated().empty());
}

TEST(GatewayParty, ACopiedVoidIsNotedForThePurchaseThatItIsAbout) {
  GatewayStreet street;
  const std::string refnum = field(street.gate(street.sale("p1")), "UMrefNum");
  street.net.link("standin", "www-01").repeated = 1;
  street.gate("UMcommand=void&UMrefNum=" + refnum);
  street.world.run_for(5s);
  EXPECT_EQ(street.gateway.repeated(), (std::set<std::string>{"p1"}));
}

TEST(GatewayParty, ACopiedCaptureOfTheStripeKindIsNotedToo) {
  GatewayStreet street;
  const auto stripe = [&](const std::string& target, const std::string& body) {
    Request request = street.form(target, body);
    request.headers.set("Authorization", "Bearer sk_test_1");
    return street.ask("www-01", request);
  };
  ASSERT_TRUE(stripe("/v1/charges", "amount=1200&currency=usd&source=tok_visa&capture=false&metadata[order_id]=p1"));
  const LedgerEntry charge = street.gateway.ledger().at(0);
  EXPECT_FALSE(charge.keyed) << "it had no key";
  street.net.link("standin", "www-01").repeated = 1;
  ASSERT_TRUE(stripe("/v1/charges/" + charge.reference + "/capture", ""));
  street.world.run_for(5s);
  EXPECT_EQ(street.gateway.repeated(), (std::set<std::string>{"p1"}));
  EXPECT_EQ(street.gateway.deliveries().size(), 1U);
}

TEST(GatewayParty, OneSeedIsOneStory) {
  const auto story = [](std::uint64_t seed) {
    GatewayStreet street(seed);
    street.set_fault({.kind = GatewayFault::Kind::reset, .fraction = 0.5});
    for (int order = 0; order < 20; ++order) street.send("www-01", street.sale_request("p" + std::to_string(order)));
    street.world.run_for(2min);
    return street.trace.hash();
  };
  EXPECT_EQ(story(7), story(7));
  EXPECT_NE(story(7), story(8));
}

}  // namespace
}  // namespace standin::sim
