#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console/test_ports.h"

namespace standin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string order_id = "01JDA7X1V5Q3T9B2C4D6E8F0GH";

OrderRow order() {
  return {.id = *Ulid::parse(order_id),
          .route = "orders",
          .facts = {.amount = Money{1234, *Currency::parse("USD")}, .customer = "ann"},
          .decision = "floor_limit: yes\nexposure: yes\n",
          .accepted = true,
          .cause = Cause::breaker,
          .state = State::held,
          .created = wall_time(1'799'999'000'000),
          .due = never_due};
}

TEST(Orders, AreFilteredByWhatTheQuerySays) {
  ConsoleWorld world;
  const Asked asked = world.ask(
      "GET", "/api/v1/orders?state=held&route=refunds%2Feu&customer=a%26b&since=2h&until=2027-01-15T07:00:00Z&limit=7");
  ASSERT_EQ(asked.status(), 200) << asked.response.body;
  const OrderFilter& filter = *world.journal.asked;
  EXPECT_EQ(filter.state, State::held);
  EXPECT_EQ(filter.route, "refunds/eu");
  EXPECT_EQ(filter.customer, "a&b");
  EXPECT_EQ(filter.since, world.clock.wall() - std::chrono::hours(2));
  EXPECT_EQ(filter.until, wall_time(1'799'996'400'000));
  EXPECT_EQ(filter.limit, 7u);
  EXPECT_FALSE(filter.include_shadow);
  EXPECT_FALSE(filter.due_only);
}

TEST(Orders, AFilterThatMeansNothingIs400) {
  ConsoleWorld world;
  for (const auto* query : {"state=lost", "since=yesterday", "until=2026-02-30", "until=2026-02-01T25:00:00Z",
                            "limit=0", "limit=10001", "limit=1.5", "limit=ten", "shadow=maybe", "stat=held"}) {
    EXPECT_EQ(world.ask("GET", std::string("/api/v1/orders?") + query).status(), 400) << query;
  }
  EXPECT_FALSE(world.journal.asked.has_value());
}

TEST(Orders, OneIsShownWithItsDecisionLifeAndTries) {
  ConsoleWorld world;
  world.journal.order_rows.push_back(order());
  world.journal.transition_rows.push_back(
      {.to = State::accepted, .at = wall_time(1'799'999'000'000), .who = "standin", .why = "breaker"});
  world.journal.attempt_rows.push_back({.kind = "replay", .target = "http://shop", .outcome = Outcome::unknown});
  const Asked asked = world.ask("GET", "/api/v1/orders/" + order_id);
  ASSERT_EQ(asked.status(), 200) << asked.response.body;
  EXPECT_EQ(asked.json.at("state"), "held");
  EXPECT_EQ(asked.json.at("amount"), "12.34 USD");
  EXPECT_EQ(asked.json.at("amount_minor"), 1234);
  EXPECT_EQ(asked.json.at("created"), "2027-01-15T07:43:20.000Z");
  EXPECT_TRUE(asked.json.at("due").is_null()) << "only a person moves it on";
  EXPECT_EQ(asked.json.at("decision").as_array().size(), 2u);
  EXPECT_EQ(asked.json.at("transitions").at(0).at("why"), "breaker");
  EXPECT_EQ(asked.json.at("tries").at(0).at("outcome"), "unknown");
}

TEST(Orders, AnIdNobodyHasIs404AndNoIdIs400) {
  ConsoleWorld world;
  EXPECT_EQ(world.ask("GET", "/api/v1/orders/" + order_id).status(), 404);
  EXPECT_EQ(world.ask("GET", "/api/v1/orders/7").status(), 400);
}

TEST(Replay, StartsExactlyWhatWasAskedFor) {
  ConsoleWorld world;
  world.journal.order_rows.push_back(order());
  EXPECT_EQ(world.ask("POST", "/api/v1/replay", R"({"route":"orders","rate":5})").status(), 202);
  EXPECT_EQ(world.ask("POST", "/api/v1/replay", R"({"order":")" + order_id + "\"}").status(), 202);
  EXPECT_EQ(world.ask("POST", "/api/v1/replay", R"({"all":true})").status(), 202);
  ASSERT_EQ(world.replay.started.size(), 3u);
  EXPECT_EQ(world.replay.started[0].route, "orders");
  EXPECT_EQ(world.replay.started[0].rate, 5.0);
  EXPECT_EQ(world.replay.started[1].order, Ulid::parse(order_id));
  EXPECT_FALSE(world.replay.started[2].order.has_value());
  EXPECT_EQ(world.replay.started[2].route, "");
}

