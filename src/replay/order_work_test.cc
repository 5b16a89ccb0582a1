// Replay of charges at gateways that are searched by listing, in virtual time, with the real journal.
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "journal/sqlite_journal.h"
#include "replay/replay_test_support.h"
#include "replay/replayer.h"
#include "sim/scripted_transport.h"
#include "sim/world.h"

namespace standin {
namespace {

/// A gateway, a second one, and a route whose charges the test puts into the journal itself.
struct Till {
  Till() {
    gate = {.name = "gate",
            .targets = {"http://gate:1"},
            .duplicates = Duplicates::none,
            .finder = FinderConfig{.max_processing = 60s},
            .reversal = ReversalConfig{}};
    backup = {.name = "backup", .targets = {"http://backup:1"}, .credentials = {{"backup-account", "pin"}}};
    transport.behave = [this](const Endpoint& target, const Request& request) { return party(target, request); };
    auto opened =
        SqliteJournal::open({.path = folder.file("journal.db"), .clock = &world.clock(), .executor = world.executor()});
    ensure(opened.has_value(), opened ? "" : opened.error().what);
    journal = std::move(*opened);
  }
  ~Till() {
    if (replayer) replayer->shut_down();
    world.run_for(600s);
  }

  Replayer& replay() {
    if (replayer) return *replayer;
    replayer = std::make_shared<Replayer>(
        OrderWork::Ports{*journal, vault, metrics, world.clock(), world.random(), "r1"}, world.executor());
    const auto dialect = std::make_shared<StatusDialect>();
    ReplayRoute kept{{.name = "till", .upstream = "gate", .more_upstreams = {"backup"}}, stand_in, dialect, {}};
    for (const UpstreamConfig* const config : {&gate, &backup}) {
      kept.parties[config->name] = {
          .party = std::make_shared<Party>(*config, world.clock(), world.random(), transport, states, world.executor()),
          .dialect = dialect,
          .queries = std::make_shared<LineQueries>(),
          .search = nullptr};
    }
    replayer->configure({std::move(kept)});
    return *replayer;
  }
  /// Lets the replay go on by itself.
  void run_for(Duration span) {
    replay();
    world.run_for(span);
  }
  /// On a person's word.
  void replay_for(Duration span) {
    ASSERT_TRUE(replay().start({}));
    world.run_for(span);
  }

  Ulid keep(NewOrder order, Request request) {
    order.id = ulids.make(world.clock().wall());
    order.key = vault.order_key("", "till", order.id.text());
    order.route = "till", order.stand_in = "till", order.request_id = "request-id";
    if (order.upstream.empty()) order.upstream = "gate";
    order.facts.amount = Money{2500, usd};
    order.created = order.due = world.clock().wall();
    order.request = vault.seal(to_wire(request), request_context(order.id));
    order.answer = vault.seal("yes", answer_context(order.id));
    const Ulid id = order.id;
    const auto kept = world.run(journal->keep(std::move(order)));
    ensure(kept == Kept::kept, "a test's order is kept");
    world.run_for(1ms);
    return id;
  }
  static Request charge(const std::string& invoice) {
    Request request{.method = "POST", .target = "/charge", .body = invoice};
    request.headers.add("Account", "a");
    return request;
  }
  Ulid intent(const std::string& invoice) { return keep({.state = State::charging}, charge(invoice)); }
  Ulid accepted(const std::string& invoice, Outcome forward = Outcome::not_done) {
    return keep({.state = State::accepted, .forward = forward}, charge(invoice));
  }
  Ulid refund_of(const Ulid& charge) {
    return keep({.state = State::accepted, .behind = charge}, {.method = "POST", .target = "/refund"});
  }
  void charged(const std::string& reference, const std::string& invoice, const std::string& state = "stands") {
    listing = fmt::format("{} {} {} {}\n", reference, unix_ms(world.clock().wall()), invoice, state) + listing;
  }

