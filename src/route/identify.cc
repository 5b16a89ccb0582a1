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

/// Every part in its place, so that ("ab", "c") and ("a", "bc") are two keys.
std::optional<std::string> key_of_facts(const RouteConfig& route, const Dialect& dialect, const Request& request,
                                        const Result<Facts>& facts) {
  std::string key;
  for (const std::string& selector : route.key_facts) {
    const auto value = fact_text(dialect, request, facts, selector);
    if (!value || value->empty()) return std::nullopt;
    key += std::to_string(value->size()) + ":" + *value;
  }
  const bool names_card = std::ranges::find(route.key_facts, "card") != route.key_facts.end();
  if (!names_card && facts && !facts->card.empty()) key += "card:" + facts->card;
  return key;
}

}  // namespace

std::optional<std::string> fact_text(const Dialect& dialect, const Request& request, const Result<Facts>& facts,
                                     std::string_view selector) {
  if (selector.starts_with('/')) return dialect.field(request, selector);
  if (!facts) return std::nullopt;
  if (auto fact = named_fact(*facts, selector)) return fact;
  return dialect.field(request, selector);
}

std::optional<std::string> idempotency_key(const RouteConfig& route, const Dialect& dialect, const Request& request,
                                           const Result<Facts>& facts) {
  if (!route.key_header.empty()) {
    const auto value = request.headers.find(route.key_header);
    if (!value) return std::nullopt;
    std::string key = unquoted(*value);
    if (key.empty()) return std::nullopt;
    return key;
  }
  if (!route.key_facts.empty()) return key_of_facts(route, dialect, request, facts);
  return std::nullopt;
}

Intent identify(const RouteConfig& route, const Dialect& dialect, const Vault& vault, const Request& request,
                const RequestReading& reading, const std::string& request_id) {
  const auto key = idempotency_key(route, dialect, request, reading.facts);
  const auto tenant = route.tenant.empty() ? std::nullopt : fact_text(dialect, request, reading.facts, route.tenant);
  return Intent{.key = vault.order_key(tenant.value_or(""), route.name, key.value_or(request_id)),
                .payload = vault.payload_digest(reading.normalised),
                .tenant = tenant.value_or(""),
                .from_client = key && !route.key_header.empty(),
                .repeatable = key.has_value(),
                .window = route.key_facts.empty() ? Duration::max() : route.key_window};
}

}  // namespace standin
