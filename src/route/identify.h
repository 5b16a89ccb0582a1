#pragma once

#include <string>

#include "config/config.h"
#include "dialect/dialect.h"
#include "net/message.h"
#include "route/claims.h"
#include "vault/vault.h"

namespace standin {

/// The request's intent: from the idempotency key that the route's configuration finds in it, or of its own (the
/// request id).
Intent identify(const RouteConfig& route, const Vault& vault, const Request& request, const RequestReading& reading,
                const std::string& request_id);

}  // namespace standin