  Behaviour party(const Endpoint& target, const Request& request) {
    if (gate_is_down && target.url == "http://gate:1") return refuses();
    if (request.path() == "/list") return answers(list_status, listing);
    if (request.path().starts_with("/void/")) return answers(200);
    if (request.path() == "/refund") return answers(refund_status, "r1");
    return answers(charge_status,
                   charge_answer.empty() ? "g-" + std::to_string(transport.arrived.size()) : charge_answer);
  }
  std::size_t arrivals(const std::string& path) const {
    return std::ranges::count_if(transport.arrived,
                                 [&](const auto& each) { return each.request.path().starts_with(path); });
  }
  OrderRow row(const Ulid& id) { return journal->orders({.id = id})->front(); }
  State state(const Ulid& id) { return row(id).state; }
  std::size_t cases() { return journal->follow_ups(true)->size(); }

  World world;
  TestFolder folder;
  ScriptedTransport transport{world.clock()};
  TargetStates states;
  Metrics metrics;
  Vault vault = Vault::ephemeral(world.random());
  UlidMaker ulids{world.random()};
  UpstreamConfig gate, backup;
  StandInConfig stand_in{.name = "till"};
  std::unique_ptr<SqliteJournal> journal;
  std::shared_ptr<Replayer> replayer;

