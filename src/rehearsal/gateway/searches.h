#pragma once

#include "rehearsal/gateway/gateway_state.h"

namespace standin::rehearsal {

/// Rows that a search brings.
constexpr std::int64_t limit_default = 20;
constexpr std::int64_t limit_most = 1000;

/// `GET /api/v2/transactions?limit=&offset=` and `/api/v2/transactions/KEY`, newest first.
GatewayWork rest_search(GatewayState& state, const GatewayArrival& arrival);
/// `POST /soap/gate`: searchTransactions.
GatewayWork soap_search(GatewayState& state, const GatewayArrival& arrival);

/// "S", "A", "C", "K": what kind of row the vendor calls it.
std::string_view trantype_code(const Payment& payment);
/// "N" queued, "P" pending, "S" settled, "V" voided, "E" error.
std::string_view status_code(const Payment& payment);
std::string_view result_code(const Payment& payment);

}  // namespace standin::rehearsal
