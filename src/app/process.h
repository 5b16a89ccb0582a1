#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/control_loop.h"
#include "app/edge_loop.h"
#include "config/reload.h"
#include "console/console.h"
#include "console/public_console.h"

namespace standin {

/// Everything that `standin serve` runs, wired from one configuration: the only place that names concrete adapters.
class Process {
 public:
  /// Opens the journal, refuses a configuration that would orphan its open orders, listens, and serves. The error says
  /// what to do.
  static Result<std::unique_ptr<Process>> start(Config config);
  ~Process();

  /// All of the new configuration or nothing. Listening addresses, threads, journal and console stay until a restart.
  Result<void> reload();
  /// Stops accepting, answers what is in flight, listens for late answers, lets replays end; at most server.drain.
  void drain();
  /// Once a second: the edge's saturation, and what time alone changes about the upstreams. The rest is looked up when
  /// /metrics is read.
  void measure();

  /// "edge 127.0.0.1:8080, console 127.0.0.1:8081, ..." with the ports that were bound.
  std::string addresses() const;

 private:
  /// What must be there before anything is served.
  struct Foundation {
    std::unique_ptr<LoopThread> console_thread;
    std::unique_ptr<AsioClock> clock;
    std::unique_ptr<Metrics> metrics;
    std::shared_ptr<PartyClocks> clocks;
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Modes> modes;
  };

  static Result<Foundation> lay_foundation(const Config& config);
  Process(Config config, Vault vault, Foundation foundation);

  Result<void> listen();
  Result<void> use(std::shared_ptr<const Site> site);
  SharedPorts shared_ports();
  std::vector<RouteConfig> protected_routes() const;

  Vault vault_;
  Foundation foundation_;
  Claims claims_;
  Lookalikes lookalikes_;
  UlidMaker ulids_;
  TargetStates targets_;
  const std::shared_ptr<DnsBoard> dns_ = std::make_shared<DnsBoard>();
  std::atomic<std::size_t> listening_ = 0;
  std::atomic<std::size_t> in_flight_bytes_ = 0;
  Config first_config_;
  std::vector<std::string> edge_addresses_;
  mutable std::mutex site_mutex_;
  std::shared_ptr<const Site> site_;

  std::shared_ptr<PublicApi> public_api_;
  ControlLoop control_;
  std::unique_ptr<Console> console_;
  std::unique_ptr<PublicConsole> public_console_;
  std::vector<std::unique_ptr<EdgeLoop>> edges_;
};

}  // namespace standin