  std::string listing;
  int list_status = 200, charge_status = 201, refund_status = 201;
  std::string charge_answer;
  bool gate_is_down = false;
};

// --- intents ---

TEST(Recovery, AnIntentThatThePartyHasIsSettledByItself) {
  Till till;
  const Ulid id = till.intent("77");
  till.charged("g1", "77");
  till.run_for(10s);
  EXPECT_EQ(till.state(id), State::settled);
  EXPECT_EQ(till.row(id).upstream_reference, "g1");
}

TEST(Recovery, AnIntentThatThePartyDoesNotHaveLapsesOnceNoneCountsAndIsNeverSent) {
  Till till;
  const Ulid id = till.intent("77");
  till.run_for(60s);
  EXPECT_EQ(till.state(id), State::charging) << "the party may still be at it";
  till.world.run_for(120s);
  EXPECT_EQ(till.state(id), State::lapsed);
  EXPECT_EQ(till.arrivals("/charge"), 0u);
}

TEST(Recovery, AnIntentMayStandThoughAnEarlierTryUnderItsKeyFell) {
  Till till;
  const Ulid id = till.intent("own-77");
  till.charged("g1", "own-77", "voided");
  till.run_for(30s);
  EXPECT_EQ(till.state(id), State::charging);
  till.charged("g2", "own-77");
  till.world.run_for(120s);
  EXPECT_EQ(till.state(id), State::settled);
  EXPECT_EQ(till.row(id).upstream_reference, "g2");
}

TEST(Recovery, SeveralThatMatchAreAPersonsCase) {
  Till till;
  const Ulid id = till.intent("77");
  till.charged("g1", "77");
  till.charged("g2", "77");
  till.run_for(600s);
  EXPECT_EQ(till.state(id), State::held);
  EXPECT_EQ(till.cases(), 1u);
  EXPECT_EQ(till.arrivals("/charge"), 0u);
}

TEST(Recovery, TwoIntentsNeverAdoptOneCharge) {
  Till till;
  const Ulid first = till.intent("77");
  const Ulid second = till.intent("77");
  till.charged("g1", "77");
  till.run_for(600s);
  const std::vector<State> ends{till.state(first), till.state(second)};
  EXPECT_EQ(std::ranges::count(ends, State::settled), 1);
  EXPECT_EQ(std::ranges::count(ends, State::lapsed), 1);
  EXPECT_EQ(till.cases(), 0u);
}

TEST(Recovery, ThousandsShareOneListing) {
  Till till;
  std::vector<Ulid> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.push_back(till.intent(std::to_string(i)));
    till.charged("g" + std::to_string(i), std::to_string(i));
  }
  till.run_for(10s);
  for (const Ulid& id : ids) ASSERT_EQ(till.state(id), State::settled);
  EXPECT_LE(till.arrivals("/list"), 3u);
}

TEST(Recovery, AnOutageOfThePartyAsksNoPerson) {
  Till till;
  till.gate_is_down = true;
  const Ulid id = till.intent("77");
  till.charged("g1", "77");
  till.run_for(10min);
  EXPECT_EQ(till.state(id), State::charging);
  EXPECT_EQ(till.cases(), 0u);
  EXPECT_LE(till.journal->attempts(id)->size(), 2u);
  till.gate_is_down = false;
  till.world.run_for(120s);
  EXPECT_EQ(till.state(id), State::settled);
}

TEST(Recovery, ASpentSearchLimitAsksNoPerson) {
  Till till;
  till.list_status = 429;
  const Ulid id = till.intent("77");
  till.charged("g1", "77");
  till.run_for(10min);
  EXPECT_EQ(till.state(id), State::charging);
  EXPECT_EQ(till.cases(), 0u);
  till.list_status = 200;
  till.world.run_for(120s);
  EXPECT_EQ(till.state(id), State::settled);
}

TEST(Recovery, AListingThatCannotBeReadCountsAsTries) {
  Till till;
  till.list_status = 500;
  const Ulid id = till.intent("77");
  till.run_for(2min);
  const auto attempts = till.journal->attempts(id);
  EXPECT_GE(std::ranges::count_if(*attempts, [](const Attempt& each) { return each.kind == "finder"; }), 3);
  EXPECT_TRUE(std::ranges::all_of(*attempts, was_asked));
}

TEST(Recovery, WithoutAnAccountNobodyCanLook) {
  Till till;
  const Ulid id = till.keep({.state = State::charging}, {.method = "POST", .target = "/charge", .body = "77"});
  till.run_for(60s);
  EXPECT_EQ(till.state(id), State::held);
  EXPECT_EQ(till.cases(), 1u);
}

TEST(Recovery, ARetryThatSendsWhileTheSearchWaitsIsNotConcludedFromIt) {
  Till till;
  till.gate.finder->searches = {{.count = 1, .per = 200s}};
  const Ulid first = till.intent("1");
  till.run_for(1s);
  const Ulid id = till.intent("77");
  till.world.run_for(150s);
  const WallTime now = till.world.clock().wall();
  const auto lease = till.world.run(till.journal->lease(
      id, "retry", now + 130s, {.kind = "live", .target = "http://gate:1", .started = now, .open = true}));
  ASSERT_TRUE(lease);
  till.world.run_for(100s);
  EXPECT_EQ(till.state(id), State::charging) << "none of the old listing says nothing of the retry";
  till.charged("g9", "77");
  till.world.run_for(1200s);
  EXPECT_EQ(till.state(id), State::settled);
  EXPECT_NE(till.state(first), State::settled);
}

TEST(Recovery, WhatItsClientWasToldWhileTheSearchWaitsStaysAsItIs) {
  Till till;
  till.gate.finder->searches = {{.count = 1, .per = 200s}};
  till.intent("1");
  till.run_for(1s);
  const Ulid id = till.intent("77");
  till.world.run_for(150s);
  const WallTime now = till.world.clock().wall();
  const auto lease = till.world.run(till.journal->lease(
      id, "retry", now + 130s, {.kind = "live", .target = "http://gate:1", .started = now, .open = true}));
  ASSERT_TRUE(lease);
  const auto kept = till.world.run(till.journal->conclude({.lease = *lease,
                                                           .to = State::accepted,
                                                           .answer_is_ours = true,
                                                           .decision = {.accept = true},
                                                           .forward = Outcome::not_done,
                                                           .due = now,
                                                           .who = "standin",
                                                           .why = "refused"}));
  ASSERT_EQ(kept, Kept::kept);
  till.world.run_for(400s);
  EXPECT_EQ(till.state(id), State::accepted) << "the search asked about an intent that is one no more";
}

// --- what was promised ---

TEST(Delivery, WhatMayHaveHappenedIsLookedForAndAdopted) {
  Till till;
  const Ulid id = till.accepted("77", Outcome::unknown);
  till.charged("g1", "77");
  till.replay_for(60s);
  EXPECT_EQ(till.state(id), State::matched);
  EXPECT_EQ(till.arrivals("/charge"), 0u);
}

TEST(Delivery, WhatThePartyDoesNotHaveIsSentOnceNoneCounts) {
  Till till;
  const Ulid id = till.accepted("77", Outcome::unknown);
  till.replay_for(70s);
  EXPECT_EQ(till.arrivals("/charge"), 0u);
  till.world.run_for(300s);
  EXPECT_EQ(till.arrivals("/charge"), 1u);
  EXPECT_EQ(till.state(id), State::settled);
}

TEST(Delivery, ManyThatMayHaveHappenedShareOneListingBeyondTheReplaysConcurrency) {
  Till till;
  for (int i = 0; i < 200; ++i) {
    till.accepted(std::to_string(i), Outcome::unknown);
    till.charged("g" + std::to_string(i), std::to_string(i));
  }
  till.replay_for(30s);
  EXPECT_EQ(till.journal->orders({.state = State::matched, .limit = 1000})->size(), 200u);
  EXPECT_LE(till.arrivals("/list"), 4u);
}

TEST(Delivery, NothingIsLookedForBeforeAPersonStartsIt) {
  Till till;
  till.accepted("77", Outcome::unknown);
  till.run_for(600s);
  EXPECT_EQ(till.arrivals("/list"), 0u);
}

TEST(Delivery, OursThatWasVoidedIsAPersonsCaseAndNotSentAgain) {
  Till till;
  const Ulid id = till.accepted("77", Outcome::unknown);
  till.charged("g1", "77", "voided");
  till.replay_for(600s);
  EXPECT_EQ(till.state(id), State::held);
  EXPECT_EQ(till.cases(), 1u);
  EXPECT_EQ(till.arrivals("/charge"), 0u);
}

TEST(Delivery, AddsWhatTheDialectSaysOnTheWayOut) {
  Till till;
  till.accepted("77");
  till.replay_for(60s);
  EXPECT_TRUE(till.transport.arrived.front().request.headers.has("Reference"));
}

TEST(Delivery, APartIsSettledAndTheRestAPersonsCase) {
  Till till;
  till.charge_answer = "part g1";
  const Ulid id = till.accepted("77");
  till.replay_for(60s);
  EXPECT_EQ(till.state(id), State::settled);
  EXPECT_EQ(till.journal->exposure().front().minor, 1250);
  EXPECT_EQ(till.cases(), 1u);
}

TEST(Delivery, AnOrderOfTheSecondPartyGoesToItInItsOwnWords) {
  Till till;
  const Ulid id = till.keep({.upstream = "backup", .state = State::accepted}, Till::charge("77"));
  till.replay_for(60s);
  ASSERT_EQ(till.transport.arrived.size(), 1u);
  EXPECT_EQ(till.transport.arrived.front().url, "http://backup:1");
  EXPECT_EQ(till.transport.arrived.front().request.path(), "/translated");
  EXPECT_EQ(till.transport.arrived.front().request.headers.find("Account"), "backup-account");
  EXPECT_EQ(till.state(id), State::settled);
}

TEST(Delivery, WhatTheSecondPartyCannotUseIsAPersonsCase) {
  Till till;
  Request request = Till::charge("77");
  request.headers.add("Token", "of the first");
  const Ulid id = till.keep({.upstream = "backup", .state = State::accepted}, request);
  till.replay_for(60s);
  EXPECT_EQ(till.transport.arrived.size(), 0u);
  EXPECT_EQ(till.state(id), State::held);
}

TEST(Delivery, ASlowPaceDelaysNoReversal) {
  Till till;
  till.stand_in.replay_rate = 0.01;
  for (int i = 0; i < 20; ++i) till.accepted(std::to_string(i));
  till.replay_for(30s);
  const Ulid id = till.keep({.state = State::reversing, .forward = Outcome::unknown}, Till::charge("99"));
  till.charged("g99", "99");
  till.world.run_for(10s);
  EXPECT_EQ(till.state(id), State::reversed);
  EXPECT_EQ(till.arrivals("/void/g99"), 1u);
}

// --- refunds and captures of charges that were still ours ---

TEST(Behind, ARefundWaitsForItsChargeAndNamesThePartysReference) {
  Till till;
  const Ulid charge = till.accepted("77");
  const Ulid refund = till.refund_of(charge);
  till.replay_for(60s);
  EXPECT_EQ(till.state(charge), State::settled);
  EXPECT_EQ(till.state(refund), State::settled);
  ASSERT_EQ(till.transport.arrived.size(), 2u);
  EXPECT_EQ(till.transport.arrived.front().request.path(), "/charge");
  EXPECT_EQ(till.transport.arrived.back().request.headers.find("About"), till.row(charge).upstream_reference);
}

TEST(Behind, ARefundOfAChargeThatWasDeclinedIsWithdrawnAndAPersonTold) {
  Till till;
  till.charge_status = 402;
  const Ulid charge = till.accepted("77");
  const Ulid refund = till.refund_of(charge);
  till.replay_for(120s);
  EXPECT_EQ(till.state(charge), State::refused);
  EXPECT_EQ(till.state(refund), State::cancelled);
  EXPECT_EQ(till.cases(), 2u);
  EXPECT_EQ(till.arrivals("/refund"), 0u);
}

TEST(Behind, ARefundThatThePartyDeclinesIsNotToBeCollected) {
  Till till;
  const Ulid refund = till.refund_of(till.accepted("77"));
  till.refund_status = 402;
  till.replay_for(120s);
  EXPECT_EQ(till.state(refund), State::refused);
  const auto cases = *till.journal->follow_ups(true);
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases.front().order, refund);
  EXPECT_EQ(cases.front().reason.find("collect"), std::string::npos) << cases.front().reason;
}

