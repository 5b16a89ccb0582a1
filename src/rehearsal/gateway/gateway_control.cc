#include "rehearsal/gateway/gateway_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/text.h"
#include "rehearsal/gateway/fields.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

Response told(int status, const json::value& value) {
  return gateway_response(status, "application/json", json::serialize(value));
}
Response refused(int status, std::string_view message) {
  return told(status, json::object{{"error", json::object{{"message", message}}}});
}

json::object fields_of(const Payment& payment) {
  return {{"refnum", std::to_string(payment.refnum)},
          {"id", payment.id},
          {"intent", payment.intent},
          {"kind", name(payment.kind)},
          {"state", name(payment.state)},
          {"standing", payment.stands()},
          {"reversed", payment.reversed},
          {"source_key", payment.source_key},
          {"country", payment.country},
          {"asked_minor", payment.asked_minor},
          {"amount_minor", payment.amount.minor},
          {"refunded_minor", payment.refunded_minor},
          {"currency", payment.amount.currency.code()},
          {"card", payment.card.masked},
          {"card_fingerprint", payment.card.fingerprint},
          {"invoice", payment.invoice},
          {"orderid", payment.orderid},
          {"description", payment.description},
          {"standin_key", payment.standin_key},
          {"idempotency_key", payment.idempotency_key},
          {"auth_code", payment.auth_code},
          {"error_code", payment.error_code},
          {"batch", payment.batch},
          {"settled", payment.settled},
          {"original", payment.original == 0 ? std::string() : std::to_string(payment.original)},
          {"location", payment.location + 1},
          {"created", iso8601(payment.made)}};
}

ControlAnswer faults(GatewayModel& model, const Request& request) {
  std::vector<GatewayFault> all;
  if (request.method == "GET") all = model.faults();
  if (request.method == "PUT" || request.method == "POST") {
    auto given = gateway_faults_from_json(request.body);
    if (!given) return {refused(400, given.error().what), {}};
    if (request.method == "POST") all = model.faults();
    all.insert(all.end(), given->begin(), given->end());
  } else if (request.method != "GET" && request.method != "DELETE") {
    return {refused(405, "GET, PUT, POST or DELETE"), {}};
  }
  if (request.method != "GET") model.set_faults(std::move(all));
  return {gateway_response(200, "application/json", to_json(model.faults())), {}};
}

json::object settings_of(const GatewaySettings& settings) {
  json::array times;
  for (const ResponseTime& time : settings.response_times) times.push_back(json::string(time.text()));
  return {{"index_lag_ms", whole_milliseconds(settings.index_lag)},
          {"searches_per_minute", settings.searches_per_minute},
          {"searches_per_day", settings.searches_per_day},
          {"timezone_minutes", settings.timezone.count()},
          {"response_times", std::move(times)}};
}

Result<void> read_times(const json::value& value, std::vector<ResponseTime>& into) {
  if (!value.is_array()) return failure("\"response_times\" is an array, one text for each location");
  into.clear();
  for (const json::value& text : value.get_array()) {
    if (!text.is_string()) return failure("a response time is text, such as \"constant:20\"");
    auto time = ResponseTime::parse(std::string_view(text.get_string()));
    if (!time) return std::unexpected(time.error());
    into.push_back(std::move(*time));
  }
  return {};
}

/// The members given replace those of `settings`.
Result<void> read_settings(std::string_view text, GatewaySettings& settings) {
  boost::system::error_code wrong;
  const json::value parsed = json::parse(text, wrong);
  if (wrong || !parsed.is_object()) return failure("settings are a JSON object, such as {\"index_lag_ms\": 30000}");
  for (const auto& member : parsed.get_object()) {
    const std::string_view key = member.key();
    if (key == "response_times") {
      if (auto read = read_times(member.value(), settings.response_times); !read) return read;
      continue;
    }
    const json::value& value = member.value();
    if (!value.is_int64() || std::abs(value.get_int64()) > day_ms) {
      return failure(fmt::format("\"{}\" is no setting, or not a whole number", printable(key)));
    }
    const std::int64_t number = value.get_int64();
    const bool timezone = key == "timezone_minutes";
    if (!timezone && number < 0) return failure(fmt::format("\"{}\" is not below 0", printable(key)));
    if (key == "index_lag_ms")
      settings.index_lag = std::chrono::milliseconds(number);
    else if (key == "searches_per_minute")
      settings.searches_per_minute = static_cast<int>(number);
    else if (key == "searches_per_day")
      settings.searches_per_day = static_cast<int>(number);
    else if (timezone)
      settings.timezone = std::chrono::minutes(number);
    else
      return failure(fmt::format("there is no setting \"{}\"", printable(key)));
  }
  return {};
}

ControlAnswer settings(GatewayModel& model, const Request& request) {
  if (request.method == "PUT") {
    GatewaySettings changed = model.settings();
    if (const auto read = read_settings(request.body, changed); !read) return {refused(400, read.error().what), {}};
    model.change_settings(std::move(changed));
  } else if (request.method != "GET") {
    return {refused(405, "GET or PUT"), {}};
  }
  return {told(200, settings_of(model.settings())), {}};
}

