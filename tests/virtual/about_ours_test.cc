// Voids, captures and refunds of charges by the number that we gave for them: wherever the charge is, done once.
#include "base/text.h"
#include "tests/virtual/till.h"

namespace standin {
namespace {

using testing::HasSubstr;
using testing::Not;

Behaviour json_says(std::string body, int status = 200) {
  Response answer{.status = status, .body = std::move(body)};
  answer.headers.add("Content-Type", "application/json");
  return says(std::move(answer));
}

/// What it was asked last, as "POST /path body".
struct SecondGateway {
  Behaviour operator()(const Request& request) {
    if (request.target == "/v1/refunds") {
      ++refunds;
      return json_says(R"({"id":"re_)" + std::to_string(refunds) + R"(","object":"refund","status":"succeeded"})");
    }
    const std::string status = request.target.ends_with("/cancel") ? "canceled" : charge_status;
    return json_says(R"({"id":"pi_1","object":"payment_intent","amount":1000,"amount_received":1000,)"
                     R"("currency":"usd","latest_charge":"ch_1","status":")" +
                     status + R"("})");
  }
  std::string charge_status = "succeeded";
  int refunds = 0;
};

/// A till whose one charge is at the second party.
struct Moved : Till {
  explicit Moved(const Sale& first = {}) {
    gateway = [](const Request&) { return refuses(); };
    second_gateway = std::ref(second);
    if (first.command == "cc:authonly") second.charge_status = "requires_capture";
    number = form_field(sale(first).body, "UMrefNum");
    second.charge_status = "succeeded";
    gateway = [](const Request&) { return says(gate_approves("999")); };
  }
  ~Moved() override { world.run_for(600s); }
  Response ask(const std::string& command, const std::string& more = {}) { return send(about(command, more)); }
  Request about(const std::string& command, const std::string& more = {}) const {
    return request("UMkey=source-key-1&UMcommand=" + command + "&UMrefNum=" + number + more);
  }
  std::string ask_for(const std::string& field, const std::string& command, const std::string& more = {}) {
    return form_field(ask(command, more).body, field);
  }
  OrderRow charge() {
    for (const OrderRow& row : *journal->orders({.include_live = true})) {
      if (!row.behind) return row;
    }
    unreachable();
  }
  std::vector<OrderRow> behind() { return *journal->orders({.behind = charge().id}); }

  SecondGateway second;
  std::string number;
};

TEST(ChargeAtTheSecondParty, IsRefundedThereInPart) {
  Moved till;
  const Response answer = till.ask("cc:refund", "&UMamount=4.00");
  EXPECT_EQ(form_field(answer.body, "UMresult"), "A");
  EXPECT_NE(form_field(answer.body, "UMrefNum"), till.number);
  EXPECT_EQ(till.last_arrival().target, "/v1/refunds");
  EXPECT_THAT(till.last_arrival().body, HasSubstr("payment_intent=pi_1&amount=400"));
  EXPECT_EQ(till.arrivals_at("www"), 0u);
  ASSERT_EQ(till.behind().size(), 1u);
  EXPECT_EQ(till.behind().front().state, State::settled);
  EXPECT_EQ(till.behind().front().upstream_reference, "re_1");
  EXPECT_EQ(till.behind().front().facts.amount->minor, 400);
  EXPECT_EQ(till.behind().front().reference, form_field(answer.body, "UMrefNum"));
}

TEST(ChargeAtTheSecondParty, IsVoidedThere) {
  Moved till;
  EXPECT_EQ(till.ask_for("UMresult", "cc:void"), "A");
  EXPECT_EQ(till.last_arrival().target, "/v1/refunds");
  EXPECT_EQ(till.last_arrival().headers.find("Idempotency-Key"), "reversal-pi_1");
  EXPECT_EQ(till.charge().state, State::cancelled);
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:void"), "00024");
  EXPECT_EQ(till.second.refunds, 1);
}

