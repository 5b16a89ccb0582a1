// Charges through gateways: written before they are sent, at one party at a time, never twice.
#include <fmt/format.h>

#include "tests/virtual/till.h"

namespace standin {
namespace {

Behaviour stripe_succeeds(const Request&) {
  Response answer{.status = 200,
                  .body = R"({"id":"pi_1","object":"payment_intent","amount":1000,"amount_received":1000,)"
                          R"("currency":"usd","status":"succeeded","latest_charge":"ch_1"})"};
  answer.headers.add("Content-Type", "application/json");
  return says(std::move(answer));
}

TEST(Charge, PassesUnchangedWhileTheGatewayIsHealthy) {
  Till till;
  const Response answer = till.sale({});
  EXPECT_EQ(answer.body, gate_approves("132020588").body);
  EXPECT_EQ(till.transport.arrived.size(), 1u);
}

TEST(Charge, IsWrittenDownBeforeItsFirstByteIsSent) {
  Till till;
  std::vector<State> seen;
  till.gateway = [&](const Request&) {
    for (const auto& [state, count] : till.journal->counts())
      if (count > 0) seen.push_back(state);
    return says(gate_approves("132020588"));
  };
  till.sale({});
  EXPECT_EQ(seen, std::vector{State::charging});
  EXPECT_EQ(till.journal->counts()[State::settled], 1u);
}

TEST(Charge, IsTakenUpAtTheSamePartyAfterACrash) {
  Till till;
  till.gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  till.crash();
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_approves("132020588", "10.00", true)); };
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020588");
  EXPECT_EQ(till.arrivals_at("second"), 0u);
  EXPECT_EQ(till.journal->counts()[State::settled], 1u);
  EXPECT_EQ(till.journal->counts()[State::charging], 0u);
}

TEST(Charge, OfTheSameFactsIsTriedAnewAfterALateDeclineOfOneThatWasNotWrittenDown) {
  Till till;
  till.route.journalled = false;
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_declines(), 20s); };
  const auto client = std::make_shared<TestClient>();
  till.send_later(till.sale_request({}), client);
  till.world.run_for(1s);
  client->left = true;
  till.world.run_for(60s);
  till.gateway = [](const Request&) { return says(gate_approves("132020588")); };
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020588");
}

TEST(Charge, IsNotSentAgainAfterACrashToAPartyThatWouldChargeAgain) {
  Till till;
  till.upstream.duplicates = Duplicates::none;
  till.rebuild();
  till.gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  till.crash();
  till.rebuild();
  const std::size_t before = till.transport.arrived.size();
  EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A") << "stood in for";
  EXPECT_EQ(till.transport.arrived.size(), before);
  EXPECT_EQ(till.journal->counts()[State::accepted], 1u);
  EXPECT_TRUE(till.only_order().unresolved) << "the finder goes first";
}

TEST(Charge, ThatComesLateIsAnsweredToTheRetryOfAClientThatGaveUp) {
  Till till;
  till.route.deadline = 60s;
  till.upstream.timeouts.response = 60s;
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_approves("132020588"), 45s); };
  const auto client = std::make_shared<TestClient>();
  till.send_later(till.sale_request({}), client);
  till.world.run_for(30s);
  client->left = true;
  const auto retry = till.send_later(till.sale_request({}));
  till.world.run_for(20s);
  ASSERT_TRUE(retry->peek().has_value());
  EXPECT_EQ(form_field(retry->peek()->body, "UMrefNum"), "132020588");
  EXPECT_EQ(till.transport.arrived.size(), 1u);
}

TEST(Charge, DeclinedByTheGatewayIsPassedOnAndMayBeTriedAgain) {
  Till till;
  till.gateway = [](const Request&) { return says(gate_declines()); };
  EXPECT_EQ(form_field(till.sale({}).body, "UMerrorcode"), "10127");
  EXPECT_EQ(till.journal->counts()[State::declined], 1u);
  till.gateway = [](const Request&) { return says(gate_approves("132020599")); };
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020599");
}

TEST(Charge, OfTheSameKeyIsAnsweredFromTheJournalAfterARestart) {
  Till till;
  const Response first = till.sale({});
  till.restart();
  till.rebuild();
  EXPECT_EQ(till.sale({}).body, first.body);
  EXPECT_EQ(till.transport.arrived.size(), 1u);
}

