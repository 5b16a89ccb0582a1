#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "journal/journal.h"
#include "replay/replay_control.h"
#include "route/modes.h"
#include "upstream/target_states.h"

namespace standin {

/// What the operators' API shows and moves. Everything referred to outlives the Console.
struct ConsolePorts {
  Journal& journal;
  ReplayControl& replay;
  Modes& modes;
  const TargetStates& targets;
  const Clock& clock;
  /// The protected routes of the configuration in force. Any thread.
  std::function<std::vector<RouteConfig>()> protected_routes;
};

}  // namespace standin