TEST(ChargeAtTheSecondParty, ThatOnlyHoldsIsCapturedOnceAndForNoMore) {
  Moved till({.command = "cc:authonly"});
  EXPECT_EQ(till.ask_for("UMresult", "cc:capture", "&UMamount=10.01"), "E");
  EXPECT_EQ(till.ask_for("UMresult", "cc:capture", "&UMamount=8.00"), "A");
  EXPECT_EQ(till.last_arrival().target, "/v1/payment_intents/pi_1/capture");
  EXPECT_EQ(till.last_arrival().body, "amount_to_capture=800");
  EXPECT_TRUE(till.journal->follow_ups(true)->empty()) << "its reference is the hold's own";
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:capture"), "10126");
}

TEST(ChargeAtTheSecondParty, IsNotRefundedForMoreThanWasCaptured) {
  Moved till({.command = "cc:authonly"});
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:refund"), "00114") << "nothing was taken yet";
  EXPECT_EQ(till.ask_for("UMresult", "cc:capture", "&UMamount=8.00"), "A");
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:refund", "&UMamount=8.01"), "00112");
  EXPECT_EQ(till.ask_for("UMresult", "cc:refund"), "A") << "all that was taken";
  EXPECT_THAT(till.last_arrival().body, HasSubstr("amount=800"));
  EXPECT_EQ(till.second.refunds, 1);
}

TEST(ChargeAtTheSecondParty, ThatOnlyHoldsIsCancelled) {
  Moved till({.command = "cc:authonly"});
  EXPECT_EQ(till.ask_for("UMresult", "cc:void"), "A");
  EXPECT_EQ(till.last_arrival().target, "/v1/payment_intents/pi_1/cancel");
}

TEST(ChargeAtTheSecondParty, IsRefundedOnceHoweverOftenTheSameRefundIsAskedFor) {
  Moved till;
  const auto first = till.send_later(till.about("cc:refund", "&UMamount=4.00"));
  const auto second = till.send_later(till.about("cc:refund", "&UMamount=4.00"));
  till.world.run_for(5s);
  EXPECT_EQ(form_field(first->peek()->body, "UMresult"), "A");
  EXPECT_EQ(form_field(second->peek()->body, "UMisDuplicate"), "Y");
  till.crash();
  till.rebuild();
  EXPECT_EQ(till.ask_for("UMisDuplicate", "cc:refund", "&UMamount=4.00"), "Y");
  EXPECT_EQ(till.second.refunds, 1);
  till.world.run_for(11min);
  EXPECT_EQ(till.ask_for("UMisDuplicate", "cc:refund", "&UMamount=4.00"), "N") << "a new one";
  EXPECT_EQ(till.second.refunds, 2);
}

TEST(ChargeAtTheSecondParty, WhoseRefundIsOfUnknownEndIsAskedAgainUnderTheSameKey) {
  for (const bool crashes : {false, true}) {
    Moved till;
    till.second_gateway = [](const Request&) { return hangs(); };
    const auto lost = till.send_later(till.about("cc:refund", "&UMamount=4.00"));
    till.world.run_for(crashes ? 5s : 130s);
    const std::string key(till.last_arrival().headers.find("Idempotency-Key").value_or(""));
    if (!crashes) EXPECT_EQ(form_field(lost->peek()->body, "UMerrorcode"), "00027") << "neither yes nor no";
    if (crashes) till.crash();
    till.rebuild();
    till.second_gateway = std::ref(till.second);
    EXPECT_EQ(till.ask_for("UMresult", "cc:refund", "&UMamount=4.00"), "A");
    EXPECT_EQ(till.last_arrival().headers.find("Idempotency-Key"), key);
    EXPECT_EQ(till.behind().size(), 1u) << "one order, one key, one refund";
    EXPECT_EQ(till.behind().front().state, State::settled);
  }
}

TEST(ChargeAtTheSecondParty, WhoseRefundNobodyAsksForAgainIsForAPersonAndNeverSentAgain) {
  Moved till;
  till.second_gateway = [](const Request&) { return hangs(); };
  till.send_later(till.about("cc:refund", "&UMamount=4.00"));
  till.world.run_for(5s);
  till.crash();
  till.rebuild();
  till.second_gateway = std::ref(till.second);
  const auto replayer = till.new_replayer("r1");
  till.world.run_for(30min);
  EXPECT_EQ(till.second.refunds, 0);
  EXPECT_EQ(till.journal->follow_ups(true)->size(), 1u);
  EXPECT_EQ(till.behind().front().state, State::held);
  replayer->shut_down();
}

