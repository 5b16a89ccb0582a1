#pragma once

#include "rehearsal/gateway/gateway_state.h"

namespace standin::rehearsal {

/// The Stripe-style endpoints under /v1: payment intents, charges and refunds. docs/sim-gateway.md lists them.
GatewayWork stripe_side(GatewayState& state, const GatewayArrival& arrival);

}  // namespace standin::rehearsal
