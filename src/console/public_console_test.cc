#include "console/public_console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console/test_ports.h"

namespace standin {
namespace {

using testing::HasSubstr;

struct PublicWorld {
  Metrics metrics;
  FakeJournal journal;
  PublicApi api{metrics};

  Response ask(const std::string& target, const std::string& method = "GET") {
    return run_now(api.handle(Request{.method = method, .target = target}, nullptr)).response;
  }
};

TEST(Ready, OnlyBetweenStartingAndDraining) {
  PublicWorld world;
  EXPECT_EQ(world.ask("/readyz").status, 503);
  EXPECT_THAT(world.ask("/readyz").body, HasSubstr("starting"));
  world.api.serving(world.journal);
  EXPECT_EQ(world.ask("/readyz").status, 200);
  EXPECT_EQ(world.ask("/readyz").body, "ready\n");
  world.api.draining();
  EXPECT_EQ(world.ask("/readyz").status, 503);
  EXPECT_THAT(world.ask("/readyz").body, HasSubstr("draining"));
}

TEST(Ready, AJournalThatCannotPromiseKeepsTheNodeForwarding) {
  PublicWorld world;
  world.api.serving(world.journal);
  world.journal.state = {.promising = false, .reason = "the disk is full"};
  EXPECT_EQ(world.ask("/readyz").status, 200);
  EXPECT_EQ(world.ask("/readyz").body, "ready, but not promising: the disk is full\n");
}

TEST(Healthy, AsLongAsTheProcessRuns) {
  PublicWorld world;
  EXPECT_EQ(world.ask("/healthz").status, 200);
  world.api.draining();
  EXPECT_EQ(world.ask("/healthz?from=balancer").status, 200);
}

TEST(PublicConsole, AnswersNothingElse) {
  PublicWorld world;
  EXPECT_EQ(world.ask("/api/v1/orders").status, 404);
  EXPECT_EQ(world.ask("/readyz", "POST").status, 405);
  EXPECT_EQ(world.ask("/readyz", "POST").headers.find("Allow"), "GET, HEAD");
}

TEST(PublicConsole, HeadIsGetWithoutABody) {
  PublicWorld world;
  EXPECT_EQ(world.ask("/healthz", "HEAD").status, 200);
  EXPECT_EQ(world.ask("/healthz", "HEAD").body, "");
}

TEST(MetricsPage, TellsWhatTheJournalKnowsWhenItIsAsked) {
  PublicWorld world;
  world.api.serving(world.journal);
  world.journal.state = {.promising = false, .queued = 7};
  world.journal.states = {{State::accepted, 2}};
  world.journal.exposed = {Money{1234, *Currency::parse("USD")}};
  world.journal.follow_up_rows = {{.id = 1, .state = "open"}};
  const Response response = world.ask("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("standin_journal_promising 0"));
  EXPECT_THAT(response.body, HasSubstr("standin_journal_queued_orders 7"));
  EXPECT_THAT(response.body, HasSubstr("standin_orders{state=\"accepted\"} 2"));
  EXPECT_THAT(response.body, HasSubstr("standin_exposure_minor{currency=\"USD\"} 1234"));
  EXPECT_THAT(response.body, HasSubstr("standin_follow_ups_open 1"));
}

TEST(MetricsPage, AStateThatEmptiedGoesBackToZero) {
  PublicWorld world;
  world.api.serving(world.journal);
  world.journal.states = {{State::held, 2}};
  world.ask("/metrics");
  world.journal.states.clear();
  EXPECT_THAT(world.ask("/metrics").body, HasSubstr("standin_orders{state=\"held\"} 0"));
}

}  // namespace
}  // namespace standin
