#pragma once

#include <memory>
#include <string>

#include "rehearsal/gateway/fields.h"
#include "rehearsal/gateway/gateway_state.h"

namespace standin::rehearsal {

/// `POST /gate`: the USAePay transaction API. docs/sim-gateway.md lists its commands.
GatewayWork form_gate(GatewayState& state, const GatewayArrival& arrival);

/// A call of that API whose source key is good.
struct GateCall {
  GatewayState& state;
  Fields fields;
  SourceKey merchant;
  std::string command;  ///< without "cc:"
  std::size_t location;
  std::string standin_key;
  std::string idempotency_key;
};

GatewayWork gate_charge(std::shared_ptr<const GateCall> call, WallTime now);
GatewayWork gate_change(std::shared_ptr<const GateCall> call);

/// The answer to the request that made this row.
Response gate_answer(const Payment& payment, bool duplicate = false, std::string_view more = {});
Response gate_error(const GatewayState& state, std::string_view code, std::string_view message = {});
/// The row that UMrefNum names, if it is this merchant's.
const Payment* original_of(const GateCall& call);

}  // namespace standin::rehearsal