TEST(Replay, DoesNotGuessWhichOrders) {
  ConsoleWorld world;
  for (const auto* body :
       {"", "{}", R"({"all":false})", R"({"route":"orders","all":true})", R"({"order":"7"})", R"({"route":7})",
        R"({"all":true,"rate":0})", R"({"all":true,"rate":-1})", R"({"all":true,"rate":"fast"})"}) {
    EXPECT_EQ(world.ask("POST", "/api/v1/replay", body).status(), 400) << body;
  }
  EXPECT_TRUE(world.replay.started.empty());
}

TEST(Replay, AnUnknownRouteOrOrderIs404) {
  ConsoleWorld world;
  const Asked asked = world.ask("POST", "/api/v1/replay", R"({"route":"order"})");
  EXPECT_EQ(asked.status(), 404);
  EXPECT_THAT(asked.detail(), HasSubstr("did you mean 'orders'?"));
  EXPECT_EQ(world.ask("POST", "/api/v1/replay", R"({"order":")" + order_id + "\"}").status(), 404);
  EXPECT_EQ(world.ask("POST", "/api/v1/replay/stop", R"({"route":"nothing"})").status(), 404);
  EXPECT_TRUE(world.replay.started.empty());
}

TEST(Replay, ThatCannotStartSaysWhy) {
  ConsoleWorld world;
  world.replay.refusing = true;
  const Asked asked = world.ask("POST", "/api/v1/replay", R"({"all":true})");
  EXPECT_EQ(asked.status(), 409);
  EXPECT_EQ(asked.detail(), "its upstream's breaker is open");
}

TEST(Replay, IsPausedResumedAndStopped) {
  ConsoleWorld world;
  EXPECT_EQ(world.ask("POST", "/api/v1/replay/pause", R"({"route":"orders","who":"ann"})").status(), 200);
  EXPECT_EQ(world.ask("POST", "/api/v1/replay/resume", R"({"route":"orders"})").status(), 200);
  EXPECT_EQ(world.ask("POST", "/api/v1/replay/stop").status(), 200);
  EXPECT_EQ(world.ask("POST", "/api/v1/replay/pause").status(), 200);
  EXPECT_THAT(world.replay.told, ElementsAre("pause orders by ann", "resume orders", "stop ", "pause  by operator"));
}

TEST(Replay, ShowsHowItStands) {
  ConsoleWorld world;
  const Asked asked = world.ask("GET", "/api/v1/replay");
  EXPECT_EQ(asked.json.at("routes").at(0).at("route"), "orders");
  EXPECT_EQ(asked.json.at("routes").at(0).at("waiting"), 3);
}

TEST(FollowUps, TheOpenOnesAreListedUnlessAllAreAskedFor) {
  ConsoleWorld world;
  world.journal.follow_up_rows = {{.id = 1, .state = "open"}, {.id = 2, .state = "closed"}};
  EXPECT_EQ(world.ask("GET", "/api/v1/followups").json.at("follow_ups").as_array().size(), 1u);
  EXPECT_EQ(world.ask("GET", "/api/v1/followups?all=true").json.at("follow_ups").as_array().size(), 2u);
}

TEST(FollowUps, AreTakenNotedAndClosed) {
  ConsoleWorld world;
  world.journal.follow_up_rows = {{.id = 7, .state = "open"}};
  const std::string path = "/api/v1/followups/7";
  EXPECT_EQ(world.ask("POST", path, R"({"action":"take","who":"ann"})").status(), 200);
  EXPECT_EQ(world.ask("POST", path, R"({"action":"note","who":"ann","text":"called"})").status(), 200);
  EXPECT_EQ(world.ask("POST", path, R"({"action":"close","as":"collected","text":"paid"})").status(), 200);
  EXPECT_EQ(world.ask("POST", path, R"({"action":"close","as":"written_off"})").status(), 200);
  EXPECT_THAT(world.journal.steps, ElementsAre("7 take by ann: ", "7 note by ann: called",
                                               "7 collected by operator: paid", "7 written_off by operator: "));
}

