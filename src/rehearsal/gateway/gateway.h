#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "rehearsal/gateway/gateway_model.h"

namespace standin::rehearsal {

/// Where a location listens, and what its ping calls it.
struct GatewayLocation {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 picks one
  std::string cluster;     ///< "ca403"; empty: made of its number
  /// "127.0.0.1:4001" or "127.0.0.1:4001=ca403".
  static Result<GatewayLocation> parse(std::string_view text);
};

struct GatewayOptions {
  std::vector<GatewayLocation> locations = {{}};
  GatewayLocation control;  ///< serves /_control alone, also while every location refuses
  std::string ledger = "gateway-ledger.db";
  GatewaySettings settings;  ///< without keys: those of `rehearsal_keys`; the clusters are the locations'
  std::vector<GatewayFault> faults;
  std::uint64_t seed = 1;  ///< of response times and of faults that strike by chance
};

/// "sandbox", "sandbox-fold", "sandbox-reject", "sandbox-pin" (PIN 1234) and "sandbox-gb" (GB, GBP).
std::vector<SourceKey> rehearsal_keys();

/// The simulated gateway as a real HTTP server: several locations, one ledger on disk. docs/sim-gateway.md says what it
/// serves. It writes its bytes onto plain sockets, not through HttpServer, because misbehaving means bytes that no
/// decent server sends. One event loop; every member is called on its thread.
class Gateway {
 public:
  /// Opens the ledger and listens.
  static Result<Gateway> open(Executor executor, GatewayOptions options);
  Gateway(Gateway&&) noexcept;
  ~Gateway();

  /// Of each location, in their order.
  std::vector<std::uint16_t> ports() const;
  std::uint16_t control_port() const;
  /// Stops accepting, answers what is in flight (not what hangs), closes; whatever is left after `within` is cut off.
  Task<> stop(Duration within);

 private:
  struct State;
  explicit Gateway(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// `standin sim gateway`: prints each location's "listening on ADDRESS:PORT" on standard output, and serves until
/// SIGTERM or SIGINT. Returns the exit status.
int run_gateway(const GatewayOptions& options);

}  // namespace standin::rehearsal