TEST(ChargeAtTheSecondParty, IsNotRefundedForMoreThanItIsInSeveralParts) {
  Moved till;
  EXPECT_EQ(till.ask_for("UMresult", "cc:refund", "&UMamount=6.00"), "A");
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:refund", "&UMamount=4.01"), "00112");
  EXPECT_EQ(till.ask_for("UMresult", "cc:refund", "&UMamount=4.00"), "A");
  EXPECT_EQ(till.second.refunds, 2);
}

TEST(ChargeAtTheSecondParty, WhoseRefundIsRefusedThereIsRefusedInTheClientsWords) {
  Moved till;
  till.second_gateway = [](const Request&) {
    return json_says(R"({"error":{"type":"invalid_request_error","code":"charge_disputed","message":"no"}})", 400);
  };
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:refund", "&UMamount=4.00"), "10129");
  till.second_gateway = std::ref(till.second);
  EXPECT_EQ(till.ask_for("UMresult", "cc:refund", "&UMamount=4.00"), "A") << "nothing of it stands";
}

TEST(ChargeAtTheSecondParty, WhoseVoidIsRefusedThereStands) {
  Moved till;
  till.second_gateway = [](const Request&) {
    return json_says(R"({"error":{"type":"invalid_request_error","code":"charge_disputed","message":"no"}})", 400);
  };
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:void"), "10129");
  EXPECT_EQ(till.charge().state, State::settled);
}

TEST(ChargeAtTheSecondParty, WhoseRefundDidNotLeaveMayBeAskedForAgain) {
  Moved till;
  till.second_gateway = [](const Request&) { return refuses(); };
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:refund", "&UMamount=4.00"), "00018");
  EXPECT_EQ(till.ask_for("UMerrorcode", "cc:void"), "00018");
  EXPECT_EQ(till.charge().state, State::settled);
  till.world.run_for(60s);
  till.second_gateway = std::ref(till.second);
  EXPECT_EQ(till.ask_for("UMresult", "cc:refund", "&UMamount=4.00"), "A");
}

/// The same, where client and second party both speak the dialect in which a refund may name no amount and mean what is
/// left.
struct MovedBetweenLikes : Till {
  MovedBetweenLikes() {
    stand_in = {.name = "till", .dialect = "stripe", .currency = "USD", .policy = "default"};
    upstream.dialect = "stripe";
    route.key_facts.clear();
    route.key_header = "Idempotency-Key";
    rebuild();
    gateway = [](const Request&) { return refuses(); };
    second_gateway = std::ref(second);
    const Response charged = ask("charge", "/v1/payment_intents",
                                 "amount=1000&currency=usd&confirm=true&payment_method_data[type]=card&"
                                 "payment_method_data[card][number]=4242424242424242&"
                                 "payment_method_data[card][exp_month]=11&payment_method_data[card][exp_year]=2031");
    const auto id = charged.body.find("pi_standin");
    ensure(id != std::string::npos, "the charge was approved under a name of ours");
    intent = charged.body.substr(id, charged.body.find('"', id) - id);
  }
  ~MovedBetweenLikes() override { world.run_for(600s); }
  Response ask(const std::string& key, std::string target, std::string body) {
    Request request{.method = "POST", .target = std::move(target), .body = std::move(body)};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Authorization", "Bearer sk_test_0");
    request.headers.add("Idempotency-Key", key);
    return send(std::move(request));
  }
  int refund(const std::string& key, const std::string& more = {}) {
    return ask(key, "/v1/refunds", "payment_intent=" + intent + more).status;
  }

  SecondGateway second;
  std::string intent;
};