TEST(FollowUps, ClosingSaysWhetherTheMoneyCameIn) {
  ConsoleWorld world;
  world.journal.follow_up_rows = {{.id = 7, .state = "open"}};
  for (const auto* body :
       {"", R"({"action":"close"})", R"({"action":"close","as":"paid"})", R"({"action":"collected"})",
        R"({"action":"note"})", R"({"action":"note","text":"  "})", R"({"action":"take","as":"collected"})"}) {
    EXPECT_EQ(world.ask("POST", "/api/v1/followups/7", body).status(), 400) << body;
  }
  EXPECT_TRUE(world.journal.steps.empty());
}

TEST(Console, KeepsNoCardNumber) {
  ConsoleWorld world;
  world.journal.follow_up_rows = {{.id = 7, .state = "open"}};
  for (const auto* body : {R"({"action":"note","text":"card 4000 1000 1111 2224, called"})",
                           R"({"action":"close","as":"collected","text":"4000100011112224"})",
                           R"({"action":"take","who":"4000-1000-1111-2224"})"}) {
    const auto answer = world.ask("POST", "/api/v1/followups/7", body);
    EXPECT_EQ(answer.status(), 400) << body;
    EXPECT_THAT(answer.detail(), Not(HasSubstr("2224"))) << body;
  }
  EXPECT_TRUE(world.journal.steps.empty());
  const auto mode = world.ask("PUT", "/api/v1/modes/orders", R"({"mode":"forced","why":"4000100011112224"})");
  EXPECT_THAT(mode.detail(), HasSubstr("the last four digits alone"));
}

TEST(FollowUps, OneThatIsNotThereIs404AndARefusalIs409) {
  ConsoleWorld world;
  EXPECT_EQ(world.ask("POST", "/api/v1/followups/7", R"({"action":"take"})").status(), 404);
  EXPECT_EQ(world.ask("POST", "/api/v1/followups/seven", R"({"action":"take"})").status(), 400);
  world.journal.follow_up_rows = {{.id = 7, .state = "closed"}};
  world.journal.failing = true;
  EXPECT_EQ(world.ask("POST", "/api/v1/followups/7", R"({"action":"take"})").status(), 409);
}

TEST(ChangingAMode, IsKeptWithItsEndAndItsReason) {
  ConsoleWorld world;
  const Asked asked =
      world.ask("PUT", "/api/v1/modes/orders", R"({"mode":"forced","for":"30m","why":"deploying","who":"ann"})");
  ASSERT_EQ(asked.status(), 200) << asked.response.body;
  ASSERT_EQ(world.journal.modes_set.size(), 1u);
  const ModeRow& row = world.journal.modes_set[0];
  EXPECT_EQ(row.route, "orders");
  EXPECT_EQ(row.mode, Mode::forced);
  EXPECT_EQ(row.until, world.clock.wall() + std::chrono::minutes(30));
  EXPECT_EQ(row.why, "deploying");
  EXPECT_EQ(row.who, "ann");
  EXPECT_EQ(asked.json.at("warning"), "");
  EXPECT_EQ(world.ask("GET", "/api/v1/modes").json.at("modes").at(0).at("mode"), "forced");
  EXPECT_EQ(world.ask("GET", "/api/v1/modes").json.at("modes").at(0).at("configured"), "auto");
}

TEST(ChangingAMode, WithoutAnEndIsPossibleAndSaysSo) {
  ConsoleWorld world;
  const Asked asked = world.ask("PUT", "/api/v1/modes/orders", R"({"mode":"forced","why":"the shop answers wrongly"})");
  EXPECT_EQ(asked.status(), 200);
  EXPECT_THAT(std::string(asked.json.at("warning").as_string()), HasSubstr("stays forced until somebody changes it"));
  EXPECT_TRUE(asked.json.at("until").is_null());
  EXPECT_EQ(world.ask("PUT", "/api/v1/modes/orders", R"({"mode":"auto","why":"over"})").json.at("warning"), "");
}

