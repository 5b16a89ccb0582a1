#include "upstream/health_monitor.h"

#include <gtest/gtest.h>

#include "sim/scripted_transport.h"
#include "sim/world.h"

namespace standin {
namespace {

constexpr const char* shop_url = "http://shop:1";

/// A shop that is asked every 5 s, with 1 s to answer "UP...".
struct MonitorScene {
  MonitorScene() {
    transport.behave = [this](const Endpoint&, const Request&) { return ping; };
  }
  void watch() {
    monitor.emplace(std::map<std::string, UpstreamConfig>{{"shop", config}}, world.clock(), transport, states,
                    world.executor());
  }
  TargetView view() { return states.of(config, shop_url)->view(world.now()); }
  void trip() {
    const auto target = states.of(config, shop_url);
    for (int i = 0; i < 3; ++i) target->record(target->admit(world.now(), true), Breaker::End::timed_out, world.now());
  }

  UpstreamConfig config{.name = "shop", .targets = {shop_url}, .health = {.path = "/ping"}};
  World world;
  ScriptedTransport transport{world.clock()};
  TargetStates states;
  Behaviour ping = answers(200, "UP since Monday");
  std::optional<HealthMonitor> monitor;
};

TEST(HealthMonitor, AsksAtOnceAndThenAsOftenAsConfigured) {
  MonitorScene scene;
  EXPECT_EQ(scene.view().health, "unknown");
  scene.watch();
  scene.world.run_for(12s);
  EXPECT_EQ(scene.view().health, "good");
  ASSERT_EQ(scene.transport.arrived.size(), 3u);
  EXPECT_EQ(scene.transport.arrived[0].request.method, "GET");
  EXPECT_EQ(scene.transport.arrived[0].request.target, "/ping");
  EXPECT_EQ(scene.transport.arrived[1].at - scene.transport.arrived[0].at, 5s);
}

TEST(HealthMonitor, OnlyTheExpectedAnswerInTimeIsGood) {
  for (const Behaviour& behaviour : {answers(500, "UP"), answers(500, "DOWN"), answers(200, "not UP"), refuses(),
                                     hangs(), babbles(), answers(200, "UP", 1001ms)}) {
    MonitorScene scene;
    scene.ping = behaviour;
    scene.watch();
    scene.world.run_for(2s);
    EXPECT_EQ(scene.view().health, "out");
  }
}

TEST(HealthMonitor, ATargetMayAnnounceThatItIsDownAndBeUpAgain) {
  MonitorScene scene;
  scene.ping = answers(200, "DOWN:ca403");
  scene.watch();
  scene.world.run_for(2s);
  EXPECT_EQ(scene.view().health, "down");
  scene.ping = answers(200, "UP:ca403");
  scene.world.run_for(5s);
  EXPECT_EQ(scene.view().health, "good");
}

TEST(HealthMonitor, WhatFollowsAColonNamesTheLocation) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"UP:ca403", "ca403"}, {"UP: ca403\r\n", "ca403"}, {"DOWN:ny102", "ny102"}, {"UP", ""},
      {"UP:", ""},           {"UP:a\x1b[2Jb", ""},       {"UP:two words", ""},    {"UP:" + std::string(33, 'x'), ""}};
  for (const auto& [body, location] : cases) {
    MonitorScene scene;
    scene.ping = answers(200, body);
    scene.watch();
    scene.world.run_for(1s);
    EXPECT_EQ(scene.view().location, location) << body;
  }
}

TEST(HealthMonitor, AGoodPingHalfOpensABreakerAndAnyNumberOfThemDoesNotCloseIt) {
  MonitorScene scene;
  scene.config.breaker.open_for = 1h;
  scene.trip();
  scene.watch();
  scene.world.run_for(1s);
  EXPECT_EQ(scene.view().breaker, "half-open");
  scene.world.run_for(50s);
  EXPECT_EQ(scene.view().breaker, "half-open");
}

TEST(HealthMonitor, ABadPingLeavesTheBreakerAlone) {
  MonitorScene scene;
  scene.ping = refuses();
  scene.watch();
  scene.world.run_for(10min);
  EXPECT_EQ(scene.view().breaker, "closed");
  scene.config.breaker.open_for = 1h;
  scene.trip();
  scene.world.run_for(10min);
  EXPECT_EQ(scene.view().breaker, "open");
}

TEST(HealthMonitor, AnUpstreamWithoutAHealthPathIsNotAsked) {
  MonitorScene scene;
  scene.config.health.path.clear();
  scene.watch();
  scene.world.run_for(1min);
  EXPECT_TRUE(scene.transport.connected_to.empty());
  EXPECT_EQ(scene.view().health, "");
}

TEST(HealthMonitor, StopsAtOnceAndForgetsThePingUnderWay) {
  MonitorScene scene;
  scene.ping = answers(200, "UP", 500ms);
  scene.watch();
  scene.world.run_for(100ms);
  scene.monitor.reset();
  EXPECT_TRUE(scene.world.run_until_idle(1min));
  EXPECT_EQ(scene.view().health, "unknown");
  EXPECT_EQ(scene.transport.connected_to.size(), 1u);
}

}  // namespace
}  // namespace standin
