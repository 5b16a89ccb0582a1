#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "base/text.h"
#include "rehearsal/gateway/fields.h"
#include "rehearsal/gateway/searches.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

constexpr std::size_t conditions_most = 32;

/// A node's name without its namespace's prefix: every toolkit chooses its own.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& each : node.children()) {
    if (local_name(each) == name) return each;
  }
  return {};
}

std::string_view text_of(const pugi::xml_node& node, std::string_view name) { return child(node, name).text().get(); }

/// One {Field, Type, Value} of a search.
struct Condition {
  std::string field;
  std::string type;
  std::string value;
};

struct SoapSearch {
  std::vector<Condition> conditions;
  bool match_all = true;
  std::int64_t start = 0;
  std::int64_t limit = limit_default;
  bool oldest_first = false;
};

std::string written(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return out.str();
}

pugi::xml_node envelope(pugi::xml_document& document) {
  pugi::xml_node root = document.append_child("SOAP-ENV:Envelope");
  root.append_attribute("xmlns:SOAP-ENV") = "http://schemas.xmlsoap.org/soap/envelope/";
  root.append_attribute("xmlns:ns1") = "urn:usaepay";
  return root.append_child("SOAP-ENV:Body");
}

Response fault(std::string_view message, int status = 500) {
  pugi::xml_document document;
  pugi::xml_node told = envelope(document).append_child("SOAP-ENV:Fault");
  told.append_child("faultcode").text().set("SOAP-ENV:Server");
  told.append_child("faultstring").text().set(std::string(message).c_str());
  return gateway_response(status, "text/xml; charset=utf-8", written(document));
}

/// PinHash: sha1 (or md5, sha256) of key, seed and PIN.
const SourceKey* merchant_of(const GatewayState& state, const pugi::xml_node& call) {
  const pugi::xml_node token = child(call, "Token");
  const pugi::xml_node hash = child(token, "PinHash");
  const SourceKey* merchant = state.find_key(text_of(token, "SourceKey"));
  if (merchant == nullptr) return nullptr;
  const std::string text = merchant->key + std::string(text_of(hash, "Seed")) + merchant->pin;
  const std::string_view type = text_of(hash, "Type");
  const std::string expected = type == "md5" ? md5_hex(text) : type == "sha256" ? sha256_hex(text) : sha1_hex(text);
  const bool open = merchant->pin.empty() && !hash;
  return open || equal_ignoring_case(text_of(hash, "HashValue"), expected) ? merchant : nullptr;
}

std::optional<SoapSearch> search_in(const pugi::xml_node& call) {
  SoapSearch search;
  for (const pugi::xml_node& item : child(call, "Search").children()) {
    if (item.type() != pugi::node_element) continue;
    if (search.conditions.size() == conditions_most) return std::nullopt;
    search.conditions.push_back(
        {lower(text_of(item, "Field")), lower(text_of(item, "Type")), std::string(text_of(item, "Value"))});
  }
  const std::string_view start = text_of(call, "Start");
  const std::string_view limit = text_of(call, "Limit");
  const auto from = start.empty() ? 0 : whole_number(start, 0, INT64_MAX);
  const auto most = limit.empty() ? limit_default : whole_number(limit, 1, limit_most);
  if (!from || !most) return std::nullopt;
  search.match_all = text_of(call, "MatchAll").empty() || says_yes(text_of(call, "MatchAll"));
  search.start = *from;
  search.limit = *most;
  search.oldest_first = equal_ignoring_case(text_of(call, "Sort"), "created");
  return search;
}

std::string field_of(const Payment& payment, std::string_view field, const std::string& created) {
  if (field == "created") return created;
  if (field == "amount") return decimal(payment.amount);
  if (field == "invoice") return payment.invoice;
  if (field == "orderid") return payment.orderid;
  if (field == "refnum" || field == "transid") return std::to_string(payment.refnum);
  if (field == "cardnumber" || field == "card") return payment.card.masked;
  if (field == "response") return std::string(result_code(payment));
  if (field == "status") return std::string(status_code(payment));
  if (field == "authcode") return payment.auth_code;
  if (field == "description") return payment.description;
  return {};
}

bool compared(std::string_view type, std::string_view have, std::string_view want, bool is_amount) {
  const auto order = [&] {
    const Currency currency = *Currency::parse("USD");
    const auto a = is_amount ? money_from_decimal(have, currency) : failure("");
    const auto b = is_amount ? money_from_decimal(want, currency) : failure("");
    if (a && b) return a->minor < b->minor ? -1 : a->minor > b->minor ? 1 : 0;
    return have.compare(want);
  };
  if (type == "contains") return have.find(want) != std::string_view::npos;
  if (type == "begins with" || type == "begins") return have.starts_with(want);
  if (type == "gt") return order() > 0;
  if (type == "gte" || type == "gteq") return order() >= 0;
  if (type == "lt") return order() < 0;
  if (type == "lte" || type == "lteq") return order() <= 0;
  if (type == "ne" || type == "neq") return order() != 0;
  return order() == 0;
}

