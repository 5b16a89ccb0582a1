#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "app/loop_thread.h"
#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"
#include "base/test_folder.h"
#include "console/console.h"
#include "console/test_ports.h"

namespace standin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string order_id = "01JDA7X1V5Q3T9B2C4D6E8F0GH";

/// A console over fakes on a Unix socket, and the command line that talks to it.
class Verbs : public ::testing::Test {
 protected:
  Verbs() {
    console_ = std::make_unique<Console>(loop_.executor(), world_.ports());
    const auto listening = console_->listen(socket());
    EXPECT_TRUE(listening) << listening.error().what;
    loop_.start();
  }
  ~Verbs() override {
    loop_.stop();
    console_.reset();
  }

  std::string socket() const { return folder_.file("s"); }

  /// Runs one command line; its exit status. What it printed is in `out` and `err`.
  int run(const std::vector<std::string>& words, bool with_socket = true) {
    CLI::App app;
    app.require_subcommand(1);
    int status = -1;
    add_orders_verb(app, status);
    add_replay_verb(app, status);
    add_followups_verb(app, status);
    add_mode_verb(app, status);
    add_upstreams_verb(app, status);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    if (with_socket) reversed.insert(reversed.begin(), {socket(), "--socket"});
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    try {
      app.parse(std::move(reversed));
    } catch (const CLI::ParseError&) {
      status = 2;
    }
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
    return status;
  }

  ConsoleWorld world_;
  std::string out, err;

 private:
  TestFolder folder_;
  LoopThread loop_{"console"};
  std::unique_ptr<Console> console_;
};

OrderRow order() {
  return {.id = *Ulid::parse(order_id),
          .route = "orders",
          .facts = {.amount = Money{1234, *Currency::parse("USD")}, .customer = "a\x1b[2Jnn"},
          .decision = "floor_limit: yes",
          .cause = Cause::breaker,
          .state = State::held};
}

TEST_F(Verbs, OrdersAreATableOrJson) {
  world_.journal.order_rows.push_back(order());
  EXPECT_EQ(run({"orders"}), 0);
  EXPECT_THAT(out, HasSubstr(order_id + "  held   orders  12.34 USD"));
  EXPECT_EQ(run({"orders", "list", "--state", "held", "--json"}), 0);
  EXPECT_EQ(boost::json::parse(out).at("orders").at(0).at("id"), order_id.c_str());
  EXPECT_EQ(world_.journal.asked->state, State::held);
}

TEST_F(Verbs, WhatAClientSentCannotMoveTheCursor) {
  world_.journal.order_rows.push_back(order());
  EXPECT_EQ(run({"orders", "show", order_id}), 0);
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(out, HasSubstr("a?[2Jnn"));
  EXPECT_THAT(out, HasSubstr("floor_limit: yes"));
}

TEST_F(Verbs, AnExportHasEveryOrderOnceAlsoBeyondAPage) {
  constexpr int count = 12'000;
  std::uint64_t random = 7;
  for (int i = 0; i < count; ++i) {
    OrderRow row{.created = wall_time(1'800'000'000'000 - i / 3)};
    random = random * 6364136223846793005u + 1442695040888963407u;
    row.created += std::chrono::milliseconds(random >> 54);  // kept up to a second after it arrived
    row.id.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    row.id.bytes[15] = static_cast<std::uint8_t>(i);
    world_.journal.order_rows.push_back(row);
  }
  ASSERT_EQ(run({"orders", "export"}), 0) << err;
  std::multiset<std::string> ids;
  for (std::size_t at = 0; (at = out.find("{\"id\":\"", at)) != std::string::npos; ++at)
    ids.insert(out.substr(at + 7, 26));
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), static_cast<std::size_t>(count));
}

TEST_F(Verbs, AnOrderThatIsNotThereFailsWithWhatToDo) {
  EXPECT_EQ(run({"orders", "show", order_id}), 1);
  EXPECT_THAT(err, HasSubstr("No order has that id"));
  EXPECT_EQ(out, "");
}

TEST_F(Verbs, TheSocketMayBeGivenAsARelativePath) {
  EXPECT_EQ(run({"orders", "--socket", std::filesystem::relative(socket()).string()}, false), 0) << err;
}

TEST_F(Verbs, WhatIsAskedWronglyIsExitStatus2) {
  EXPECT_EQ(run({"orders", "--state", "lost"}), 2);
  EXPECT_EQ(run({"orders", "show"}), 2);
  EXPECT_EQ(run({"replay", "--rate", "5"}), 2);
  EXPECT_EQ(run({"replay", "--all", "--route", "orders"}), 2);
  EXPECT_EQ(run({"replay", "--pause", "--stop"}), 2);
  EXPECT_EQ(run({"mode", "on", "--why", "x"}), 2);
  EXPECT_EQ(run({"mode", "forced"}), 2);
  EXPECT_EQ(run({"mode", "--for", "30m"}), 2);
  EXPECT_EQ(run({"followups", "close", "7"}), 2);
  EXPECT_TRUE(world_.replay.started.empty());
  EXPECT_TRUE(world_.replay.told.empty());
  EXPECT_TRUE(world_.journal.modes_set.empty());
}

TEST_F(Verbs, AReplayStartsAndIsTold) {
  EXPECT_EQ(run({"replay", "--route", "orders", "--rate", "5"}), 0) << err;
  ASSERT_EQ(world_.replay.started.size(), 1u);
  EXPECT_EQ(world_.replay.started[0].rate, 5.0);
  EXPECT_THAT(out, HasSubstr("orders  running  waiting 3"));
  EXPECT_EQ(run({"replay", "--stop"}), 0);
  EXPECT_THAT(world_.replay.told, ElementsAre("stop "));
  EXPECT_EQ(run({"replay"}), 0);
  EXPECT_EQ(world_.replay.started.size(), 1u) << "looking starts nothing";
}

