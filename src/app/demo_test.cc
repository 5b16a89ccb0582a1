#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/demo_config.h"
#include "app/demo_count.h"
#include "app/demo_screen.h"
#include "base/test_folder.h"
#include "base/text.h"
#include "config/config.h"
#include "vault/vault.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
using rehearsal::Attempt;
using rehearsal::Charge;
using rehearsal::Ending;
using rehearsal::OrderState;
using rehearsal::ShopOrder;
using rehearsal::Told;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Attempt told(const std::string& cart, Told what, const std::string& reference = {}) {
  return {.cart_id = cart,
          .latency = 10ms,
          .ending = Ending::answered,
          .status = what == Told::yes ? 201 : 422,
          .told = what,
          .reference = reference,
          .phase = "healthy"};
}

rehearsal::Payment payment(const std::string& id, std::int64_t minor = 10'00) {
  rehearsal::Payment made;
  made.state = rehearsal::PaymentState::captured;
  made.orderid = id;
  made.amount = {minor, *Currency::parse("USD")};
  return made;
}

/// The shop's order of that id, and the charge that it knows of.
void accept(Evidence& evidence, const std::string& id, const std::string& cart,
            OrderState state = OrderState::accepted) {
  const Money total{10'00, *Currency::parse("USD")};
  evidence.books.orders.push_back({.id = id, .asked = {.cart_id = cart, .total = total}, .state = state});
  evidence.books.charges.push_back({.id = "ref-" + id, .order_id = id, .cart_id = cart, .amount = total});
}

void serve(Evidence& evidence, const std::string& cart) {
  accept(evidence, "ord_" + cart, cart);
  evidence.payments.push_back(payment("ord_" + cart));
}

Evidence nothing() { return {.deadline = 2s, .phases = {"healthy", "slow"}}; }

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(DemoCount, EveryOrderIsCountedInExactlyOneWay) {
  Evidence evidence = nothing();
  evidence.attempts = {told("a", Told::yes, "ord_a"),
                       told("b", Told::yes, "ours-b"),
                       told("c", Told::no),
                       told("d", Told::no),
                       {.cart_id = "e", .ending = Ending::hung_up}};
  evidence.kept.orders = {
      {.cart = "b", .state = "settled", .cause = "breaker", .reference = "ours-b", .accepted = true, .replays = 1},
      {.cart = "d", .state = "declined", .cause = "breaker", .reference = "ours-d"}};
  serve(evidence, "a");
  serve(evidence, "b");
  const Tally tally = count(evidence);
  EXPECT_EQ(tally.verdict.intents, 5);
  EXPECT_EQ(tally.accepted_by_shop, 1);
  EXPECT_EQ(tally.accepted_in_stand_in, 1);
  EXPECT_EQ(tally.declined_by_shop, 1);
  EXPECT_EQ(tally.declined_in_stand_in, 1);
  EXPECT_EQ(tally.no_answer, 1);
  EXPECT_TRUE(tally.clean());
}

TEST(DemoCount, APromiseThatTheShopDoesNotHaveIsNotClean) {
  Evidence evidence = nothing();
  evidence.attempts = {told("a", Told::yes, "ours-a")};
  evidence.kept.orders = {{.id = "01ID", .cart = "a", .state = "settled", .reference = "ours-a", .accepted = true}};
  const Tally tally = count(evidence);
  EXPECT_FALSE(tally.clean());
  EXPECT_THAT(accusations(tally, "/tmp/x"), HasSubstr("a  standin orders show 01ID --socket /tmp/x/standin.sock"));
}

TEST(DemoCount, ARefusedPromiseIsWithAPerson) {
  Evidence evidence = nothing();
  evidence.attempts = {told("a", Told::yes, "ours-a")};
  evidence.kept = {.orders = {{.cart = "a", .state = "refused", .reference = "ours-a", .accepted = true}},
                   .with_a_person = {"a"}};
  const Tally tally = count(evidence);
  EXPECT_EQ(tally.refused, 1);
  EXPECT_TRUE(tally.clean());
}

TEST(DemoCount, AnOrderServedThoughDeclinedIsNotClean) {
  Evidence evidence = nothing();
  evidence.attempts = {told("a", Told::no)};
  serve(evidence, "a");
  const Tally tally = count(evidence);
  EXPECT_THAT(tally.verdict.no_but_served, ElementsAre("a"));
  EXPECT_FALSE(tally.clean());
}

TEST(DemoCount, LateAnswersAndReplaysAreToldApart) {
  Evidence evidence = nothing();
  evidence.kept.orders = {{.cart = "a", .state = "settled", .accepted = true, .replays = 0},
                          {.cart = "b", .state = "settled", .accepted = true, .replays = 2},
                          {.cart = "c", .state = "matched", .accepted = true, .replays = 1},
                          {.cart = "d", .state = "held", .accepted = true},
                          {.cart = "e", .state = "reversed", .upstream_reference = "ord_e"},
                          {.cart = "f", .state = "reversed"}};
  const Tally tally = count(evidence);
  EXPECT_EQ(tally.by_late_answer, 1);
  EXPECT_EQ(tally.by_replay, 1);
  EXPECT_EQ(tally.matched, 1);
  EXPECT_EQ(tally.open, 1);
  EXPECT_EQ(tally.undone, 1);
}

TEST(DemoCount, TwoOrdersOfOneCartInTheJournalAreTwoAnswers) {
  Evidence evidence = nothing();
  evidence.attempts = {told("a", Told::yes, "ours-1"), told("a", Told::no)};
  evidence.kept.orders = {{.cart = "a", .state = "settled", .reference = "ours-1", .accepted = true},
                          {.cart = "a", .state = "declined", .reference = "ours-2"}};
  serve(evidence, "a");
  const Tally tally = count(evidence);
  EXPECT_THAT(tally.two_answers, ElementsAre("a"));
  EXPECT_FALSE(tally.clean());
}

TEST(DemoCount, AWaitBeyondTheDeadlineIsNotCleanAndBelongsToItsPhase) {
  Evidence evidence = nothing();
  Attempt slow = told("a", Told::no);
  slow.latency = 2001ms;
  slow.phase = "slow";
  evidence.attempts = {slow, told("b", Told::no)};
  const Tally tally = count(evidence);
  ASSERT_EQ(tally.phases.size(), 2);
  EXPECT_EQ(tally.phases[0].too_late, 0);
  EXPECT_EQ(tally.phases[1].too_late, 1);
  EXPECT_FALSE(tally.clean());
}

TEST(DemoCount, AnErrorOrA5xxIsNotCleanAndNamesItsCart) {
  Evidence evidence = nothing();
  Attempt unavailable = told("a", Told::neither);
  unavailable.status = 503;
  evidence.attempts = {unavailable, {.cart_id = "b", .ending = Ending::connection_error}, told("c", Told::no)};
  const Tally tally = count(evidence);
  EXPECT_THAT(tally.noticed, ElementsAre("a", "b"));
  EXPECT_FALSE(tally.clean());
}

TEST(DemoCount, WhoHungUpHimselfIsNoError) {
  Evidence evidence = nothing();
  evidence.attempts = {{.cart_id = "a", .latency = 9s, .ending = Ending::hung_up}};
  EXPECT_TRUE(count(evidence).clean());
}

TEST(DemoCharges, AreCountedByWhoApprovedThem) {
  Evidence evidence = nothing();
  for (const char* id : {"live", "later", "refused"}) accept(evidence, id, id);
  evidence.books.orders.push_back({.id = "declined", .state = OrderState::cancelled});
  evidence.payments = {payment("live"), payment("later")};
  evidence.kept.charges = {{.cart = "later", .state = "settled", .accepted = true},
                           {.cart = "refused", .state = "refused", .accepted = true}};
  evidence.kept.with_a_person = {"refused"};
  const Tally tally = count(evidence);
  EXPECT_EQ(tally.charges.by_gateway.count, 1);
  EXPECT_EQ(tally.charges.at_till.minor, 20'00);
  EXPECT_EQ(tally.charges.charged.count, 1);
  EXPECT_EQ(tally.charges.refused.count, 1);
  EXPECT_EQ(tally.charges.declined_by_gateway, 1);
  EXPECT_EQ(tally.charges.standing.minor, 20'00);
  EXPECT_TRUE(tally.clean());
}

TEST(DemoCharges, WhatStandsIsWhatWasApprovedAndChargedWithoutWhatWasVoided) {
  Evidence evidence = nothing();
  for (const char* id : {"live", "later"}) accept(evidence, id, id);
  for (const char* id : {"voided", "later-voided", "withdrawn"}) accept(evidence, id, id, OrderState::cancelled);
  evidence.payments = {payment("live"), payment("later")};
  evidence.kept.charges = {{.cart = "later", .state = "matched", .accepted = true},
                           {.cart = "later-voided", .state = "settled", .accepted = true},
                           {.cart = "withdrawn", .state = "cancelled", .accepted = true}};
  const ChargeTally charges = count(evidence).charges;
  EXPECT_EQ(charges.voided.count, 2);
  EXPECT_EQ(charges.withdrawn.count, 1);
  EXPECT_EQ(charges.standing.minor, charges.by_gateway.minor + charges.charged.minor - charges.voided.minor);
}

TEST(DemoCharges, AnAcceptedOrderThatIsNotChargedIsNotClean) {
  Evidence evidence = nothing();
  accept(evidence, "a", "a");
  const Tally tally = count(evidence);
  EXPECT_THAT(tally.charges.not_charged, ElementsAre("a"));
  EXPECT_FALSE(tally.clean());
}

TEST(DemoCharges, TwoStandingChargesOfOneOrderAreNotClean) {
  Evidence evidence = nothing();
  accept(evidence, "a", "a");
  evidence.payments = {payment("a"), payment("a")};
  EXPECT_THAT(count(evidence).charges.charged_twice, ElementsAre("a"));
}

TEST(DemoCharges, AVoidedChargeIsNoSecondOne) {
  Evidence evidence = nothing();
  accept(evidence, "a", "a");
  evidence.payments = {payment("a"), payment("a")};
  evidence.payments[0].state = rehearsal::PaymentState::voided;
  EXPECT_TRUE(count(evidence).clean());
}

TEST(DemoCharges, AChargeOfACancelledOrderOrOfNoneIsNotClean) {
  Evidence evidence = nothing();
  accept(evidence, "a", "a", OrderState::cancelled);
  evidence.payments = {payment("a"), payment("nobody's")};
  EXPECT_THAT(count(evidence).charges.charged_though_declined, ElementsAre("a", "nobody's"));
  evidence.kept.with_a_person = {"a", "nobody's"};
  EXPECT_TRUE(count(evidence).clean());
}

TEST(DemoCharges, AnotherSumIsNotClean) {
  Evidence evidence = nothing();
  accept(evidence, "a", "a");
  evidence.payments = {payment("a", 9'99)};
  EXPECT_THAT(count(evidence).charges.charged_another_sum, ElementsAre("a"));
}

TEST(DemoReport, NoLineIsWiderThanATerminal) {
  Evidence evidence = nothing();
  for (int i = 0; i < 9'000; ++i) evidence.attempts.push_back(told("a", Told::no));
  for (int i = 0; i < 600; ++i) evidence.attempts.push_back({.cart_id = "b", .ending = Ending::hung_up});
  for (const char* cause : {"refused", "breaker", "timed_out_in_service", "timed_out_in_queue", "server_error",
                            "untrustworthy", "forced"}) {
    evidence.kept.orders.push_back({.cart = cause, .state = "settled", .cause = cause, .accepted = true});
  }
  evidence.exposure_peak_minor = exposure_cap_minor;
  const std::string text = table(count(evidence), 4s, false);
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(columns(line), 80) << line;
}

TEST(DemoScreen, FitsATerminalOf80By24) {
  Sight sight{.act = Act::failing,
              .elapsed = 110s,
              .planned = 120s,
              .shop = "does the order, then often answers 500",
              .last_second = {.counts = {.arrivals = 40}, .p50 = 999ms, .p99 = 1510ms},
              .in_flight = 123};
  const SideNumbers side{.answered = {{"forwarded", 12345}, {"accepted", 12345}, {"declined", 1234}},
                         .waiting = 12345,
                         .settled = 12345,
                         .matched = 12345,
                         .refused = 1234};
  const SeenTarget target{.breaker = "half-open", .health = "unreachable", .location = "ca401"};
  sight.gateway = "one location is gone; a third of the answers get lost";
  sight.standin = {.orders = side,
                   .charges = side,
                   .exposure_minor = exposure_cap_minor,
                   .exposure_peak_minor = exposure_cap_minor,
                   .shop = target,
                   .gateway = {target, target, target}};
  sight.stood_in.assign(100, 40);
  sight.slowest.assign(100, 1510ms);
  const std::string text = screen(sight, false);
  EXPECT_LE(std::ranges::count(text, '\n'), 24);
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(columns(line), 80) << line;
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(DemoScreen, AFullCapFillsTheBar) {
  Sight sight;
  sight.standin.exposure_minor = exposure_cap_minor;
  EXPECT_THAT(screen(sight, false), Not(HasSubstr("░")));
}

TEST(DemoScreen, ACurveIsDrawnAgainstItsGreatestValue) {
  const std::string drawn = curve({0, 1, 4, 8});
  EXPECT_TRUE(drawn.ends_with(" ▁▄█")) << drawn;
  EXPECT_EQ(columns(drawn), curve_seconds);
}

TEST(DemoStandin, AnswersAreSummedOverTheOtherLabels) {
  const auto answered = answered_in(
      "# HELP standin_requests_total Requests\n"
      "standin_requests_total{answered=\"forwarded\",route=\"orders\",status=\"2xx\"} 12\n"
      "standin_requests_total{answered=\"forwarded\",route=\"orders\",status=\"4xx\"} 3\n"
      "standin_requests_total{answered=\"accepted\",route=\"orders\",status=\"2xx\"} 7\n"
      "standin_requests_total{answered=\"accepted\",route=\"till\",status=\"2xx\"} 5\n"
      "standin_request_seconds_count{route=\"orders\",answered=\"accepted\"} 99\n",
      "orders");
  EXPECT_EQ(answered.at("forwarded"), 15);
  EXPECT_EQ(answered.at("accepted"), 7);
  EXPECT_EQ(answered.size(), 2);
}

TEST(DemoConfiguration, IsOneThatStandinAccepts) {
  for (const Duration length : {shortest, usual, longest}) {
    const TestFolder folder;
    const std::string file = folder.file("demo.toml");
    std::ofstream(file) << configuration(plan_for(length),
                                         {.shop = 3000, .edge = 8080, .console = 8081, .gateway = {4001, 4002, 4003}});
    const std::string credentials = folder.file(credentials_file);
    std::ofstream(credentials) << source_key << " " << source_pin << "\n";
    std::filesystem::permissions(credentials, std::filesystem::perms::owner_read);
    ASSERT_TRUE(Vault::create_keys(folder.file("journal.keys")));
    const auto config = load_config(file);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_THAT(config->warnings, IsEmpty());
  }
}

TEST(DemoPlan, ALateAnswerComesAfterTheWaitForItAndWhileItIsStillHeard) {
  for (const Duration length : {shortest, usual, longest}) {
    const Plan plan = plan_for(length);
    EXPECT_GT(plan.slow_by, plan.response);
    EXPECT_LT(plan.slow_by, plan.listen_late);
    EXPECT_LT(plan.response, plan.deadline);
    EXPECT_LT(plan.till_deadline, plan.response);
    EXPECT_LT(plan.till_response, plan.till_deadline);
    EXPECT_GT(plan.drain_within, plan.listen_late + plan.max_processing);
    EXPECT_LE(plan.length(), length);
  }
}

TEST(DemoPlan, EveryActIsPlayedInOrder) {
  std::vector<Act> played;
  for (const Beat& beat : plan_for(usual).beats) {
    if (played.empty() || played.back() != beat.act) played.push_back(beat.act);
  }
  EXPECT_THAT(played, ::testing::ElementsAreArray(acts));
}

}  // namespace
}  // namespace standin::demo
