#include "rehearsal/gateway/gateway_faults.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 10> kinds{"hang",      "reset", "status", "error", "truncate",
                                                 "duplicate", "late",  "refuse", "down",  "skew"};
constexpr std::array<std::string_view, 2> moments{"before", "after"};
constexpr std::array<std::string_view, 5> asks{"charge", "change", "search", "ping", "any"};
constexpr std::array<std::string_view, 13> members{"fault",   "at",           "status",    "error",   "late_ms",
                                                   "skew_ms", "ask",          "location",  "country", "fraction",
                                                   "count",   "amount_minor", "card_last4"};
constexpr std::int64_t hour_ms = 3'600'000;

/// Reads one object, and remembers the first thing wrong with it.
class FaultReader {
 public:
  explicit FaultReader(const json::object& object) : object_(object) {}

  Result<GatewayFault> read() {
    GatewayFault fault;
    fault.kind = static_cast<GatewayFault::Kind>(choice("fault", kinds, kinds.size()));
    const bool answers = fault.kind == GatewayFault::Kind::truncate || fault.kind == GatewayFault::Kind::duplicate;
    fault.at = static_cast<GatewayFault::Moment>(choice("at", moments, answers ? 1 : 0));
    const std::size_t ask = choice("ask", asks, 0);
    fault.ask = ask == asks.size() - 1 ? std::nullopt : std::optional(static_cast<GatewayAsk>(ask));
    fault.status = static_cast<int>(number("status", 200, 599, 500));
    fault.error = text("error", 5, "09001");
    fault.late = std::chrono::milliseconds(number("late_ms", 0, hour_ms, 0));
    fault.skew = std::chrono::milliseconds(number("skew_ms", -24 * hour_ms, 24 * hour_ms, 0));
    fault.location = static_cast<std::size_t>(number("location", 0, 64, 0));
    fault.country = text("country", 2, "");
    fault.amount_minor = number("amount_minor", 0, INT64_MAX, 0);
    fault.card_last4 = text("card_last4", 4, "");
    fault.count = number("count", 0, INT64_MAX, 0);
    fault.fraction = fraction("fraction");
    if (answers && fault.at == GatewayFault::Moment::before) refuse("half an answer and two answers come \"after\"");
    nothing_else();
    if (!wrong_.empty()) return failure(wrong_);
    return fault;
  }

 private:
  void refuse(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }

  /// The index of the member's word; `otherwise` if it is missing, which is wrong if that is none.
  template <std::size_t size>
  std::size_t choice(std::string_view member, const std::array<std::string_view, size>& words, std::size_t otherwise) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr && otherwise < size) return otherwise;
    const std::string_view word =
        value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
    const auto found = std::ranges::find(words, word);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    refuse(fmt::format("\"{}\" is one of {}", member, fmt::join(words, ", ")));
    return 0;
  }

  std::int64_t number(std::string_view member, std::int64_t least, std::int64_t most, std::int64_t otherwise) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return otherwise;
    if (value->is_int64() && value->get_int64() >= least && value->get_int64() <= most) return value->get_int64();
    refuse(fmt::format("\"{}\" is a whole number from {} to {}", member, least, most));
    return otherwise;
  }

  double fraction(std::string_view member) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return 1;
    boost::system::error_code wrong;
    const double given = value->to_number<double>(wrong);
    if (!wrong && given >= 0 && given <= 1) return given;
    refuse(fmt::format("\"{}\" is a number from 0 to 1", member));
    return 1;
  }

  std::string text(std::string_view member, std::size_t size, std::string_view otherwise) {
    const json::value* value = object_.if_contains(member);
    if (value == nullptr) return std::string(otherwise);
    if (value->is_string() && (value->get_string().size() == size || value->get_string().empty())) {
      return std::string(value->get_string());
    }
    refuse(fmt::format("\"{}\" is text of {} characters", member, size));
    return {};
  }

  void nothing_else() {
    for (const auto& member : object_) {
      if (std::ranges::find(members, std::string_view(member.key())) == members.end()) {
        refuse(
            fmt::format("a fault has no \"{}\"; it has {}", std::string_view(member.key()), fmt::join(members, ", ")));
      }
    }
  }

  const json::object& object_;
  std::string wrong_;
};

bool fits(const GatewayFault& fault, const FaultTarget& target) {
  if (fault.is_condition()) return false;
  if (fault.ask && *fault.ask != target.ask) return false;
  if (fault.location != 0 && fault.location != target.location + 1) return false;
  if (!fault.country.empty() && fault.country != target.country) return false;
  if (fault.amount_minor != 0 && fault.amount_minor != target.amount_minor) return false;
  return fault.card_last4.empty() || fault.card_last4 == target.card_last4;
}

json::object fields_of(const GatewayFault& fault) {
  return {{"fault", kinds.at(static_cast<std::size_t>(fault.kind))},
          {"at", moments.at(static_cast<std::size_t>(fault.at))},
          {"ask", fault.ask ? asks.at(static_cast<std::size_t>(*fault.ask)) : asks.back()},
          {"status", fault.status},
          {"error", fault.error},
          {"late_ms", whole_milliseconds(fault.late)},
          {"skew_ms", whole_milliseconds(fault.skew)},
          {"location", fault.location},
          {"country", fault.country},
          {"amount_minor", fault.amount_minor},
          {"card_last4", fault.card_last4},
          {"fraction", fault.fraction},
          {"count", fault.count}};
}

}  // namespace

std::optional<GatewayFault> GatewayFaults::strike(const FaultTarget& target, Random& chance) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!fits(*fault, target) || (fault->fraction < 1 && chance.fraction() >= fault->fraction)) continue;
    const GatewayFault struck = *fault;
    if (fault->count > 0 && --fault->count == 0) faults_.erase(fault);
    return struck;
  }
  return std::nullopt;
}

bool GatewayFaults::is(GatewayFault::Kind condition, std::size_t location) const {
  return std::ranges::any_of(faults_, [&](const GatewayFault& fault) {
    return fault.kind == condition && (fault.location == 0 || fault.location == location + 1);
  });
}

Duration GatewayFaults::skew(std::size_t location) const {
  Duration sum{};
  for (const GatewayFault& fault : faults_) {
    const bool here = fault.location == 0 || fault.location == location + 1;
    if (fault.kind == GatewayFault::Kind::skew && here) sum += fault.skew;
  }
  return sum;
}

Result<std::vector<GatewayFault>> gateway_faults_from_json(std::string_view text) {
  boost::system::error_code wrong;
  json::value parsed = json::parse(text, wrong);
  if (!wrong && parsed.is_object()) parsed = json::array{parsed};
  if (wrong || !parsed.is_array()) return failure("faults are a JSON array, such as [{\"fault\": \"hang\"}]");
  std::vector<GatewayFault> faults;
  for (const json::value& value : parsed.get_array()) {
    if (!value.is_object()) return failure("each fault is a JSON object");
    auto fault = FaultReader(value.get_object()).read();
    if (!fault) return std::unexpected(fault.error());
    faults.push_back(std::move(*fault));
  }
  return faults;
}

std::string to_json(const std::vector<GatewayFault>& faults) {
  json::array all;
  for (const GatewayFault& fault : faults) all.push_back(fields_of(fault));
  return json::serialize(all);
}

}  // namespace standin::rehearsal