TEST(ChargeAtTheSecondParty, WhoseRefundNamesNoAmountIsAskedAgainForTheSameOne) {
  MovedBetweenLikes till;
  till.second_gateway = [](const Request&) { return hangs(); };
  EXPECT_NE(till.refund("part", "&amount=400"), 200);
  EXPECT_NE(till.refund("rest"), 200);
  EXPECT_THAT(till.last_arrival().body, HasSubstr("&amount=600"));
  const std::string key(till.last_arrival().headers.find("Idempotency-Key").value_or(""));
  till.world.run_for(130s);
  till.second_gateway = [](const Request&) {
    return json_says(R"({"error":{"type":"invalid_request_error","code":"charge_disputed","message":"no"}})", 400);
  };
  EXPECT_EQ(till.refund("part", "&amount=400"), 400) << "nothing of it was given back";
  till.second_gateway = std::ref(till.second);
  EXPECT_EQ(till.refund("rest"), 200);
  EXPECT_EQ(till.last_arrival().headers.find("Idempotency-Key"), key);
  EXPECT_THAT(till.last_arrival().body, HasSubstr("&amount=600")) << "the same request under the same key";
}

// --- the void of a charge that the party has ---

/// A till with one charge at the gateway, as it answers a void and shows its books.
struct Charged : Till {
  Charged() {
    route.more_upstreams.clear();
    rebuild();
    gateway = [this](const Request& request) {
      if (request.method == "GET") return json_says(books());
      if (form_field(request.body, "UMcommand") != "cc:void") return says(gate_approves(reference));
      if (voids_by_itself) voided = true;
      return void_answer;
    };
    sale({});
  }
  ~Charged() override { world.run_for(600s); }
  std::string books() {
    std::string created = iso8601(only_order().created).substr(0, 19);
    created[10] = ' ';
    return R"({"type":"list","limit":100,"offset":0,"total":"1","data":[{"type":"transaction","key":"k","refnum":")" +
           reference + R"(","created":")" + created + R"(","trantype_code":")" + (voided ? "V" : "S") +
           R"(","result_code":"A","status_code":"P","creditcard":{"number":"4000xxxxxxxx2224"},"amount":"10.00",)"
           R"("invoice":"","orderid":"order-1"}]})";
  }
  Request void_request() const { return request("UMkey=source-key-1&UMcommand=cc:void&UMrefNum=132020588"); }
  /// The process dies while the answer to the void is on its way.
  void crash_in_void() {
    send_later(void_request());
    world.run_for(1s);
    ASSERT_EQ(form_field(last_arrival().body, "UMcommand"), "cc:void");
    crash();
    rebuild();
  }

  std::string reference = "132020588";
  bool voided = false, voids_by_itself = true;
  Behaviour void_answer = hangs();
};

TEST(ChargeAtTheGateway, VoidedBeforeACrashIsNotApprovedAgain) {
  Charged till;
  till.crash_in_void();
  EXPECT_EQ(form_field(till.sale({}).body, "UMerrorcode"), "00093") << "nobody knows yet";
  const auto replayer = till.new_replayer("r1");
  till.world.run_for(3min);
  EXPECT_EQ(till.only_state(), State::cancelled);
  till.reference = "132020599";
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020599") << "a new sale";
  replayer->shut_down();
}

TEST(ChargeAtTheGateway, WhoseVoidWasNeverGrantedIsApprovedAgainAfterTheCrash) {
  Charged till;
  till.voids_by_itself = false;
  till.crash_in_void();
  const auto replayer = till.new_replayer("r1");
  till.world.run_for(30s);
  EXPECT_EQ(form_field(till.sale({}).body, "UMerrorcode"), "00093") << "it may yet be granted";
  till.world.run_for(3min);
  EXPECT_EQ(till.only_state(), State::settled);
  EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020588");
  EXPECT_EQ(
      std::ranges::count_if(till.transport.arrived,
                            [](const auto& each) { return form_field(each.request.body, "UMcommand") == "cc:void"; }),
      1)
      << "nobody was told that it is voided";
  replayer->shut_down();
}

TEST(ChargeAtTheGateway, MayBeVoidedAgainWhereTheFirstVoidWasNotAnswered) {
  Charged till;
  till.crash_in_void();
  till.void_answer = says(gate_error("00024", "Transaction already voided."));
  EXPECT_EQ(form_field(till.send(till.void_request()).body, "UMerrorcode"), "00024");
  EXPECT_EQ(till.only_state(), State::cancelled);
}

