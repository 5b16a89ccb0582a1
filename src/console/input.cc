#include "console/input.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "config/units.h"
#include "dialect/charge.h"

namespace standin::console {
namespace {

std::optional<int> digits(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text[0] == '-' || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "2026-11-22"
std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

/// "03:04:05", "03:04:05.678"
std::optional<std::chrono::milliseconds> parse_time_of_day(std::string_view text) {
  const bool with_ms = text.size() == 12 && text[8] == '.';
  if ((text.size() != 8 && !with_ms) || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3, 2));
  const auto second = digits(text.substr(6, 2));
  const auto ms = with_ms ? digits(text.substr(9)) : 0;
  if (!hour || !minute || !second || !ms || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         std::chrono::milliseconds(*ms);
}

std::optional<WallTime> parse_instant(std::string_view text) {
  const auto day = parse_day(text.substr(0, 10));
  if (!day) return std::nullopt;
  if (text.size() == 10) return WallTime(*day);
  if (text[10] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto of_day = parse_time_of_day(text.substr(11, text.size() - 12));
  if (!of_day) return std::nullopt;
  return WallTime(*day) + *of_day;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text[at] == '%' ? parse_hex(text.substr(at + 1, 2)) : std::nullopt;
    if (byte && byte->size() == 1) {
      out.push_back(static_cast<char>(byte->front()));
      at += 2;
    } else {
      out.push_back(text[at]);
    }
  }
  return out;
}

Result<WallTime> parse_time(std::string_view text, WallTime now) {
  if (const auto instant = parse_instant(text)) return *instant;
  const auto ago = parse_duration(text);
  if (!ago) {
    return failure(fmt::format(
        "'{}' is not a time: write 2026-11-22, 2026-11-22T03:04:05Z, or a span such as 2h for two hours ago", text));
  }
  return now - std::chrono::floor<std::chrono::milliseconds>(*ago);
}

Input Input::of_query(const Request& request, std::initializer_list<std::string_view> known) {
  Input input;
  const auto mark = request.target.find('?');
  if (mark == std::string::npos) return input;
  for (const std::string_view pair : split(std::string_view(request.target).substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    input.admit(percent_decoded(pair.substr(0, equals)), boost::json::string(percent_decoded(value)), known);
  }
  return input;
}

Input Input::of_body(const Request& request, std::initializer_list<std::string_view> known) {
  Input input;
  if (trim(request.body).empty()) return input;
  boost::system::error_code error;
  const boost::json::value body = boost::json::parse(request.body, error);
  if (error || !body.is_object()) {
    input.reject("The body is not a JSON object: send one such as {\"all\": true}.");
    return input;
  }
  for (const auto& [name, value] : body.get_object()) input.admit(name, value, known);
  return input;
}

void Input::admit(std::string_view name, boost::json::value value, std::initializer_list<std::string_view> known) {
  if (std::ranges::find(known, name) != known.end()) {
    values_[name] = std::move(value);
    return;
  }
  const std::vector<std::string> candidates(known.begin(), known.end());
  const auto meant = nearest(name, candidates);
  reject(fmt::format("'{}' means nothing here{}.", name, meant ? fmt::format(": did you mean '{}'?", *meant) : ""));
}

void Input::reject(std::string problem) {
  if (!problem_) problem_ = std::move(problem);
}

std::string Input::text(std::string_view name) {
  const auto* value = values_.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  if (!value->is_string()) {
    reject(fmt::format("'{}' must be a string.", name));
    return "";
  }
  return std::string(value->get_string());
}

std::string Input::kept_text(std::string_view name) {
  std::string value = text(name);
  if (!holds_account_number(value)) return value;
  reject(
      fmt::format("'{}' looks as if it held a card number, and it is kept: write the last four digits alone.", name));
  return "";
}

std::string Input::required_text(std::string_view name, std::string_view what_for) {
  std::string value = kept_text(name);
  if (trim(value).empty()) reject(fmt::format("'{}' is missing: {}.", name, what_for));
  return value;
}

std::optional<double> Input::number(std::string_view name) {
  const auto* value = values_.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_number()) return value->to_number<double>();
  double number = 0;
  if (value->is_string()) {
    const auto& text = value->get_string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && std::isfinite(number)) return number;
  }
  reject(fmt::format("'{}' must be a number.", name));
  return std::nullopt;
}

bool Input::flag(std::string_view name) {
  const auto* value = values_.if_contains(name);
  if (value == nullptr || value->is_null()) return false;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string() && (value->get_string() == "true" || value->get_string() == "false")) {
    return value->get_string() == "true";
  }
  reject(fmt::format("'{}' must be true or false.", name));
  return false;
}

std::optional<WallTime> Input::time(std::string_view name, WallTime now) {
  const std::string given = text(name);
  if (given.empty()) return std::nullopt;
  const auto parsed = parse_time(given, now);
  if (parsed) return *parsed;
  reject(fmt::format("'{}': {}.", name, parsed.error().what));
  return std::nullopt;
}

std::optional<Duration> Input::span(std::string_view name) {
  const std::string given = text(name);
  if (given.empty()) return std::nullopt;
  const auto parsed = parse_duration(given);
  if (parsed && *parsed > Duration::zero()) return *parsed;
  reject(fmt::format("'{}': {}.", name, parsed ? "it must be longer than nothing" : parsed.error().what));
  return std::nullopt;
}

}  // namespace standin::console
