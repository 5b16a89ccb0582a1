#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/loop_thread.h"
#include "net/asio_clock.h"
#include "net/door.h"
#include "net/server.h"
#include "net/turns.h"
#include "route/router.h"
#include "upstream/http_transport.h"
#include "upstream/target_states.h"

namespace standin {

/// One thread of the edge: its listeners, its connections to the upstreams, its router. Nothing of it is shared.
class EdgeLoop {
 public:
  EdgeLoop(SharedPorts shared, TargetStates& states, std::shared_ptr<DnsBoard> dns, std::shared_ptr<Door> door);

  /// Before `start`. Port 0 is replaced in `listeners` by the port that was bound, for the next loop to share.
  /// `inherited`: for each of the listeners, the sockets that listen there already.
  Result<void> listen(const ServerConfig& config, std::vector<ListenOn>& listeners,
                      std::vector<std::vector<Descriptor>> inherited);
  void start() { thread_.start(); }
  /// The sockets that it accepts on. Any other thread, while it runs.
  std::vector<int> sockets();
  /// From now on new requests walk through this configuration. Any thread.
  void use(const std::shared_ptr<const Site>& site);
  /// Stops accepting and answers what is in flight; `done` is called on the loop.
  void drain(Duration within, std::move_only_function<void()> done);
  void stop() { thread_.stop(); }

  std::size_t connections() const;
  std::size_t in_flight() const;

 private:
  LoopThread thread_;
  SharedPorts shared_;
  TargetStates& states_;
  AsioClock clock_;
  HttpTransport transport_;
  std::shared_ptr<Door> door_;
  std::shared_ptr<Turns> turns_;
  std::shared_ptr<Router> router_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
};

}  // namespace standin
