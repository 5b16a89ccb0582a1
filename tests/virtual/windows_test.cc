// For how long a request is taken for an earlier one: keys made of facts, requests that look alike, and how soon what
// was promised is delivered once the party is back. In virtual time.
#include "tests/virtual/till.h"

namespace standin {
namespace {

/// A till whose invoice numbers begin anew each day, at a gateway that numbers its charges.
struct DailyTill : Till {
  DailyTill() {
    route.more_upstreams.clear();
    route.key_window = 20h;
    rebuild();
    approves();
  }

  void approves() {
    gateway = [this](const Request&) { return says(gate_approves(std::to_string(132020600 + ++charged))); };
  }
  std::string reference_of(const Response& response) { return form_field(response.body, "UMrefNum"); }
  std::size_t orders() { return journal->orders({.include_live = true})->size(); }

  int charged = 0;
};

TEST(KeyOfFacts, RecallsItsOrderWithinTheWindow) {
  DailyTill till;
  const std::string first = till.reference_of(till.sale({}));
  till.world.run_for(19h);
  EXPECT_EQ(till.reference_of(till.sale({})), first);
  EXPECT_EQ(till.charged, 1);
}

TEST(KeyOfFacts, IsANewOrderOnceTheWindowOfAnEndedOneHasPassed) {
  DailyTill till;
  const std::string yesterdays = till.reference_of(till.sale({}));
  till.world.run_for(21h);
  const std::string todays = till.reference_of(till.sale({}));
  EXPECT_NE(todays, yesterdays);
  EXPECT_EQ(till.charged, 2);
  till.world.run_for(1h);
  EXPECT_EQ(till.reference_of(till.sale({})), todays) << "a retry of today's sale is today's";
  EXPECT_EQ(till.charged, 2);
  till.world.run_for(24h);
  till.sale({});
  EXPECT_EQ(till.charged, 3) << "and the day after, another";
  EXPECT_EQ(till.orders(), 3u);
}

TEST(KeyOfFacts, TellsTheOrdersApartForThoseWhoGoByTheKey) {
  DailyTill till;
  till.sale({});
  const std::string yesterdays(*till.last_arrival().headers.find("Standin-Key"));
  till.world.run_for(21h);
  till.sale({});
  EXPECT_NE(*till.last_arrival().headers.find("Standin-Key"), yesterdays);
}

TEST(KeyOfFacts, KnowsItsWindowsAfterARestart) {
  DailyTill till;
  till.sale({});
  till.world.run_for(21h);
  const std::string todays = till.reference_of(till.sale({}));
  till.restart();
  till.rebuild();
  EXPECT_EQ(till.reference_of(till.sale({})), todays);
  till.world.run_for(21h);
  till.restart();
  till.rebuild();
  EXPECT_NE(till.reference_of(till.sale({})), todays);
  EXPECT_EQ(till.charged, 3);
}

TEST(KeyOfFacts, MeansTheLastOrderWhateverBecomesOfTheOneBefore) {
  DailyTill till;
  const std::string yesterdays = till.reference_of(till.sale({}));
  till.world.run_for(21h);
  const std::string todays = till.reference_of(till.sale({}));
  till.send(Till::request("UMkey=source-key-1&UMcommand=cc:void&UMrefNum=" + yesterdays));
  till.charged = 10;
  EXPECT_EQ(till.reference_of(till.sale({})), todays) << "yesterday's sale was voided, not today's";
}

TEST(KeyOfFacts, BindsWhileItsOrderIsOpenHoweverOld) {
  DailyTill till;
  till.gateway = [](const Request&) { return refuses(); };
  const std::string ours = till.reference_of(till.sale({}));
  till.approves();
  till.world.run_for(72h);
  EXPECT_EQ(till.only_state(), State::accepted);
  EXPECT_EQ(till.reference_of(till.sale({})), ours);
  EXPECT_EQ(till.charged, 0);
}

TEST(KeyOfFacts, OfAnUnknownChargeThatNobodyWasToldOfIsNeverChargedAnew) {
  DailyTill till;
  till.route.mode = Mode::off;
  till.upstream.finder.reset();
  till.rebuild();
  till.gateway = [](const Request&) { return breaks_off(); };
  till.sale({});
  till.crash();
  till.rebuild();
  const auto replayer = till.new_replayer("r1");
  till.world.run_for(20min);
  ASSERT_EQ(till.only_state(), State::held);
  replayer->shut_down();
  till.world.run_for(72h);
  till.approves();
  EXPECT_NE(form_field(till.sale({}).body, "UMresult"), "A");
  EXPECT_EQ(till.charged, 0);
}

// Delivered in the morning, told in the evening: this evening's sale is not last evening's.
TEST(KeyOfFacts, CountsFromWhenTheClientWasTold) {
  DailyTill till;
  till.gateway = [](const Request&) { return refuses(); };
  const std::string ours = till.reference_of(till.sale({}));
  till.world.run_for(15h);
  till.approves();
  const auto replayer = till.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  till.world.run_for(60s);
  ASSERT_EQ(till.only_state(), State::settled);
  replayer->shut_down();
  EXPECT_EQ(till.reference_of(till.sale({})), ours);
  till.world.run_for(6h);
  EXPECT_NE(till.reference_of(till.sale({})), ours);
  EXPECT_EQ(till.charged, 2);
}

TEST(KeyOfFacts, CountsFromWhenItsEndWasKnownWhereNobodyWasTold) {
  DailyTill till;
  till.upstream.duplicates = Duplicates::keyed;
  till.upstream.duplicates_window = Duration::max();
  till.route.mode = Mode::off;
  till.rebuild();
  till.gateway = [](const Request&) { return hangs(); };
  till.sale({});
  till.world.run_for(30h);
  ASSERT_EQ(till.only_state(), State::charging);
  till.approves();
  const std::string told = till.reference_of(till.sale({}));
  ASSERT_EQ(till.only_state(), State::settled);
  till.world.run_for(1min);
  EXPECT_EQ(till.reference_of(till.sale({})), told) << "its client may not have had the answer yet";
  EXPECT_EQ(till.charged, 1);
}

TEST(KeyOfFacts, TwoAtOnceAfterTheWindowAreOneCharge) {
  DailyTill till;
  till.sale({});
  till.world.run_for(21h);
  till.gateway = [&](const Request&) { return says(gate_approves(std::to_string(132020700 + ++till.charged)), 1s); };
  const auto one = till.send_later(till.sale_request({}));
  const auto other = till.send_later(till.sale_request({}));
  till.world.run_for(10s);
  EXPECT_EQ(till.charged, 2);
  EXPECT_EQ(one->peek()->body, other->peek()->body);
}

TEST(KeyOfFacts, AcrossACrashAfterTheWindowIsTakenUp) {
  DailyTill till;
  till.sale({});
  till.world.run_for(21h);
  till.gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  till.crash();
  till.rebuild();
  ASSERT_EQ(till.orders(), 2u);
  till.approves();
  EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A");
  EXPECT_EQ(till.orders(), 2u) << "the charge under way is today's, and so is the retry";
}

TEST(KeyOfFacts, ForEverMeansItsOrderForEver) {
  DailyTill till;
  till.route.key_window = Duration::max();
  till.rebuild();
  const std::string first = till.reference_of(till.sale({}));
  till.world.run_for(24h * 400);
  EXPECT_EQ(till.reference_of(till.sale({})), first);
}

TEST(KeyOfAClient, HasNoWindow) {
  Scene scene;
  scene.shop = [](const Request&) { return refuses(); };
  const std::string ours = scene.order("k1").body;
  scene.shop = [](const Request&) { return creates(); };
  const auto replayer = scene.new_replayer("r1");
  ASSERT_TRUE(replayer->start({}));
  scene.world.run_for(60s);
  ASSERT_EQ(scene.only_state(), State::settled);
  replayer->shut_down();
  scene.world.run_for(24h * 400);
  EXPECT_EQ(scene.order("k1").body, ours);
}

/// Requests without a key that look alike get one answer.
struct FoldingTill : DailyTill {
  FoldingTill() {
    route.key_facts.clear();
    route.fold_duplicates = 10min;
    rebuild();
  }
};

TEST(Lookalikes, AreFoldedAfterARestart) {
  FoldingTill till;
  const std::string first = till.reference_of(till.sale({}));
  till.world.run_for(4min);
  till.restart();
  till.rebuild();
  const Response again = till.sale({});
  EXPECT_EQ(till.reference_of(again), first);
  EXPECT_EQ(form_field(again.body, "UMisDuplicate"), "Y");
  till.sale({.reference = "another purchase"});
  EXPECT_EQ(till.charged, 2);
  till.world.run_for(7min);
  till.sale({});
  EXPECT_EQ(till.charged, 3) << "the window began with the first, not with the restart";
}

TEST(Lookalikes, OfAChargeThatACrashLeftOpenAreThatCharge) {
  FoldingTill till;
  till.gateway = [](const Request&) { return hangs(); };
  till.send_later(till.sale_request({}));
  till.world.run_for(1s);
  till.crash();
  till.rebuild();
  till.approves();
  EXPECT_EQ(form_field(till.sale({}).body, "UMresult"), "A");
  EXPECT_EQ(till.orders(), 1u);
}

TEST(Lookalikes, ThatForbidFoldingAreNotTheFirstOfAnythingAfterARestart) {
  FoldingTill till;
  till.sale({.more = "&UMignoreDuplicate=Y"});
  till.restart();
  till.rebuild();
  till.sale({});
  EXPECT_EQ(till.charged, 2);
}

/// A shop that was down for five minutes, with orders that are delivered once it is healthy.
struct LongOutage : Scene {
  explicit LongOutage(int orders) {
    stand_in.replay_by_itself = true;
    build();
    shop = [](const Request&) { return refuses(); };
    for (int i = 0; i < orders; ++i) order("k" + std::to_string(i));
    replayer = new_replayer("r1");
    world.run_for(5min);
  }
  std::size_t settled() { return journal->orders({.state = State::settled})->size(); }
  void is_back() {
    shop = [this](const Request&) { return creates({}, "shop-" + std::to_string(++served)); };
  }