TEST(ChangingAMode, ARouteNameWithASlashIsReached) {
  ConsoleWorld world;
  EXPECT_EQ(world.ask("PUT", "/api/v1/modes/refunds%2Feu", R"({"mode":"off","why":"test"})").status(), 200);
  EXPECT_EQ(world.journal.modes_set.at(0).route, "refunds/eu");
}

TEST(ChangingAMode, NeedsAModeAReasonAndASpanOfTime) {
  ConsoleWorld world;
  for (const auto* body :
       {R"({"mode":"forced"})", R"({"mode":"forced","why":" "})", R"({"mode":"on","why":"x"})", R"({"why":"x"})",
        R"({"mode":"forced","why":"x","for":"30"})", R"({"mode":"forced","why":"x","for":"0m"})",
        R"({"mode":"forced","why":"x","for":"3650d"})"}) {
    EXPECT_EQ(world.ask("PUT", "/api/v1/modes/orders", body).status(), 400) << body;
  }
  EXPECT_EQ(world.ask("PUT", "/api/v1/modes/rest", R"({"mode":"off","why":"x"})").status(), 404);
  EXPECT_TRUE(world.journal.modes_set.empty());
}

TEST(ChangingAMode, ThatIsNotDurableIsNotInForce) {
  ConsoleWorld world;
  world.journal.failing = true;
  EXPECT_EQ(world.ask("PUT", "/api/v1/modes/orders", R"({"mode":"forced","why":"x"})").status(), 503);
  EXPECT_EQ(world.ask("GET", "/api/v1/modes").json.at("modes").at(0).at("mode"), "auto");
}

/// An upstream whose breakers go by country, with one target in use.
std::shared_ptr<TargetState> by_country(ConsoleWorld& world) {
  return world.targets.of(UpstreamConfig{.name = "cardgate", .breaker = {.key = {"merchant_country"}}},
                          "https://www-01");
}

TEST(CuttingOff, IsKeptWithItsEndAndItsReasonAndInForce) {
  ConsoleWorld world;
  const auto target = by_country(world);
  target->admit(world.clock.now(), true, "FR");
  const Asked asked = world.ask("POST", "/api/v1/upstreams/cardgate/cut",
                                R"({"key":"FR","for":"30m","why":"charges twice","who":"ann"})");
  ASSERT_EQ(asked.status(), 200) << asked.response.body;
  ASSERT_EQ(world.journal.switches_set.size(), 1u);
  const SwitchRow& row = world.journal.switches_set[0];
  EXPECT_TRUE(row.cut);
  EXPECT_EQ(row.until, world.clock.wall() + std::chrono::minutes(30));
  EXPECT_EQ(row.who, "ann");
  EXPECT_EQ(asked.json.at("warning"), "");
  EXPECT_TRUE(world.targets.switches()->stops("cardgate", "FR", world.clock.wall()));
  const auto shown = world.ask("GET", "/api/v1/upstreams").json;
  EXPECT_EQ(shown.at("cut").at(0).at("key"), "FR");
  EXPECT_EQ(shown.at("cut").at(0).at("why"), "charges twice");
  EXPECT_EQ(shown.at("targets").at(0).at("key_facts").at(0), "merchant_country");
}

TEST(CuttingOff, WithoutAnEndOrOfAKeyThatNobodyHasIsPossibleAndSaysSo) {
  ConsoleWorld world;
  const auto target = by_country(world);
  target->admit(world.clock.now(), true, "DENMARK");
  const Asked asked = world.ask("POST", "/api/v1/upstreams/cardgate/cut", R"({"key":"DENMARC","why":"x"})");
  EXPECT_EQ(asked.status(), 200);
  EXPECT_EQ(asked.json.at("warning"),
            "It stays cut until somebody restores it: no 'for' was given. No request has had this key so far; did you "
            "mean 'DENMARK'?");
}

