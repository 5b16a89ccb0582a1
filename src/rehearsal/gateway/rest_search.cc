#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "rehearsal/gateway/fields.h"
#include "rehearsal/gateway/searches.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

constexpr std::string_view transactions = "/api/v2/transactions";

Response refusal(int status, int code, std::string_view message) {
  return gateway_response(status, "application/json",
                          json::serialize(json::object{{"error", message}, {"errorcode", code}}));
}

std::optional<std::string> base64_decoded(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int have = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const auto value = digits.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out.push_back(static_cast<char>(bits >> have & 0xFF));
  }
  return out;
}

/// "Basic " and base 64 of KEY:s2/SEED/HEX, HEX the sha256 of key, seed and PIN.
const SourceKey* merchant_of(const GatewayState& state, const Request& request) {
  const std::string_view given = request.headers.find("Authorization").value_or("");
  constexpr std::string_view basic = "basic ";
  if (given.size() < basic.size() || !equal_ignoring_case(given.substr(0, basic.size()), basic)) return nullptr;
  const auto pair = base64_decoded(trim(given.substr(basic.size())));
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return nullptr;
  const SourceKey* merchant = state.find_key(std::string_view(*pair).substr(0, colon));
  const auto parts = split(std::string_view(*pair).substr(colon + 1), '/');
  if (merchant == nullptr || parts.size() != 3 || parts[0] != "s2") return nullptr;
  const std::string expected = sha256_hex(merchant->key + std::string(parts[1]) + merchant->pin);
  return equal_ignoring_case(parts[2], expected) ? merchant : nullptr;
}

json::object object_of(const Payment& payment, std::chrono::minutes timezone, WallTime told) {
  return {{"type", "transaction"},
          {"key", payment.id},
          {"refnum", std::to_string(payment.refnum)},
          {"created", local_time(told, timezone)},
          {"trantype_code", trantype_code(payment)},
          {"result_code", result_code(payment)},
          {"status_code", status_code(payment)},
          {"error_code", payment.error_code},
          {"creditcard", json::object{{"number", payment.card.masked}, {"type", payment.card.brand}}},
          {"authcode", payment.auth_code},
          {"auth_amount", decimal(payment.amount)},
          {"amount", decimal(payment.amount)},
          {"invoice", payment.invoice},
          {"orderid", payment.orderid},
          {"description", payment.description},
          {"batch", json::object{{"type", "batch"}, {"sequence", std::to_string(payment.batch)}}}};
}

Response list(const GatewayState& state, const SourceKey& merchant, const GatewayArrival& arrival, WallTime now) {
  const Fields query(query_of(arrival.request.target));
  const auto limit = query.has("limit") ? whole_number(query["limit"], 1, limit_most) : limit_default;
  const auto offset = query.has("offset") ? whole_number(query["offset"], 0, INT64_MAX) : 0;
  if (!limit || !offset) return refusal(400, 41, "limit and offset are whole numbers");
  const auto& rows = state.books.of_merchant(merchant.key);
  // Refnums are given in the order of time: what is too new to be listed is at the end.
  auto listed = static_cast<std::int64_t>(rows.size());
  while (listed > 0 && !state.listed(*state.books.find(rows[static_cast<std::size_t>(listed - 1)]), now)) --listed;
  json::array data;
  for (std::int64_t at = listed - 1 - std::min(*offset, listed); at >= 0; --at) {
    if (static_cast<std::int64_t>(data.size()) == *limit) break;
    const Payment& payment = *state.books.find(rows[static_cast<std::size_t>(at)]);
    data.push_back(object_of(payment, state.settings.timezone, state.clock_of(arrival.location, payment.made)));
  }
  return gateway_response(200, "application/json",
                          json::serialize(json::object{{"type", "list"},
                                                       {"limit", *limit},
                                                       {"offset", *offset},
                                                       {"data", std::move(data)},
                                                       {"total", std::to_string(listed)}}));
}

Response one(const GatewayState& state, const SourceKey& merchant, std::string_view key, std::size_t location,
             WallTime now) {
  const Payment* found = state.books.find_id(key);
  if (found == nullptr || found->source_key != merchant.key || !state.listed(*found, now)) {
    return refusal(404, 20, "Transaction not found");
  }
  return gateway_response(
      200, "application/json",
      json::serialize(object_of(*found, state.settings.timezone, state.clock_of(location, found->made))));
}

}  // namespace

std::string_view trantype_code(const Payment& payment) {
  switch (payment.kind) {
    case PaymentKind::sale: return "S";
    case PaymentKind::hold: return "A";
    case PaymentKind::credit:
    case PaymentKind::refund: return "C";
    case PaymentKind::check: return "K";
  }
  unreachable();
}

std::string_view status_code(const Payment& payment) {
  switch (payment.state) {
    case PaymentState::pending:
    case PaymentState::authorized: return "N";
    case PaymentState::captured:
    case PaymentState::refunded: return payment.settled ? "S" : "P";
    case PaymentState::voided: return "V";
    case PaymentState::declined: return "E";
  }
  unreachable();
}

std::string_view result_code(const Payment& payment) { return payment.state == PaymentState::declined ? "D" : "A"; }

GatewayWork rest_search(GatewayState& state, const GatewayArrival& arrival) {
  if (arrival.request.method != "GET") return answered(GatewayAsk::search, refusal(405, 2, "Method not allowed"));
  const SourceKey* merchant = merchant_of(state, arrival.request);
  if (merchant == nullptr) return answered(GatewayAsk::search, refusal(401, 21, "API authentication failed"));
  GatewayWork work = answered(GatewayAsk::search, {});
  work.country = merchant->country;
  work.fail = [](std::string_view code) { return refusal(500, 0, vendor_message(code)); };
  work.perform = [&state, merchant = *merchant, arrival](WallTime now, bool) {
    if (!state.may_search(merchant.key, now)) return refusal(429, 155, "API rate limit exceeded");
    const std::string_view path = arrival.request.path();
    if (path == transactions || path == "/api/v2/transactions/") return list(state, merchant, arrival, now);
    if (path.starts_with("/api/v2/transactions/")) {
      return one(state, merchant, path.substr(transactions.size() + 1), arrival.location, now);
    }
    return refusal(404, 1, "Not found");
  };
  return work;
}

}  // namespace standin::rehearsal
