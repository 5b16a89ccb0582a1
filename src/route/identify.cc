#include "route/identify.h"

#include <algorithm>

#include "base/text.h"

namespace standin {
namespace {

std::string unquoted(std::string_view value) {
  value = trim(value);
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out.push_back(value[i]);
  }
  return out;
}

/// Nothing if no fact is called so.
std::optional<std::string> named_fact(const Facts& facts, std::string_view name) {
  if (name == "amount") return facts.amount ? text(*facts.amount) : std::string();
  if (name == "merchant") return facts.merchant;
  if (name == "customer") return facts.customer;
  if (name == "card") return facts.card;
  if (name == "reference") return facts.reference;
  if (name == "country") return facts.country;
  return std::nullopt;
}

/// A fact by its configured name ("merchant"), or a field by JSON Pointer ("/order/cart_id") or the dialect's own name
/// for it ("command").
std::optional<std::string> fact_text(const RequestReading& reading, std::string_view selector) {
  if (selector.starts_with('/')) return reading.field(selector);
  if (!reading.facts) return std::nullopt;
  if (auto fact = named_fact(*reading.facts, selector)) return fact;
  return reading.field(selector);
}

/// Every part in its place, so that ("ab", "c") and ("a", "bc") are two keys.
std::optional<std::string> key_of_facts(const RouteConfig& route, const RequestReading& reading) {
  const Result<Facts>& facts = reading.facts;
  std::string key;
  for (const std::string& selector : route.key_facts) {
    const auto value = fact_text(reading, selector);
    if (!value || value->empty()) return std::nullopt;
    key += std::to_string(value->size()) + ":" + *value;
  }
  const bool names_card = std::ranges::find(route.key_facts, "card") != route.key_facts.end();
  if (!names_card && facts && !facts->card.empty()) key += "card:" + facts->card;
  return key;
}

/// The idempotency key that the route's configuration finds in a request; nothing if the request has none.
/// A quoted structured-field string and a bare key are the same key (IETF httpapi, Idempotency-Key header).
std::optional<std::string> idempotency_key(const RouteConfig& route, const Request& request,
                                           const RequestReading& reading) {
  if (!route.key_header.empty()) {
    const auto value = request.headers.find(route.key_header);
    if (!value) return std::nullopt;
    std::string key = unquoted(*value);
    if (key.empty()) return std::nullopt;
    return key;
  }
  if (!route.key_facts.empty()) return key_of_facts(route, reading);
  return std::nullopt;
}

}  // namespace

Intent identify(const RouteConfig& route, const Vault& vault, const Request& request, const RequestReading& reading,
                const std::string& request_id) {
  const auto key = idempotency_key(route, request, reading);
  std::string tenant = route.tenant.empty() ? std::string() : fact_text(reading, route.tenant).value_or("");
  return Intent{.key = vault.order_key(tenant, route.name, key ? *key : request_id),
                .payload = vault.payload_digest(reading.normalised),
                .tenant = std::move(tenant),
                .from_client = key && !route.key_header.empty(),
                .repeatable = key.has_value(),
                .window = route.key_facts.empty() ? Duration::max() : route.key_window};
}

}  // namespace standin
