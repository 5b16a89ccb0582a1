#pragma once

#include <optional>
#include <string>

#include "base/facts.h"
#include "config/config.h"
#include "dialect/dialect.h"
#include "net/message.h"
#include "route/claims.h"
#include "vault/vault.h"

namespace standin {

/// The idempotency key that the route's configuration finds in a request; nothing if the request has none.
/// A quoted structured-field string and a bare key are the same key (IETF httpapi, Idempotency-Key header).
std::optional<std::string> idempotency_key(const RouteConfig& route, const Dialect& dialect, const Request& request,
                                           const Result<Facts>& facts);

/// A fact by its configured name ("merchant"), or a field by JSON Pointer ("/order/cart_id") or the dialect's own name
/// for it ("command").
std::optional<std::string> fact_text(const Dialect& dialect, const Request& request, const Result<Facts>& facts,
                                     std::string_view selector);

/// The request's intent: from its idempotency key, or of its own (the request id).
Intent identify(const RouteConfig& route, const Dialect& dialect, const Vault& vault, const Request& request,
                const RequestReading& reading, const std::string& request_id);

}  // namespace standin
