#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "journal/journal.h"
#include "net/dns.h"
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
  /// The answers of name resolution, if there is any.
  std::shared_ptr<const DnsBoard> names;
};

/// What operators had cut off before the process was started is cut off again: before anything is served.
Result<void> load_switches(Journal& journal, const TargetStates& targets);

}  // namespace standin
