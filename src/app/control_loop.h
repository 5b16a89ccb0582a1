#pragma once

#include <memory>

#include "app/loop_thread.h"
#include "net/asio_clock.h"
#include "replay/replayer.h"
#include "route/router.h"
#include "upstream/health_monitor.h"
#include "upstream/http_transport.h"
#include "upstream/target_states.h"

namespace standin {

/// The thread that checks the upstreams' health, warns of their certificates' end, and keeps the promises: replay,
/// reversals.
class ControlLoop {
 public:
  ControlLoop(Journal& journal, const Vault& vault, Metrics& metrics, TargetStates& states,
              std::shared_ptr<DnsBoard> dns);
  ~ControlLoop();

  void start();
  /// Any thread but its own.
  Result<void> use(const std::shared_ptr<const Site>& site);
  /// Nothing new is started; `idle` tells when the last attempt has ended.
  void shut_down();
  bool idle() const { return replayer_->idle(); }
  void stop() { thread_.stop(); }

  ReplayControl& replay() { return *replayer_; }
  const Clock& clock() const { return clock_; }

 private:
  Task<> look_after_targets();

  LoopThread thread_;
  TargetStates& states_;
  AsioClock clock_;
  HttpTransport transport_;
  std::shared_ptr<Replayer> replayer_;
  std::unique_ptr<HealthMonitor> health_;
};

}  // namespace standin
