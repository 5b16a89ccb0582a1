#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rehearsal/gateway/gateway_model.h"

namespace standin::rehearsal {

/// The control requests under /_control, which no fault strikes:
///   GET, PUT, POST, DELETE /_control/faults      read, replace, add, heal (docs/sim-gateway.md)
///   GET, PUT /_control/settings                  index_lag_ms, searches_per_minute, searches_per_day,
///                                                timezone_minutes, response_times
///   GET /_control/ledger[?standin_key=|invoice=|orderid=|refnum=|idempotency_key=]
///   GET /_control/judge                          the charges that stand, and the keys and references with more than
///   one POST /_control/close_batch
/// What is changed in the books comes back in `writes`, to be made durable before `response` goes out.
struct ControlAnswer {
  Response response;
  std::vector<GatewayWrite> writes;
};
ControlAnswer control_gateway(GatewayModel& model, const Request& request);

/// "KEY[,pin=1234][,country=GB][,currency=GBP][,duplicates=none|reject|fold][,window=600][,timeout=60]
/// [,refunds=any|settled]"; window and timeout in seconds.
Result<SourceKey> parse_source_key(std::string_view text);

}  // namespace standin::rehearsal