TEST(ChargeAtTheGateway, WhoseVoidIsDeclinedOrNeverLeftStands) {
  for (const Behaviour& answer : {says(gate_error("00026", "The batch has closed.")), refuses()}) {
    Charged till;
    till.void_answer = answer;
    EXPECT_EQ(form_field(till.send(till.void_request()).body, "UMresult"), "E");
    EXPECT_EQ(till.only_state(), State::settled);
    till.crash();
    till.rebuild();
    EXPECT_EQ(form_field(till.sale({}).body, "UMrefNum"), "132020588");
  }
}

TEST(ChargeAtTheGateway, WhoseFirstVoidMayHaveBeenGrantedIsInDoubtWhateverTheSecondCameTo) {
  for (const Behaviour& second : {refuses(), says(gate_error("00023", "Specified source key not found."))}) {
    Charged till;
    till.void_answer = hangs();
    till.send(till.void_request());
    till.world.run_for(130s);
    till.void_answer = second;
    till.send(till.void_request());
    EXPECT_EQ(till.only_state(), State::cancelling);
    EXPECT_NE(form_field(till.sale({}).body, "UMresult"), "A");
  }
}

TEST(ChargeAtTheGateway, WhoseVoidIsAnsweredLateIsVoided) {
  Charged till;
  till.void_answer = says(gate_approves("132020588"), 30s);
  EXPECT_EQ(form_field(till.send(till.void_request()).body, "UMerrorcode"), "00027");
  EXPECT_EQ(till.only_state(), State::cancelling);
  till.world.run_for(60s);
  EXPECT_EQ(till.only_state(), State::cancelled);
}

TEST(ChargeAtTheGateway, VoidedByTwoAtOnceIsVoidedOnce) {
  Charged till;
  till.void_answer = says(gate_approves("132020588"), 2s);
  const auto first = till.send_later(till.void_request());
  const auto second = till.send_later(till.void_request());
  till.world.run_for(30s);
  EXPECT_EQ(form_field(first->peek()->body, "UMresult"), "A");
  EXPECT_NE(second->peek(), std::nullopt);
  EXPECT_EQ(till.only_state(), State::cancelled);
}

TEST(ChargeAtTheGateway, VoidedIsNotAmongTheListedOrders) {
  Charged till;
  till.void_answer = says(gate_approves("132020588"));
  till.send(till.void_request());
  ASSERT_EQ(till.only_state(), State::cancelled);
  EXPECT_TRUE(till.journal->orders({})->empty());
  EXPECT_TRUE(till.journal->orders({.state = State::cancelled})->empty());
  EXPECT_EQ(till.journal->orders({.state = State::cancelled, .include_live = true})->size(), 1u);
}

// --- a charge that is still ours ---

struct StillOurs : Till {
  StillOurs() {
    no_gateway_answers();
    number = form_field(sale({}).body, "UMrefNum");
  }
  Request about(const std::string& command, const std::string& more = {}) const {
    return request("UMkey=source-key-1&UMcommand=" + command + "&UMrefNum=" + number + more);
  }
  std::string ask(const std::string& command, const std::string& more = {}) {
    const Response answer = send(about(command, more));
    return form_field(answer.body, "UMresult") == "A" ? "A" : form_field(answer.body, "UMerrorcode");
  }
  OrderRow row() const { return journal->orders({.id_made = dialect->own_reference(number)->added})->front(); }
  /// The gateway is back and approves so much of the charge; nothing else is delivered.
  void charge_is_delivered(const std::string& amount = "10.00") {
    gateway = [amount](const Request&) { return says(gate_approves("132020588", amount)); };
    const auto replayer = new_replayer("r1");
    ensure(replayer->start({.order = row().id}).has_value(), "its replay begins");
    world.run_for(2s);
    replayer->shut_down();
  }
  std::string number;
};

TEST(ChargeStillOurs, IsNotPromisedBackForMoreThanItIsInSeveralParts) {
  StillOurs till;
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=6.00"), "A");
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.01"), "00112");
  EXPECT_EQ(till.ask("cc:refund"), "00112") << "all of it";
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.00"), "A");
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=0.01"), "00112");
}

