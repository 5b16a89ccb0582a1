#pragma once

#include <functional>
#include <memory>

#include "sim/runner/node.h"
#include "sim/runner/scenario.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace standin::sim {

/// The people who run standin: they start replays, deal with follow-ups, and as sabotage do so at the wrong time, twice
/// and at once, force modes and reload configurations.
class Operator {
 public:
  struct Ports {
    World& world;
    Trace& trace;
    Node& node;
    const Scenario& scenario;
    std::function<void()> on_meddling;  ///< each thing that is done at random
  };
  Operator(Ports ports, std::unique_ptr<Random> random) : ports_(std::move(ports)), random_(std::move(random)) {}

  /// One thing at random, where it strikes.
  void meddle();
  /// What a careful operator does after an outage: back to automatic, everything is delivered. Once every so often.
  void tidy_up();
  /// Takes, collects or writes off some of the open follow-ups.
  void work_on_follow_ups();

 private:
  void note(std::string_view what, std::string_view about = "");
  std::string any_route();
  void meddle_with_replay();
  void replay_one();
  void change_mode();
  void reload();
  void rotate_keys();

  Ports ports_;
  std::unique_ptr<Random> random_;
};

}  // namespace standin::sim