TEST(Charge, GoesToTheNextLocationAtOnceWhenNothingWasSent) {
  Till till;
  till.transport.behave = [](const Endpoint& target, const Request&) {
    return target.host == "www-01" ? refuses() : says(gate_approves("132020588"));
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(form_field(till.sale({.reference = std::to_string(i)}).body, "UMresult"), "A");
  EXPECT_EQ(till.journal->counts()[State::settled], 4u);
}

TEST(Charge, GoesToTheSecondPartyOnlyWhenNothingWasSentToTheFirst) {
  Till till;
  till.gateway = [](const Request&) { return refuses(); };
  till.second_gateway = stripe_succeeds;
  const Response answer = till.sale({});
  EXPECT_EQ(form_field(answer.body, "UMresult"), "A");
  EXPECT_EQ(till.arrivals_at("second"), 1u);
  EXPECT_EQ(till.only_order().upstream, "backupgate");
  EXPECT_EQ(till.only_order().upstream_reference, "pi_1");
}

TEST(Charge, ThatWasMovedStaysAtItsPartyAfterACrash) {
  Till till;
  till.gateway = [](const Request&) { return refuses(); };
  till.second_gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  ASSERT_EQ(till.arrivals_at("second"), 1u);
  till.crash();
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_approves("132020588")); };
  till.second_gateway = stripe_succeeds;
  EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A");
  EXPECT_EQ(till.arrivals_at("www"), 0u) << "it may stand at the second party";
  EXPECT_EQ(till.only_order().upstream_reference, "pi_1");
}

TEST(Charge, ThatMayHaveHappenedAtTheFirstPartyNeverGoesToTheSecond) {
  Till till;
  till.gateway = [](const Request&) { return breaks_off(); };
  till.second_gateway = stripe_succeeds;
  till.sale({.amount = "99.00"});
  EXPECT_EQ(till.arrivals_at("second"), 0u);
}

TEST(Charge, StaysBoundToItsPartyWhenTheClientTriesAgainAndBreakersAreOpen) {
  Till till;
  till.policy.floor_limit = {};  // every stand-in is a decline: nothing is recalled while it may stand
  till.rebuild();
  till.gateway = [](const Request&) { return breaks_off(); };
  till.second_gateway = stripe_succeeds;
  till.sale({});
  till.gateway = [](const Request&) { return refuses(); };
  till.sale({});
  till.crash();
  till.rebuild();
  till.sale({});
  EXPECT_EQ(till.arrivals_at("second"), 0u);
}

TEST(Charge, WithATokenCannotMoveToAnotherParty) {
  Till till;
  till.gateway = [](const Request&) { return refuses(); };
  till.second_gateway = stripe_succeeds;
  till.sale({.card = "abcd-1234-token-5678"});
  EXPECT_EQ(till.arrivals_at("second"), 0u);
}

TEST(Charge, OfAnUnknownEndGoesToAnotherLocationOfAPartyThatFolds) {
  Till till;
  int tried = 0;
  till.gateway = [&](const Request&) {
    return ++tried == 1 ? breaks_off() : says(gate_approves("132020588", "10.00", true));
  };
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020588");
  EXPECT_EQ(tried, 2);
}

TEST(Charge, ThatForbidsFoldingIsNotSentAgain) {
  Till till;
  int tried = 0;
  till.gateway = [&](const Request&) { return ++tried, breaks_off(); };
  till.sale({.more = "&UMignoreDuplicate=Y"});
  EXPECT_EQ(tried, 1);
}

TEST(Charge, IsToBeUndoneByTheGatewayWhereWeWouldDecline) {
  Till till;
  till.sale({.amount = "99.00"});
  EXPECT_EQ(form_field(till.last_arrival().body, "UMtimeout"), "14") << "our deadline less a second";
  till.sale({.reference = "other", .amount = "1.00"});
  EXPECT_EQ(form_field(till.last_arrival().body, "UMtimeout"), "120") << "the listening time";
  till.sale({.reference = "third", .amount = "1.00", .more = "&UMtimeout=5"});
  EXPECT_EQ(form_field(till.last_arrival().body, "UMtimeout"), "5") << "the client's own is shorter";
}

TEST(Charge, IsStoodInForWithANumberOfOursAtTheTill) {
  Till till;
  till.no_gateway_answers();
  const Response answer = till.sale({});
  EXPECT_EQ(form_field(answer.body, "UMresult"), "A");
  EXPECT_EQ(form_field(answer.body, "UMauthCode").size(), 6u);
  const std::string number = form_field(answer.body, "UMrefNum");
  EXPECT_EQ(number.size(), 16u);
  EXPECT_EQ(till.only_order().reference, number);
  EXPECT_EQ(till.only_state(), State::accepted);
}