  int served = 0;
  std::shared_ptr<Replayer> replayer;
};

TEST(DeliveryWhenHealthy, ComesAsSoonAsTheBreakerAllows) {
  LongOutage scene(1);
  scene.is_back();
  scene.world.run_for(12s);
  EXPECT_EQ(scene.settled(), 1u);
}

TEST(DeliveryWhenHealthy, DoesNotKeepAskingAPartyThatIsDown) {
  LongOutage scene(20);
  EXPECT_LT(scene.transport.connected_to.size(), 300u / 5 + 30) << "a probe each time that the breaker half-opens";
  EXPECT_LT(scene.journal->attempts(scene.journal->orders({})->back().id)->size(), 300u / 5 + 30);
}

TEST(DeliveryWhenHealthy, MeetsAPartyThatIsBackWithNoHerd) {
  LongOutage scene(40);
  scene.is_back();
  while (scene.served == 0) scene.world.run_for(10ms);
  scene.world.run_for(1s);
  EXPECT_LE(scene.served, 4);
  scene.world.run_for(60s);
  EXPECT_EQ(scene.settled(), 40u);
}

TEST(DeliveryWhenHealthy, ReturnsWithAPingBeforeTheBreakersTime) {
  LongOutage scene(1);
  scene.upstream.breaker.open_for = 30min;
  scene.build();
  scene.world.run_for(10min);
  scene.is_back();
  scene.states.of(scene.upstream, scene.upstream.targets.front())->pinged({.health = Health::good}, scene.world.now());
  scene.world.run_for(7s);
  EXPECT_EQ(scene.settled(), 1u);
}

}  // namespace
}  // namespace standin