TEST(ChargeStillOurs, IsNotPromisedBackTwiceToTwoAtOnce) {
  StillOurs till;
  const auto first = till.send_later(till.about("cc:refund", "&UMamount=6.00"));
  const auto second = till.send_later(till.about("cc:refund", "&UMamount=7.00"));
  till.world.run_for(10s);
  const bool one = form_field(first->peek()->body, "UMresult") == "A";
  const bool other = form_field(second->peek()->body, "UMresult") == "A";
  EXPECT_NE(one, other);
}

TEST(ChargeStillOurs, WhoseRefundIsAskedForAgainIsRefundedOnce) {
  StillOurs till;
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.00"), "A");
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.00"), "A") << "the first one's answer";
  EXPECT_EQ(till.journal->orders({})->size(), 2u);
}

TEST(ChargeStillOurs, SettledWithARefundWaitingIsNotGivenBackTwiceAtTheGateway) {
  StillOurs till;
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=6.00"), "A");
  till.charge_is_delivered();
  ASSERT_EQ(till.row().state, State::settled);
  const std::size_t sent = till.transport.arrived.size();
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.01"), "00112");
  EXPECT_EQ(till.transport.arrived.size(), sent);
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.00"), "A");
}

TEST(ChargeStillOurs, WhoseRefundWasRefusedToTheCallerIsAskedForAgain) {
  StillOurs till;
  till.charge_is_delivered();
  till.gateway = [](const Request&) { return says(gate_error("00023", "Specified source key not found")); };
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.00"), "00023");
  till.gateway = [](const Request&) { return says(gate_approves("132020589", "4.00")); };
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=4.00"), "A") << "once the key is put right";
}

TEST(ChargeStillOurs, SettledInPartIsNotPromisedBackForMoreThanThat) {
  StillOurs till;
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=3.00"), "A");
  till.charge_is_delivered("8.00");
  ASSERT_EQ(till.row().part->minor, 800);
  const std::size_t sent = till.transport.arrived.size();
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=5.01"), "00112");
  EXPECT_EQ(till.transport.arrived.size(), sent);
  EXPECT_EQ(till.ask("cc:refund", "&UMamount=5.00"), "A");
}

/// A hold of which 8.00 was captured and 3.00 refunded, all on our word.
struct CapturedByUs : Till {
  CapturedByUs() {
    no_gateway_answers();
    number = form_field(sale({.command = "cc:authonly"}).body, "UMrefNum");
    ensure(ask("cc:capture&UMamount=8.00") == "00000", "the capture is granted");
    ensure(ask("cc:refund&UMamount=3.00") == "00000", "the refund is granted");
  }
  std::string ask(const std::string& what) {
    return form_field(send(request("UMkey=source-key-1&UMrefNum=" + number + "&UMcommand=" + what)).body,
                      "UMerrorcode");
  }
  /// The gateway is back, approves the hold and says this to the capture; the refund still waits.
  OrderRow capture_after(const Response& said) {
    const auto rows = *journal->orders({});
    const auto is_capture = [](const OrderRow& row) { return row.behind && row.facts.amount->minor == 800; };
    const auto capture = std::ranges::find_if(rows, is_capture);
    const auto hold = std::ranges::find_if(rows, [](const OrderRow& row) { return !row.behind; });
    deliver(hold->id, gate_approves("132020588", "10.00"));
    deliver(capture->id, said);
    return journal->orders({.id = capture->id})->front();
  }
  void deliver(const Ulid& order, const Response& said) {
    gateway = [said](const Request&) { return says(said); };
    const auto replayer = new_replayer("r1");
    ensure(replayer->start({.order = order}).has_value(), "its replay begins");
    world.run_for(2s);
    replayer->shut_down();
  }
  std::string number;
};

TEST(ChargeStillOurs, ThatIsCapturedInPartIsNotPromisedBackForMoreThanThat) {
  CapturedByUs till;
  EXPECT_EQ(till.ask("cc:refund&UMamount=5.01"), "00112");
  EXPECT_EQ(till.ask("cc:refund&UMamount=5.00"), "00000");
}

