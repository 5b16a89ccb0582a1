#include "rehearsal/gateway/gateway_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearsal/gateway/gateway_test_support.h"

namespace standin::rehearsal {
namespace {

using counter::Counter;
using counter::field;
using testing::HasSubstr;
using Delivery = GatewayAnswer::Delivery;
using namespace std::chrono_literals;

Request get(std::string target) { return {.method = "GET", .target = std::move(target), .headers = {}, .body = {}}; }

GatewayAnswer sale(Counter& counter, std::size_t location = 0, const std::string& more = {}) {
  return counter.send(Counter::gate_request(Counter::sale_fields(more)), location);
}

TEST(GatewayModel, PingsWithItsCluster) {
  Counter counter;
  EXPECT_EQ(counter.send(get("/ping"), 1).response.body, "UP:ca501");
  counter.set_faults(R"([{"fault":"down","location":2}])");
  EXPECT_EQ(counter.send(get("/ping"), 1).response.body, "DOWN:ca501");
  EXPECT_EQ(counter.send(get("/ping"), 0).response.body, "UP:ca401");
}

struct FaultCase {
  std::string fault;
  Delivery delivery;
  int status;
  std::size_t standing;
};

class GatewayFaultMoments : public testing::TestWithParam<FaultCase> {};

TEST_P(GatewayFaultMoments, LeaveTheLedgerAsTheySay) {
  Counter counter;
  counter.set_faults(GetParam().fault);
  const auto answer = sale(counter);
  EXPECT_EQ(answer.delivery, GetParam().delivery);
  EXPECT_EQ(answer.response.status, GetParam().status);
  EXPECT_EQ(counter.standing(), GetParam().standing);
}

INSTANTIATE_TEST_SUITE_P(Faults, GatewayFaultMoments,
                         testing::Values(FaultCase{R"({"fault":"hang"})", Delivery::hang, 0, 0},
                                         FaultCase{R"({"fault":"hang","at":"after"})", Delivery::hang, 0, 1},
                                         FaultCase{R"({"fault":"reset"})", Delivery::reset, 0, 0},
                                         FaultCase{R"({"fault":"reset","at":"after"})", Delivery::reset, 0, 1},
                                         FaultCase{R"({"fault":"status","status":503})", Delivery::whole, 503, 0},
                                         FaultCase{R"({"fault":"status","at":"after"})", Delivery::whole, 500, 1},
                                         FaultCase{R"({"fault":"truncate"})", Delivery::truncate, 200, 1},
                                         FaultCase{R"({"fault":"duplicate"})", Delivery::twice, 200, 1},
                                         FaultCase{R"({"fault":"error","error":"00009"})", Delivery::whole, 200, 0},
                                         FaultCase{R"({"fault":"error","error":"00027","at":"after"})", Delivery::whole,
                                                   200, 1}),
                         [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(GatewayFaults, FiveHundredStillCarriesTheApprovedBody) {
  Counter counter;
  counter.set_faults(R"({"fault":"status","at":"after"})");
  EXPECT_EQ(field(sale(counter).response.body, "UMresult"), "A");
}

TEST(GatewayFaults, LateChargesWhenItsTimeHasCome) {
  Counter counter;
  counter.set_faults(R"({"fault":"reset","at":"after","late_ms":45000})");
  auto exchange = counter.model.arrive({0, Counter::gate_request(Counter::sale_fields()), counter.now});
  (void)counter.model.next(exchange, counter.now);
  EXPECT_EQ(counter.model.next(exchange, counter.now).wait, 45s);
  EXPECT_EQ(counter.standing(), 0u);
  counter.now += 45s;
  EXPECT_EQ(counter.finish(exchange).delivery, Delivery::reset);
  EXPECT_EQ(counter.standing(), 1u);
  EXPECT_EQ(counter.last().made, counter.now);
}

TEST(GatewayFaults, StrikeOnlyWhomTheyAreFor) {
  Counter counter;
  counter.set_faults(
      R"([{"fault":"error","country":"GB"},{"fault":"hang","location":2},{"fault":"reset","card_last4":"2234"},
          {"fault":"truncate","amount_minor":100}])");
  EXPECT_EQ(sale(counter).delivery, Delivery::whole);
  EXPECT_EQ(field(sale(counter, 0, "UMkey=sandbox-gb").response.body, "UMerrorcode"), "09001");
  EXPECT_EQ(sale(counter, 1).delivery, Delivery::hang);
  EXPECT_EQ(sale(counter, 0, "UMcard=4000000011112234").delivery, Delivery::reset);
  EXPECT_EQ(sale(counter, 0, "UMamount=1.00").delivery, Delivery::truncate);
}

TEST(GatewayFaults, EndWithTheirCount) {
  Counter counter;
  counter.set_faults(R"({"fault":"reset","count":2})");
  EXPECT_EQ(sale(counter).delivery, Delivery::reset);
  EXPECT_EQ(counter.send(get("/ping")).delivery, Delivery::whole);
  EXPECT_EQ(sale(counter).delivery, Delivery::reset);
  EXPECT_EQ(sale(counter).delivery, Delivery::whole);
}

TEST(GatewayFaults, ASkewedClockIsSeenInTheDate) {
  Counter counter;
  counter.set_faults(R"({"fault":"skew","skew_ms":90000})");
  const WallTime told = counter.now + 90s;
  EXPECT_EQ(counter.send(get("/ping")).response.headers.find("Date"), http_date(told));
}

TEST(GatewayFaults, AreReadWithTheirMistakesNamed) {
  for (const auto& [json, what] : std::vector<std::pair<std::string, std::string>>{
           {R"([{"fault":"sulk"}])", "\"fault\" is one of"},
           {R"([{"fault":"hang","at":"now"}])", "\"at\" is one of"},
           {R"([{"fault":"hang","status":9}])", "\"status\" is a whole number"},
           {R"([{"fault":"hang","fraction":2}])", "\"fraction\""},
           {R"([{"fault":"truncate","at":"before"}])", "after"},
           {R"([{"fault":"hang","x":1}])", "has no \"x\""},
           {"7", "JSON array"},
           {"[7]", "JSON object"}}) {
    const auto faults = gateway_faults_from_json(json);
    ASSERT_FALSE(faults.has_value()) << json;
    EXPECT_THAT(faults.error().what, HasSubstr(what));
  }
  const auto read = gateway_faults_from_json(R"([{"fault":"reset","at":"after","count":3,"ask":"any"}])");
  EXPECT_EQ(to_json(*gateway_faults_from_json(to_json(*read))), to_json(*read));
}

TEST(GatewayModel, TheSameSeedGivesTheSameAnswers) {
  GatewaySettings settings;
  settings.response_times = {*ResponseTime::parse("lognormal:median=180,sigma=0.6")};
  Counter one(settings);
  Counter other(settings);
  for (int n = 0; n < 5; ++n) EXPECT_EQ(one.sale(), other.sale());
  EXPECT_EQ(one.now, other.now);
}

TEST(GatewayModel, RemembersEverythingThatItsWritesSay) {
  Counter counter;
  auto exchange = counter.model.arrive({0, Counter::gate_request(Counter::sale_fields()), counter.now});
  GatewayRecords records;
  for (GatewayStep step; !step.answer;) {
    step = counter.model.next(exchange, counter.now);
    for (const GatewayWrite& write : step.writes) records.payments.push_back(std::get<Payment>(write));
  }
  ASSERT_EQ(records.payments.size(), 1u);
  GatewayModel restarted({.keys = rehearsal_keys()}, records, 1);
  EXPECT_TRUE(restarted.books().find(records.payments[0].refnum)->stands());
}

TEST(GatewayControl, JudgesWhatWasChargedTwice) {
  Counter counter;
  Request request = Counter::gate_request(Counter::sale_fields());
  request.headers.set("Standin-Key", "k1");
  counter.send(request);
  EXPECT_THAT(counter.control("GET", "judge"), HasSubstr(R"("charged_twice":[])"));
  counter.send(request);
  EXPECT_THAT(counter.control("GET", "judge"), HasSubstr(R"("standing":2,"standing_minor":5000)"));
  EXPECT_THAT(counter.control("GET", "judge"), HasSubstr(R"("intent":"standin_key k1")"));
  EXPECT_THAT(counter.control("GET", "ledger?standin_key=k1"), HasSubstr(R"("card":"4000xxxxxxxx2224")"));
  EXPECT_THAT(counter.control("GET", "ledger?standin_key=k2"), HasSubstr(R"("payments":[])"));
}

TEST(GatewayControl, ChangesSettingsAndRefusesOthers) {
  Counter counter;
  EXPECT_THAT(counter.control("PUT", "settings", R"({"index_lag_ms":500,"response_times":["constant:20"]})"),
              HasSubstr(R"("index_lag_ms":500)"));
  EXPECT_THAT(counter.control("PUT", "settings", R"({"sulk":1})"), HasSubstr("no setting"));
  EXPECT_THAT(counter.control("PUT", "settings", R"({"response_times":["slow"]})"), HasSubstr("error"));
  EXPECT_EQ(counter.model.settings().index_lag, 500ms);
  EXPECT_EQ(counter.model.settings().keys.size(), rehearsal_keys().size());
}

TEST(GatewayControl, ReadsSourceKeys) {
  const auto key = parse_source_key("abc,pin=99,country=GB,currency=GBP,duplicates=fold,window=60,timeout=30");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->pin, "99");
  EXPECT_EQ(key->duplicates, DuplicateMode::fold);
  EXPECT_EQ(key->duplicate_window, 60s);
  EXPECT_FALSE(parse_source_key("abc,colour=red").has_value());
  EXPECT_FALSE(parse_source_key("").has_value());
  EXPECT_FALSE(parse_source_key("abc,currency=XYZ").has_value());
}

}  // namespace
}  // namespace standin::rehearsal
