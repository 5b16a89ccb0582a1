#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "journal/journal.h"
#include "replay/replay_control.h"
#include "route/modes.h"
#include "sim/disk/sim_disk.h"
#include "sim/net/sim_net.h"
#include "sim/trace.h"
#include "sim/world.h"
#include "vault/vault.h"

namespace standin::sim {

/// One standin in the world: the production route, upstream, journal and replay, wired as the program wires them, with
/// the world in place of the kernel. It has lives: each begins with what the disk has.
class Node final : public Server {
 public:
  struct Ports {
    World& world;
    SimNet& net;
    SimDisk& disk;
    Trace& trace;
    Random& random;
    Vault vault;  ///< the first life's
  };
  static constexpr const char* host = "standin";

  explicit Node(Ports ports);
  ~Node() override;

  /// Begins a life; an error if the journal cannot be opened.
  Result<void> start(const Config& config, ClockError clock);
  /// Ends it, between two turns of its loops. Its disk keeps what was synced.
  void crash();
  bool alive() const { return life_ != nullptr; }
  /// When the loop of the route began to stand still, in all lives.
  const std::vector<Instant>& standstills() const { return standstills_; }
  /// Stands still.
  void pause(Duration span);
  /// The loop of one replay alone does; the first one's is also that of the route.
  void pause_replay(std::size_t which, Duration span);
  /// Sealing keys: they are read when a life begins.
  void rotate_keys();
  /// The life goes on with another configuration, as after a reload.
  Result<void> use(const Config& config);

  /// Of the life; see `alive`.
  Journal& journal();
  Modes& modes();
  Executor executor();
  /// Two processes' worth of replays, of different owners, may be at work at once.
  ReplayControl& replay(std::size_t which = 0);
  /// Nothing is under way in the replays.
  bool replays_idle() const;

  void serve(std::shared_ptr<ServedCall> call) override;

 private:
  struct Life;
  Ports ports_;
  std::shared_ptr<Life> life_;
  int lives_ = 0;
  std::vector<Instant> standstills_;
};

}  // namespace standin::sim