TEST(ChargeStillOurs, OfWhoseCaptureTheGatewayTookLessIsNotPromisedBackForMoreThanThat) {
  CapturedByUs till;
  const OrderRow capture = till.capture_after(gate_approves("132020588", "5.00"));
  ASSERT_EQ(capture.state, State::settled);
  ASSERT_EQ(capture.part->minor, 500);
  const std::size_t sent = till.transport.arrived.size();
  EXPECT_EQ(till.ask("cc:refund&UMamount=2.01"), "00112");
  EXPECT_EQ(till.transport.arrived.size(), sent);
  EXPECT_EQ(till.ask("cc:refund&UMamount=2.00"), "00000");
}

TEST(ChargeStillOurs, WhoseCaptureTheGatewayRefusedHasNothingToGiveBack) {
  CapturedByUs till;
  const OrderRow capture = till.capture_after(gate_declines());
  ASSERT_EQ(capture.state, State::refused);
  const std::size_t sent = till.transport.arrived.size();
  EXPECT_EQ(till.ask("cc:refund&UMamount=1.00"), "00114") << "nothing was taken";
  EXPECT_EQ(till.transport.arrived.size(), sent);
}

TEST(ChargeStillOurs, CannotBeChangedOrRepeatedYetAndItsNumberIsSentToNobody) {
  StillOurs till;
  till.gateway = [](const Request&) { return says(gate_approves("999")); };
  for (const std::string command : {"cc:adjust", "cc:quicksale", "cc:unvoid"}) EXPECT_EQ(till.ask(command), "10105");
  EXPECT_EQ(till.ask("cc:void"), "A");
  for (const std::string command : {"cc:adjust", "cc:quicksale", "cc:unvoid"}) EXPECT_EQ(till.ask(command), "00024");
  EXPECT_TRUE(till.transport.arrived.empty());
}

TEST(ChargeStillOurs, OnceSettledIsChangedAndRepeatedUnderTheGatewaysNumber) {
  StillOurs till;
  till.gateway = [](const Request&) { return says(gate_approves("132020588")); };
  const auto replayer = till.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  till.world.run_for(10s);
  ASSERT_EQ(till.only_state(), State::settled);
  for (const std::string command : {"cc:adjust", "cc:quicksale", "cc:unvoid"}) {
    EXPECT_EQ(till.ask(command, "&UMamount=9.00"), "A");
    EXPECT_EQ(form_field(till.last_arrival().body, "UMrefNum"), "132020588");
  }
  replayer->shut_down();
}

TEST(ChargeStillOurs, AtAnotherMerchantIsNobodysAndItsNumberIsSentToNobody) {
  StillOurs till;
  till.gateway = [](const Request&) { return says(gate_approves("999")); };
  for (const std::string command : {"cc:void", "cc:refund", "cc:adjust"}) {
    const Request request = till.request("UMkey=somebody-else&UMcommand=" + command + "&UMrefNum=" + till.number);
    EXPECT_EQ(form_field(till.send(request).body, "UMresult"), "E") << command;
  }
  EXPECT_TRUE(till.transport.arrived.empty());
}

TEST(ChargeStillOurs, DeliveredToTheSecondPartyHasItsRefundMadeThere) {
  SecondGateway second;
  Till till;
  till.gateway = [](const Request&) { return refuses(); };
  till.second_gateway = [](const Request&) { return hangs(); };
  const std::string number = form_field(till.sale({}).body, "UMrefNum");
  ASSERT_EQ(till.only_order().upstream, "backupgate");
  const Request refund = till.request("UMkey=source-key-1&UMcommand=cc:refund&UMamount=4.00&UMrefNum=" + number);
  ASSERT_EQ(form_field(till.send(refund).body, "UMresult"), "A");
  till.second_gateway = std::ref(second);
  till.world.run_for(130s);
  const auto replayer = till.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  till.world.run_for(60s);
  EXPECT_EQ(second.refunds, 1);
  EXPECT_EQ(till.journal->counts(), (std::map<State, std::size_t>{{State::settled, 2}}));
  EXPECT_THAT(till.last_arrival().body, HasSubstr("payment_intent=pi_1&amount=400"));
  replayer->shut_down();
}

}  // namespace
}  // namespace standin