TEST_F(Verbs, WatchingEndsWhenNothingIsDeliveredAndFailsWhenAReplayIsPaused) {
  world_.replay.state = {.route = "orders", .running = true, .paused = true, .why = "the shop answered 401"};
  EXPECT_EQ(run({"replay", "--watch"}), 1);
  EXPECT_THAT(out, HasSubstr("(the shop answered 401)"));
  EXPECT_EQ(std::ranges::count(out, '\n'), 1) << "elsewhere than on a terminal a line is printed when it changed";
  EXPECT_THAT(err, HasSubstr("standin replay --resume --route orders"));
}

TEST_F(Verbs, FollowUpsAreListedTakenAndClosed) {
  world_.journal.follow_up_rows = {
      {.id = 7, .order = *Ulid::parse(order_id), .reason = "card declined", .state = "open"}};
  EXPECT_EQ(run({"followups"}), 0);
  EXPECT_THAT(out, HasSubstr("card declined"));
  EXPECT_EQ(run({"followups", "take", "7"}), 0);
  EXPECT_EQ(run({"followups", "note", "7", "called, pays tomorrow"}), 0);
  EXPECT_EQ(run({"followups", "close", "7", "--as", "collected"}), 0);
  EXPECT_THAT(world_.journal.steps,
              ElementsAre("7 take by " + person() + ": ", "7 note by " + person() + ": called, pays tomorrow",
                          "7 collected by " + person() + ": "));
}

TEST_F(Verbs, TheRedButtonIsOneRoutesOrAllRoutes) {
  EXPECT_EQ(run({"mode", "orders", "forced", "--for", "30m", "--why", "deploying"}), 0) << err;
  ASSERT_EQ(world_.journal.modes_set.size(), 1u);
  EXPECT_EQ(world_.journal.modes_set[0].who, person());
  EXPECT_EQ(err, "");
  EXPECT_EQ(run({"mode", "off", "--why", "over"}), 0);
  ASSERT_EQ(world_.journal.modes_set.size(), 3u);
  EXPECT_EQ(world_.journal.modes_set[2].route, "refunds/eu");
  EXPECT_THAT(err, HasSubstr("stays off until somebody changes it"));
  EXPECT_EQ(run({"mode"}), 0);
  EXPECT_EQ(world_.journal.modes_set.size(), 3u);
}

TEST_F(Verbs, UpstreamsAreShown) {
  const auto target = world_.targets.of(UpstreamConfig{.name = "shop"}, "http://127.0.0.1:3000");
  target->pinged({.health = Health::good, .location = "ca403"}, {});
  EXPECT_EQ(run({"upstreams"}), 0);
  EXPECT_THAT(out, HasSubstr("shop      http://127.0.0.1:3000  closed   good    ca403"));
}

TEST_F(Verbs, TheKillSwitchIsCutAndRestored) {
  const auto target =
      world_.targets.of(UpstreamConfig{.name = "cardgate", .breaker = {.key = {"merchant_country"}}}, "https://www-01");
  EXPECT_EQ(run({"upstreams", "cut", "cardgate", "--key", "FR"}), 2) << "without a reason";
  EXPECT_EQ(run({"upstreams", "cut", "cardgates", "--why", "x"}), 1);
  EXPECT_EQ(run({"upstreams", "cut", "cardgate", "--key", "FR/visa", "--why", "x"}), 2);
  EXPECT_TRUE(world_.journal.switches_set.empty());
  EXPECT_EQ(run({"upstreams", "cut", "cardgate", "--key", "FR", "--for", "30m", "--why", "charges twice"}), 0) << err;
  ASSERT_EQ(world_.journal.switches_set.size(), 1u);
  EXPECT_EQ(world_.journal.switches_set[0].who, person());
  EXPECT_THAT(err, HasSubstr("No request has had this key so far"));
  EXPECT_EQ(run({"upstreams"}), 0);
  EXPECT_THAT(out, HasSubstr("charges twice"));
  EXPECT_EQ(run({"upstreams", "restore", "cardgate", "--key", "FR", "--why", "over"}), 0) << err;
  EXPECT_EQ(out, "Nothing is cut off.\n");
}

TEST_F(Verbs, ASocketThatIsNotThereSaysWhatToCheck) {
  EXPECT_EQ(run({"upstreams", "--socket", "/nonexistent/standin.sock"}, false), 1);
  EXPECT_THAT(err, HasSubstr("/nonexistent/standin.sock"));
  EXPECT_THAT(err, HasSubstr("Is `standin serve` running"));
}

TEST_F(Verbs, TheSocketComesFromTheEnvironmentToo) {
  setenv("STANDIN_SOCKET", socket().c_str(), 1);
  EXPECT_EQ(run({"replay"}, false), 0) << err;
  unsetenv("STANDIN_SOCKET");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"A", "B"});
  table.add({"Zoë", "1"});
  table.add({"x", "22"});
  EXPECT_EQ(table.text(false), "A    B\nZoë  1\nx    22\n");
}

TEST(Table, ControlCharactersAreShownAsQuestionMarks) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f\xc2\x9b"
                      "é"),
            "a?[31m???é");
}

}  // namespace
}  // namespace standin
