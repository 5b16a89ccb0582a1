#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/certificates.h"
#include "app/control_loop.h"
#include "app/edge_loop.h"
#include "config/reload.h"
#include "console/console.h"
#include "console/public_console.h"
#include "journal/sqlite_journal.h"
#include "net/inherited.h"

namespace standin {

/// How a process begins that is not the first.
struct Beginning {
  InheritedSockets sockets;
  /// Called when everything has been read that can be wrong, but for the journal: may wait until that is ours. Why to
  /// begin in pass-through, without it; "" for the usual.
  std::function<std::string(WallTime now)> before_journal = [](WallTime) { return std::string(); };
};

/// Everything that `standin serve` runs, wired from one configuration: the only place that names concrete adapters.
class Process {
 public:
  /// Opens the journal, refuses a configuration that would orphan its open orders, listens, and serves. The error says
  /// what to do.
  static Result<std::unique_ptr<Process>> start(Config config, Beginning beginning = {});
  ~Process();

  /// All of the new configuration and its certificates, or nothing. Listening addresses, threads, the edge's limits,
  /// journal and console stay until a restart.
  Result<void> reload();
  /// Stops accepting, answers what is in flight, listens for late answers, lets replays end; at most server.drain.
  void drain();
  /// For another process that has our sockets: nothing is replayed any more, who connects waits for the other, what
  /// needs the journal is ended, and the journal let go of. What is listened to still is the finder's work. At most
  /// server.drain. `drain` then ends the rest.
  void let_go();
  /// That accept connections: the edge's, the operators', the console's. Any thread.
  std::vector<int> sockets();
  /// Once a second: the edge's saturation and its certificates. The rest is looked up when /metrics is read.
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
    SqliteJournal* sqlite = nullptr;  ///< the journal, if it is not absent
    std::unique_ptr<Modes> modes;
  };

  static Result<Foundation> lay_foundation(const Config& config, const Vault& vault, const Beginning& beginning);
  static Result<void> open_journal(const Config& config, const Vault& vault, Foundation& under);
  Process(Config config, Vault vault, Foundation foundation);

  Result<void> listen(const Certificates::Loaded& certificates, InheritedSockets& inherited);
  Result<void> listen_for_operators(InheritedSockets& inherited);
  void begin_to_drain();
  Result<void> use(std::shared_ptr<const Site> site);
  SharedPorts shared_ports();
  std::size_t connections() const;
  std::size_t in_flight() const;
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
  std::atomic<std::size_t> visits_ = 0;
  Config first_config_;
  std::vector<ListenOn> listeners_;
  std::unique_ptr<Certificates> certificates_;
  std::shared_ptr<Door> door_;
  mutable std::mutex site_mutex_;
  std::shared_ptr<const Site> site_;

  std::shared_ptr<PublicApi> public_api_;
  ControlLoop control_;
  std::unique_ptr<Console> console_;
  std::unique_ptr<PublicConsole> public_console_;
  std::vector<std::unique_ptr<EdgeLoop>> edges_;
  std::vector<std::future<void>> drained_;  ///< of each edge, once it was told to
  bool let_go_ = false;
};

}  // namespace standin
