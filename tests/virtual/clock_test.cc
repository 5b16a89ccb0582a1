// The wall clock is set between two runs of standin: what the first one sent is found, charged once, and not waited
// for.
#include "base/text.h"
#include "replay/replay_test_support.h"
#include "tests/virtual/till.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

/// By the order's own number, which the gateway lists.
struct ByNumber : LineQueries {
  std::optional<Listed> wanted(const Request& original, const OrderNames&) const override {
    return Listed{.amount = {2500, usd}, .card = "400010xxxxxx2224", .invoice = form_field(original.body, "UMorderid")};
  }
};

/// A gateway that has to be searched, whose clock is right: it lists what it charged under its own time.
struct Searched : Till {
  explicit Searched(Duration wrong) {
    upstream.duplicates = Duplicates::none;
    upstream.timeouts = {.response = 5s, .listen_late = 20s};
    upstream.finder = FinderConfig{.max_processing = 60s};
    route.more_upstreams.clear();
    gateway = [this](const Request& request) { return answer(request); };
    start(wrong);
  }
  ~Searched() override {
    if (replayer) replayer->shut_down();
  }

  std::map<std::string, Counterparty> counterparties() const override {
    auto all = Scene::counterparties();
    all.at(upstream.name).queries = std::make_shared<ByNumber>();
    return all;
  }

  /// No clock of standin's: nobody sets it.
  WallTime true_time() const {
    return wall_time(1'767'225'600'000) + std::chrono::floor<std::chrono::milliseconds>(world.now().time_since_epoch());
  }

  Behaviour answer(const Request& request) {
    if (request.path() == "/list") return dated({.status = 200, .body = listing()});
    if (request.path().starts_with("/void/")) {
      standing.at(std::stoul(std::string(request.path().substr(6))) - first_reference) = false;
      return dated({.status = 200});
    }
    if (deaf) return hangs();
    charged.push_back(true_time());
    standing.push_back(true);
    const std::string reference = std::to_string(first_reference + charged.size() - 1);
    invoices.push_back(form_field(request.body, "UMorderid"));
    return silent ? hangs() : dated(gate_approves(reference, "25.00"));
  }
  Behaviour dated(Response response) const {
    response.headers.add("Date", http_date(true_time()));
    return says(std::move(response));
  }
  std::string listing() const {
    std::string lines;
    for (std::size_t i = charged.size(); i-- > 0;) {
      lines += fmt::format("{} {} {} {}\n", first_reference + i, unix_ms(charged[i]), invoices[i],
                           standing[i] ? "stands" : "voided");
    }
    return lines;
  }

  /// The next process, whose clock is so wrong.
  void start(Duration wrong) {
    world.set_wall_offset(wrong);
    if (replayer) replayer->shut_down();
    crash();
    rebuild();
    replayer = new_replayer("replay");
  }
  Response sell(const std::string& reference) {
    Request request = sale_request({.reference = reference, .amount = "25.00"});
    request.headers.add("Account", "a");
    return send(std::move(request));
  }
  /// The gateway has answered before, and then not again.
  void sell_unheard() {
    sell("heard");
    silent = true;
    sell("unheard");
    silent = false;
  }
  State state_of(const std::string& reference) {
    for (const OrderRow& order : *journal->orders({.include_live = true})) {
      if (order.facts.reference == reference) return order.state;
    }
    ADD_FAILURE() << "there is no order " << reference;
    return State::held;
  }
  /// For the message of a failed test.
  std::string told() {
    std::string told;
    for (const OrderRow& order : *journal->orders({.include_live = true})) {
      told += fmt::format("\n{} {}:", order.facts.reference, name(order.state));
      for (const Attempt& each : *journal->attempts(order.id)) {
        told += fmt::format(" {} {} {} ({}),", iso8601(each.started), each.kind, name(each.outcome), each.detail);
      }
    }
    for (const FollowUpRow& each : *journal->follow_ups(true)) told += "\n" + each.reason;
    return told;
  }
  std::size_t follow_ups() { return journal->follow_ups(true)->size(); }
  void replay_for(Duration span) {
    ASSERT_TRUE(replayer->start({}));
    world.run_for(span);
  }

