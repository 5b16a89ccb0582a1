#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sim/net/sim_net.h"

namespace standin::sim {

class Served;

/// Who serves a host's name, until it is closed.
struct Host {
  Server& server;
  Executor loop;
  bool open = true;  ///< false: the loop may be gone
  std::uint64_t next = 0;
  std::map<std::uint64_t, Served*> serving;  ///< in the order of their arrival
};

/// What the exchanges of one SimNet share. Messages travel in the world's own time, on its own loop.
struct Network {
  Network(Clock& worlds, Trace& notes, std::unique_ptr<Random> own_random)
      : clock(worlds), trace(notes), random(std::move(own_random)) {}

  std::shared_ptr<Host> host(const std::string& name) const;
  void close(const std::string& name);

  /// Calls `act` when `span` has passed, unless the network is gone by then.
  void later(Duration span, std::move_only_function<void()> act);
  /// Runs `act`, if it is anything, on the host's loop unless it is closed by then.
  static void run_on(const std::shared_ptr<Host>& host, std::move_only_function<void()> act);

  bool chance(double rate) { return rate > 0 && random->fraction() < rate; }
  /// Between a half and one and a half of the usual.
  Duration latency(const LinkFaults& link);
  void struck(Sabotage kind) const {
    if (on_fault && *on_fault) (*on_fault)(kind);
  }

  Clock& clock;
  Trace& trace;
  std::unique_ptr<Random> random;
  bool open = true;  ///< false: SimNet is gone, and world and trace perhaps too
  const std::function<void(Sabotage)>* on_fault = nullptr;
  std::uint64_t exchanges = 0;
  std::map<std::pair<std::string, std::string>, LinkFaults> links;
  std::map<std::string, std::shared_ptr<Host>> hosts;
};

}  // namespace standin::sim