bool matches(const SoapSearch& search, const Payment& payment, const std::string& created) {
  const auto holds = [&](const Condition& condition) {
    std::string have = field_of(payment, condition.field, created);
    // Cards are known by their last four.
    if (condition.field == "cardnumber" && condition.value.size() == 4 && have.size() > 4) {
      have.erase(0, have.size() - 4);
    }
    return compared(condition.type, have, condition.value, condition.field == "amount");
  };
  if (search.conditions.empty()) return true;
  return search.match_all ? std::ranges::all_of(search.conditions, holds)
                          : std::ranges::any_of(search.conditions, holds);
}

void add(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_child(name).text().set(std::string(value).c_str());
}

std::string_view type_text(const Payment& payment) {
  switch (payment.kind) {
    case PaymentKind::sale: return "Sale";
    case PaymentKind::hold: return "Auth Only";
    case PaymentKind::credit:
    case PaymentKind::refund: return "Credit";
    case PaymentKind::check: return "Check Sale";
  }
  unreachable();
}

std::string_view status_text(const Payment& payment) {
  if (payment.state == PaymentState::voided) return "Voided";
  if (payment.state == PaymentState::declined) return "Error";
  return payment.settled ? "Settled" : "Pending";
}

void add_transaction(pugi::xml_node list, const Payment& payment, const std::string& created) {
  pugi::xml_node item = list.append_child("item");
  add(item, "TransactionType", type_text(payment));
  add(item, "DateTime", created);
  add(item, "Status", status_text(payment));
  pugi::xml_node response = item.append_child("Response");
  add(response, "RefNum", std::to_string(payment.refnum));
  add(response, "AuthCode", payment.auth_code);
  add(response, "AuthAmount", decimal(payment.amount));
  add(response, "Result", payment.state == PaymentState::declined ? "Declined" : "Approved");
  add(response, "ResultCode", result_code(payment));
  add(response, "ErrorCode", payment.error_code);
  add(response, "StatusCode", status_code(payment));
  add(response, "BatchNum", std::to_string(payment.batch));
  pugi::xml_node details = item.append_child("Details");
  add(details, "Amount", decimal(payment.amount));
  add(details, "Invoice", payment.invoice);
  add(details, "OrderID", payment.orderid);
  add(details, "Description", payment.description);
  add(item.append_child("CreditCardData"), "CardNumber", payment.card.masked);
}

Response found(const GatewayState& state, const SourceKey& merchant, const SoapSearch& search, std::size_t location,
               WallTime now) {
  std::vector<std::pair<const Payment*, std::string>> rows;
  for (const std::int64_t refnum : state.books.of_merchant(merchant.key)) {
    const Payment* payment = state.books.find(refnum);
    if (!state.listed(*payment, now)) continue;
    std::string created = local_time(state.clock_of(location, payment->made), state.settings.timezone);
    if (matches(search, *payment, created)) rows.emplace_back(payment, std::move(created));
  }
  if (!search.oldest_first) std::ranges::reverse(rows);
  const auto all = static_cast<std::int64_t>(rows.size());
  const std::int64_t from = std::min(search.start, all);
  const std::int64_t returned = std::min(search.limit, all - from);
  pugi::xml_document document;
  pugi::xml_node result =
      envelope(document).append_child("ns1:searchTransactionsResponse").append_child("searchTransactionsReturn");
  add(result, "TransactionsMatched", std::to_string(all));
  add(result, "TransactionsReturned", std::to_string(returned));
  add(result, "StartIndex", std::to_string(search.start));
  add(result, "Limit", std::to_string(search.limit));
  pugi::xml_node list = result.append_child("Transactions");
  for (std::int64_t at = from; at < from + returned; ++at) {
    const auto& [payment, created] = rows[static_cast<std::size_t>(at)];
    add_transaction(list, *payment, created);
  }
  return gateway_response(200, "text/xml; charset=utf-8", written(document));
}

}  // namespace

GatewayWork soap_search(GatewayState& state, const GatewayArrival& arrival) {
  const auto refuse = [](std::string_view message, int status = 500) {
    return answered(GatewayAsk::search, fault(message, status));
  };
  pugi::xml_document document;
  const std::string& body = arrival.request.body;
  if (!document.load_buffer(body.data(), body.size())) return refuse("The request is not well-formed XML", 400);
  const pugi::xml_node call = child(child(document.document_element(), "Body"), "searchTransactions");
  if (!call) return refuse("20: Method is not supported; searchTransactions is", 500);
  const SourceKey* merchant = merchant_of(state, call);
  if (merchant == nullptr) return refuse("23: Specified source key not found.");
  const auto search = search_in(call);
  if (!search) return refuse("41: Start and Limit are whole numbers, and a search has at most 32 conditions");
  GatewayWork work = answered(GatewayAsk::search, {});
  work.country = merchant->country;
  work.fail = [](std::string_view code) { return fault(vendor_message(code)); };
  work.perform = [&state, merchant = *merchant, search = *search, location = arrival.location](WallTime now, bool) {
    if (!state.may_search(merchant.key, now)) return fault("155: API rate limit exceeded", 429);
    return found(state, merchant, search, location, now);
  };
  return work;
}

}  // namespace standin::rehearsal