  static constexpr std::size_t first_reference = 132020588;
  std::vector<WallTime> charged;
  std::vector<std::string> invoices;
  std::vector<bool> standing;
  bool silent = false;  ///< charges, and does not answer
  bool deaf = false;    ///< does neither
  std::shared_ptr<Replayer> replayer;
};

constexpr Duration wrongs[] = {-1h, 1h};

TEST(WallClock, SetBetweenRunsOfOneBootHidesNoChargeOfADeclinedSale) {
  for (const Duration wrong : wrongs) {
    for (const auto& [before, after] : {std::pair(wrong, 0ns), std::pair(0ns, wrong)}) {
      Searched till(before);
      till.policy.floor_limit = {};
      till.rebuild();
      till.sell_unheard();
      till.start(after);
      till.world.run_for(10min);
      EXPECT_EQ(till.state_of("unheard"), State::reversed) << before << " " << after << till.told();
      EXPECT_EQ(till.standing, (std::vector{true, false})) << "what was declined stands";
    }
  }
}

TEST(WallClock, SetBetweenRunsOfOneBootChargesNobodyTwiceAndKeepsNobodyWaiting) {
  for (const Duration wrong : wrongs) {
    for (const auto& [before, after] : {std::pair(wrong, 0ns), std::pair(0ns, wrong)}) {
      Searched till(before);
      till.sell_unheard();
      till.start(after);
      till.replay_for(10min);
      EXPECT_EQ(till.state_of("unheard"), State::matched) << before << " " << after << till.told();
      EXPECT_EQ(till.standing.size(), 2u) << "charged again" << till.told();
    }
  }
}

TEST(WallClock, SetWhileTheMachineIsStartedAgainIsKnownByThePartysOwn) {
  for (const Duration wrong : wrongs) {
    for (const auto& [before, after] : {std::pair(wrong, 0ns), std::pair(0ns, wrong)}) {
      Searched till(before);
      till.sell_unheard();
      till.boot_id = "2";
      till.start(after);
      till.replay_for(10min);
      EXPECT_EQ(till.state_of("unheard"), State::matched) << before << " " << after << till.told();
      EXPECT_EQ(till.standing.size(), 2u) << "charged again" << till.told();
    }
  }
}

TEST(WallClock, OfAMachineStartedAgainThatNeverHeardThePartyLeavesNoneToAPerson) {
  Searched till(-1h);
  till.silent = true;
  till.sell("unheard");
  till.silent = false;
  till.boot_id = "2";
  till.start(0s);
  till.replay_for(10min);
  EXPECT_EQ(till.state_of("unheard"), State::held);
  EXPECT_EQ(till.follow_ups(), 1u);
  EXPECT_EQ(till.standing.size(), 1u);
}

TEST(WallClock, SetAheadDoesNotMakeNoneBelievableBeforeItsTime) {
  Searched till(0s);
  till.deaf = true;
  till.sell("not-yet");
  till.start(1h);
  till.deaf = false;
  till.replay_for(55s);
  EXPECT_EQ(till.charged.size(), 0u) << "the gateway may yet be at it";
  till.replay_for(2min);
  EXPECT_EQ(till.charged.size(), 1u);
}

TEST(WallClock, SetAheadBeforeARunDoesNotProlongTheWindowOfAPartyThatFolds) {
  Searched till(30min);
  till.upstream.duplicates = Duplicates::folded;
  till.upstream.duplicates_window = 10min;
  till.rebuild();
  till.sell_unheard();
  till.boot_id = "2";
  till.world.run_for(15min);
  till.start(0s);
  till.replay_for(15min);
  EXPECT_EQ(till.state_of("unheard"), State::matched) << "looked for, not repeated" << till.told();
  EXPECT_EQ(till.standing.size(), 2u);
}

}  // namespace
}  // namespace standin
