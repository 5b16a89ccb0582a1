#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/event.h"
#include "base/task.h"
#include "config/config.h"
#include "upstream/target_states.h"
#include "upstream/transport.h"

namespace standin {

/// Asks every target that has a `health.path` how it is, over and over: 200 and a body that starts with `expect` is
/// good; 200 and one that starts with "DOWN" announces that it is not recommended (USAePay's gateways do so before
/// maintenance); everything else is out. What follows a colon, as in "UP:ca403", names the location. Runs on one event
/// loop (the control loop) and is used from its thread; `clock`, `transport` and the loop outlive it and the pings
/// under way when it stops.
class HealthMonitor {
 public:
  /// Starts at once, with a ping to each target.
  HealthMonitor(const std::map<std::string, UpstreamConfig>& upstreams, Clock& clock, Transport& transport,
                TargetStates& states, const Executor& executor);
  ~HealthMonitor();
  HealthMonitor(const HealthMonitor&) = delete;
  HealthMonitor& operator=(const HealthMonitor&) = delete;

  /// No ping starts after this, and the answer to one under way is not recorded.
  void stop();

 private:
  std::shared_ptr<Event> stopped_ = std::make_shared<Event>();
};

}  // namespace standin
