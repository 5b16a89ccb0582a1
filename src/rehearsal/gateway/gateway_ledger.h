#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "rehearsal/gateway/payment.h"

namespace standin::rehearsal {

/// The simulated gateway's books on disk: a SQLite file with the tables `payments`, `cards` and `answers`. What `write`
/// reported as written survives any death of the process. One thread at a time.
class GatewayLedger {
 public:
  /// Opens the file, or makes it.
  static Result<GatewayLedger> open(const std::string& path);
  GatewayLedger(GatewayLedger&&) noexcept;
  GatewayLedger& operator=(GatewayLedger&&) noexcept;
  ~GatewayLedger();

  /// All of it or nothing.
  Result<void> write(std::span<const GatewayWrite> writes);
  Result<GatewayRecords> read();

 private:
  struct State;
  explicit GatewayLedger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The payments of a ledger file for a judge; the gateway may be running, or dead.
Result<std::vector<Payment>> read_gateway_payments(const std::string& path);

}  // namespace standin::rehearsal