TEST(Charge, StillInStandInCanBeVoided) {
  Till till;
  till.no_gateway_answers();
  const std::string number = form_field(till.sale({}).body, "UMrefNum");
  const Request void_request = till.request("UMkey=source-key-1&UMcommand=cc:void&UMrefNum=" + number);
  EXPECT_EQ(form_field(till.send(void_request).body, "UMresult"), "A");
  EXPECT_EQ(till.only_state(), State::cancelling);
  EXPECT_EQ(form_field(till.send(void_request).body, "UMerrorcode"), "00024") << "already voided";
}

TEST(Charge, OfAnotherMerchantCannotBeVoided) {
  Till till;
  till.no_gateway_answers();
  const std::string number = form_field(till.sale({}).body, "UMrefNum");
  const Request void_request = till.request("UMkey=somebody-else&UMcommand=cc:void&UMrefNum=" + number);
  EXPECT_NE(form_field(till.send(void_request).body, "UMresult"), "A");
  EXPECT_EQ(till.only_state(), State::accepted);
}

TEST(Charge, RefundedWhileInStandInIsRefundedAfterIt) {
  Till till;
  till.no_gateway_answers();
  const std::string number = form_field(till.sale({}).body, "UMrefNum");
  const Request refund = till.request("UMkey=source-key-1&UMcommand=cc:refund&UMamount=4.00&UMrefNum=" + number);
  EXPECT_EQ(form_field(till.send(refund).body, "UMresult"), "A");
  const auto rows = till.journal->orders({});
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_TRUE(rows->front().behind.has_value());
  EXPECT_EQ(till.journal->exposure().front().minor, 1000) << "a refund adds nothing to exposure";
}

TEST(Charge, StandsWhenItsRefundIsVoidedByTheRefundsNumber) {
  Till till;
  till.no_gateway_answers();
  const std::string number = form_field(till.sale({}).body, "UMrefNum");
  const Request refund = till.request("UMkey=source-key-1&UMcommand=cc:refund&UMamount=4.00&UMrefNum=" + number);
  const std::string refund_number = form_field(till.send(refund).body, "UMrefNum");
  EXPECT_NE(refund_number, number);
  for (const auto* command : {"cc:void", "cc:refund", "cc:capture"}) {
    const std::string about = fmt::format("UMkey=source-key-1&UMcommand={}&UMrefNum={}", command, refund_number);
    EXPECT_EQ(form_field(till.send(till.request(about)).body, "UMresult"), "E") << command;
  }
  const auto rows = till.journal->orders({});
  ASSERT_EQ(rows->size(), 2u);
  for (const OrderRow& row : *rows) EXPECT_EQ(row.state, State::accepted);
}

TEST(Charge, ThatCannotBeReadIsPassedOnAndNeverStoodInFor) {
  for (const std::string amount : {"1,000.00", "10.999", "-5", "1e3"}) {
    Till till;
    till.gateway = [](const Request&) { return refuses(); };
    EXPECT_NE(form_field(till.sale({.amount = amount}).body, "UMresult"), "A") << amount;
    EXPECT_TRUE(till.journal->orders({.include_live = true})->empty()) << amount;
    till.gateway = [](const Request&) { return says(gate_error("00070", "Invalid amount")); };
    EXPECT_EQ(till.transport.arrived.size(), 0u) << amount;
  }
}

TEST(Charge, WithoutAKeyThatLooksAlikeIsFoldedWithinTheWindow) {
  Till till;
  till.route.key_facts.clear();
  till.route.fold_duplicates = 10min;
  till.rebuild();
  int charged = 0;
  till.gateway = [&](const Request&) { return says(gate_approves(std::to_string(132020600 + ++charged))); };
  till.sale({});
  EXPECT_EQ(form_field(till.sale({}).body, "UMisDuplicate"), "Y");
  EXPECT_EQ(charged, 1);
  till.sale({.reference = "another purchase"});
  EXPECT_EQ(charged, 2) << "a different reference is another purchase";
  till.world.run_for(11min);
  till.sale({});
  EXPECT_EQ(charged, 3) << "the window is over";
}

TEST(Charge, IsNotSentWhenItCannotBeWrittenDown) {
  Till till;
  till.route.mode = Mode::off;
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_error("00018", "Gateway temporarily offline")); };
  till.sale({});
  EXPECT_EQ(till.journal->counts()[State::lapsed], 1u) << "the gateway says that nothing happened";
}