TEST(Behind, ARefundOfAChargeAtTheSecondPartyIsDoneByHand) {
  Till till;
  const Ulid charge = till.keep({.upstream = "backup", .state = State::accepted}, Till::charge("77"));
  const Ulid refund = till.refund_of(charge);
  till.replay_for(120s);
  EXPECT_EQ(till.state(charge), State::settled);
  EXPECT_EQ(till.state(refund), State::held);
  EXPECT_EQ(till.transport.arrived.size(), 1u) << "never as another charge";
}

// --- reversals ---

TEST(Reversal, AReversalThatNeverLeavesAsksNoPerson) {
  Till till;
  const Ulid id = till.keep({.state = State::reversing, .forward = Outcome::unknown}, Till::charge("77"));
  till.charged("g1", "77");
  till.run_for(1s);
  till.gate_is_down = true;
  till.world.run_for(15min);
  EXPECT_EQ(till.cases(), 0u);
  till.gate_is_down = false;
  till.world.run_for(120s);
  EXPECT_EQ(till.state(id), State::reversed);
}

TEST(Reversal, WhatCannotBeAskedForIsAPersonsCase) {
  Till till;
  const Ulid id = till.keep({.state = State::reversing, .forward = Outcome::unknown},
                            {.method = "POST", .target = "/charge", .body = "77"});
  const WallTime now = till.world.clock().wall();
  const auto lease = till.world.run(till.journal->lease(id, "x", now, {.kind = "finder", .started = now}));
  ASSERT_TRUE(lease);
  till.world.run(till.journal->apply({.lease = *lease,
                                      .to = State::reversing,
                                      .attempt = Attempt{.kind = "finder", .outcome = Outcome::approved},
                                      .upstream_reference = "g1"}));
  till.run_for(60s);
  EXPECT_EQ(till.state(id), State::reversing);
  EXPECT_EQ(till.cases(), 1u);
}

TEST(Reversal, ASecondApprovalIsVoidedWithTheFirstOnesCredential) {
  Till till;
  const Ulid id = till.accepted("77");
  till.replay_for(60s);
  ASSERT_EQ(till.state(id), State::settled);
  till.world.run(till.journal->apply({.lease = {id, live_forward_token},
                                      .to = State::settled,
                                      .who = "late",
                                      .attempt = Attempt{.kind = "live", .outcome = Outcome::approved},
                                      .upstream_reference = "g-second"}));
  till.world.run_for(60s);
  EXPECT_EQ(till.arrivals("/void/g-second"), 1u);
  EXPECT_EQ(till.journal->orders({.state = State::reversed})->size(), 1u);
}

}  // namespace
}  // namespace standin