bool wanted(const Payment& payment, const Fields& query) {
  const auto fits = [&](std::string_view name, std::string_view value) {
    return !query.has(name) || query[name] == value;
  };
  return fits("standin_key", payment.standin_key) && fits("invoice", payment.invoice) &&
         fits("orderid", payment.orderid) && fits("idempotency_key", payment.idempotency_key) &&
         fits("refnum", std::to_string(payment.refnum)) && fits("source_key", payment.source_key);
}

ControlAnswer ledger(const GatewayModel& model, const Request& request) {
  const Fields query(query_of(request.target));
  json::array payments;
  for (const Payment& payment : model.books().payments()) {
    if (wanted(payment, query)) payments.push_back(fields_of(payment));
  }
  return {told(200, json::object{{"open_batch", model.books().open_batch()}, {"payments", std::move(payments)}}), {}};
}

/// What makes two charges one intent to the judge: the order key that came with them, else the client's own key, else
/// merchant, references, card and amount.
std::string intent_of(const Payment& payment) {
  if (!payment.standin_key.empty()) return "standin_key " + payment.standin_key;
  if (!payment.idempotency_key.empty()) return "idempotency_key " + payment.idempotency_key;
  if (payment.invoice.empty() && payment.orderid.empty()) return {};
  return fmt::format("invoice {} orderid {} card {} amount {}", payment.invoice, payment.orderid, payment.card.masked,
                     payment.asked_minor);
}

json::object searches_of(const GatewayModel& model) {
  json::object searches;
  for (const auto& [key, count] : model.searches()) {
    searches[key] =
        json::object{{"asked", count.asked}, {"most_in_a_minute", count.most_in_minute}, {"refused", count.refused}};
  }
  return searches;
}

ControlAnswer judge(const GatewayModel& model) {
  std::int64_t standing = 0;
  std::int64_t standing_minor = 0;
  std::map<std::string, json::array> refnums;
  for (const Payment& payment : model.books().payments()) {
    if (!payment.stands()) continue;
    ++standing;
    standing_minor += payment.amount.minor;
    const std::string intent = intent_of(payment);
    if (!intent.empty()) refnums[intent].push_back(json::string(std::to_string(payment.refnum)));
  }
  json::array twice;
  for (auto& [intent, found] : refnums) {
    if (found.size() > 1) twice.push_back(json::object{{"intent", intent}, {"refnums", std::move(found)}});
  }
  return {told(200, json::object{{"payments", model.books().payments().size()},
                                 {"standing", standing},
                                 {"standing_minor", standing_minor},
                                 {"charged_twice", std::move(twice)},
                                 {"searches", searches_of(model)}}),
          {}};
}

Result<void> set(SourceKey& key, std::string_view name, std::string_view value) {
  const auto seconds = whole_number(value, 0, 86'400);
  if (name == "pin") {
    key.pin = value;
  } else if (name == "country" && value.size() == 2) {
    key.country = value;
  } else if (name == "currency" && Currency::parse(value)) {
    key.currency = value;
  } else if (name == "window" && seconds) {
    key.duplicate_window = std::chrono::seconds(*seconds);
  } else if (name == "timeout" && seconds) {
    key.timeout = std::chrono::seconds(*seconds);
  } else if (name == "refunds" && (value == "any" || value == "settled")) {
    key.refunds_settled_only = value == "settled";
  } else if (name == "duplicates" && (value == "none" || value == "reject" || value == "fold")) {
    key.duplicates = value == "none"     ? DuplicateMode::none
                     : value == "reject" ? DuplicateMode::reject
                                         : DuplicateMode::fold;
  } else {
    return failure(
        fmt::format("a source key has no \"{}={}\"; it reads KEY,pin=1234,country=GB,currency=GBP,"
                    "duplicates=none|reject|fold,window=SECONDS,timeout=SECONDS,refunds=any|settled",
                    name, name == "pin" ? "..." : value));
  }
  return {};
}

}  // namespace

ControlAnswer control_gateway(GatewayModel& model, const Request& request) {
  const std::string_view path = request.path();
  if (path == "/_control/faults") return faults(model, request);
  if (path == "/_control/settings") return settings(model, request);
  if (path == "/_control/ledger" && request.method == "GET") return ledger(model, request);
  if (path == "/_control/judge" && request.method == "GET") return judge(model);
  if (path == "/_control/close_batch" && request.method == "POST") {
    auto writes = model.close_batch();
    return {told(200, json::object{{"open_batch", model.books().open_batch()}}), std::move(writes)};
  }
  return {refused(404, "No such control: faults, settings, ledger, judge, close_batch"), {}};
}

Result<SourceKey> parse_source_key(std::string_view text) {
  const auto parts = split(text, ',');
  SourceKey key{.key = std::string(parts[0])};
  if (key.key.empty()) return failure("a source key starts with the key");
  for (std::size_t at = 1; at < parts.size(); ++at) {
    const auto equals = parts[at].find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : parts[at].substr(equals + 1);
    if (auto done = set(key, parts[at].substr(0, equals), value); !done) return std::unexpected(done.error());
  }
  return key;
}

}  // namespace standin::rehearsal