TEST(CuttingOff, AKeyThatNoRequestCanHaveIs400) {
  ConsoleWorld world;
  const auto keyed = by_country(world);
  const auto plain = world.targets.of(UpstreamConfig{.name = "shop"}, "http://shop");
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/cardgate/cut", R"({"key":"FR/visa","why":"x"})").status(), 400);
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/shop/cut", R"({"key":"FR","why":"x"})").status(), 400);
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/shop/cut", R"({"key":"FR"})").status(), 400) << "without a reason";
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/shop/cut", R"({"why":"x","for":"3650d"})").status(), 400);
  const Asked unknown = world.ask("POST", "/api/v1/upstreams/cardgates/cut", R"({"why":"x"})");
  EXPECT_EQ(unknown.status(), 404);
  EXPECT_THAT(unknown.detail(), HasSubstr("did you mean 'cardgate'?"));
  EXPECT_TRUE(world.journal.switches_set.empty());
}

TEST(CuttingOff, ThatIsNotDurableIsNotInForce) {
  ConsoleWorld world;
  const auto target = by_country(world);
  world.journal.failing = true;
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/cardgate/cut", R"({"why":"x"})").status(), 503);
  EXPECT_FALSE(world.targets.switches()->stops("cardgate", "", world.clock.wall()));
}

TEST(CuttingOff, IsUndoneByRestoring) {
  ConsoleWorld world;
  const auto target = by_country(world);
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/cardgate/restore", R"({"why":"over"})").status(), 404);
  world.ask("POST", "/api/v1/upstreams/cardgate/cut", R"({"why":"x"})");
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/cardgate/restore", R"({"why":"over","key":"FR"})").status(), 404);
  world.journal.failing = true;
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/cardgate/restore", R"({"why":"over"})").status(), 503);
  EXPECT_TRUE(world.targets.switches()->stops("cardgate", "", world.clock.wall()));
  world.journal.failing = false;
  EXPECT_EQ(world.ask("POST", "/api/v1/upstreams/cardgate/restore", R"({"why":"over"})").status(), 200);
  EXPECT_FALSE(world.targets.switches()->stops("cardgate", "", world.clock.wall()));
  EXPECT_FALSE(world.journal.switches_set.back().cut);
}

TEST(CuttingOff, SurvivesARestart) {
  FakeJournal journal;
  const WallTime now = StillClock().wall();
  journal.switches_set = {{.upstream = "cardgate", .key = "FR"}, {.upstream = "cardgate", .key = "DE", .until = now}};
  TargetStates targets;
  ASSERT_TRUE(load_switches(journal, targets));
  EXPECT_TRUE(targets.switches()->stops("cardgate", "FR", now));
  EXPECT_FALSE(targets.switches()->stops("cardgate", "DE", now)) << "it expired meanwhile";
}

TEST(State, NamesAreShownWithTheirAddresses) {
  ConsoleWorld world;
  world.names->publish({.name = "www-01", .addresses = {{"192.0.2.9", {}}}, .error = "no answer", .stale = true});
  const auto name = world.ask("GET", "/api/v1/upstreams").json.at("names").at(0);
  EXPECT_EQ(name.at("addresses").at(0), "192.0.2.9");
  EXPECT_EQ(name.at("stale"), true);
}

TEST(State, UpstreamsExposureAndHealthAreShown) {
  ConsoleWorld world;
  const auto target = world.targets.of(UpstreamConfig{.name = "shop"}, "http://127.0.0.1:3000");
  world.journal.exposed = {Money{1234, *Currency::parse("USD")}};
  world.journal.exposed_peak = {Money{99, *Currency::parse("JPY")}, Money{5678, *Currency::parse("USD")}};
  world.journal.state = {.promising = false, .reason = "the disk is full", .queued = 4};
  world.journal.states = {{State::accepted, 2}};
  EXPECT_EQ(world.ask("GET", "/api/v1/upstreams").json.at("targets").at(0).at("url"), "http://127.0.0.1:3000");
  const auto exposure = world.ask("GET", "/api/v1/exposure").json.at("exposure").at(0);
  EXPECT_EQ(exposure.at("amount"), "12.34 USD");
  EXPECT_EQ(exposure.at("peak_minor"), 5678);
  const auto health = world.ask("GET", "/api/v1/health").json;
  EXPECT_EQ(health.at("promising"), false);
  EXPECT_EQ(health.at("reason"), "the disk is full");
  EXPECT_EQ(health.at("orders").at("accepted"), 2);
}

}  // namespace
}  // namespace standin