/// A gateway whose first location takes the request and drops the connection, and whose second says `second`.
std::function<Behaviour(const Request&)> breaks_off_then(Till& till, Response second) {
  return [&till, second](const Request&) { return till.transport.arrived.empty() ? breaks_off() : says(second); };
}

TEST(Charge, ThatMayHaveHappenedIsNotDeclinedByANoToTheCallersKey) {
  for (const Response& no :
       {gate_error("00023", "Specified source key not found."), gate_error("10118", "Transaction hash failed."),
        gate_error("00031", "Duplicate transaction, wait at least 10 minutes.")}) {
    Till till;
    till.gateway = breaks_off_then(till, no);
    EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A") << "stood in for";
    EXPECT_TRUE(till.only_order().unresolved) << form_field(no.body, "UMerrorcode");
  }
}

TEST(Charge, TakenUpAfterACrashIsNotDeclinedByANoToTheCallersKey) {
  Till till;
  till.gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  till.crash();
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_error("00023", "Specified source key not found.")); };
  till.second_gateway = stripe_succeeds;
  till.sale({});
  EXPECT_TRUE(till.only_order().unresolved);
  till.gateway = [](const Request&) { return refuses(); };
  till.sale({});
  EXPECT_EQ(till.arrivals_at("second"), 0u);
}

TEST(Charge, RejectedAsADuplicateWhenReplayedIsNotRefused) {
  Till till;
  till.no_gateway_answers();
  till.sale({});
  till.gateway = [](const Request&) { return says(gate_error("00031", "Duplicate transaction.")); };
  const auto replayer = till.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  till.world.run_for(30s);
  EXPECT_NE(till.only_state(), State::refused);
  EXPECT_TRUE(till.only_order().unresolved);
  replayer->shut_down();
}

TEST(Charge, AcceptedIsNotRefusedByALateNoToTheCallersKey) {
  Till till;
  till.route.more_upstreams.clear();
  till.rebuild();
  till.gateway = [](const Request&) { return says(gate_error("00023", "Specified source key not found."), 20s); };
  EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A");
  till.world.run_for(60s);
  EXPECT_EQ(till.only_state(), State::accepted);
}

TEST(Charge, IsNotDeclinedBecauseOurOwnKeyAtTheSecondPartyIsStale) {
  Till till;
  till.gateway = [](const Request&) { return refuses(); };
  till.second_gateway = [](const Request&) {
    Response no{.status = 401, .body = R"({"error":{"type":"invalid_request_error","message":"Invalid API Key"}})"};
    no.headers.add("Content-Type", "application/json");
    return says(no);
  };
  EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A") << "stood in for";
  EXPECT_EQ(till.only_state(), State::accepted);
}

TEST(Charge, FoldedIntoOneThatWasVoidedIsNoApproval) {
  Till till;
  till.route.more_upstreams.clear();
  till.rebuild();
  till.gateway = [](const Request& request) {
    if (form_field(request.body, "UMcommand") == "cc:void") return says(gate_approves("132020588"));
    return says(gate_approves("132020588", "99.00"), 20s);
  };
  const auto replayer = till.new_replayer("r1");
  EXPECT_EQ(form_field(till.sale({.amount = "99.00"}).body, "UMresult"), "D") << "told no";
  till.world.run_for(60s);
  ASSERT_EQ(till.only_state(), State::reversed);
  till.gateway = [](const Request&) { return says(gate_approves("132020588", "99.00", true)); };
  EXPECT_NE(form_field(till.sale({.amount = "99.00"}).body, "UMresult"), "A");
  replayer->shut_down();
}

TEST(Charge, VoidedAtTheGatewayIsNotGivenAgainAsApproved) {
  Till till;
  till.sale({});
  Request void_request = till.sale_request({});
  void_request.body = "UMkey=source-key-1&UMcommand=cc:void&UMrefNum=132020588";
  ASSERT_EQ(form_field(till.send(void_request).body, "UMresult"), "A");
  till.gateway = [](const Request&) { return says(gate_approves("132020599")); };
  EXPECT_NE(form_field(till.sale({}).body, "UMrefNum"), "132020588");
}

TEST(Charge, WithoutAKeyThatForbidsFoldingIsNotTakenForAnother) {
  Till till;
  till.route.key_facts.clear();
  till.route.fold_duplicates = 10min;
  till.rebuild();
  till.sale({.more = "&UMignoreDuplicate=Y"});
  till.sale({.more = "&UMignoreDuplicate=Y"});
  EXPECT_EQ(till.transport.arrived.size(), 2u);
}

}  // namespace
}  // namespace standin
