#include "dialect/placeholder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dialect/json_write.h"
#include "dialect/plain_text.h"
#include "dialect/template_text.h"

namespace standin {
namespace {

using Kind = Placeholder::Kind;

constexpr int digits_max = 18;

const std::vector<std::pair<std::string, Kind>>& fixed_placeholders() {
  static const std::vector<std::pair<std::string, Kind>> known{{"fact:amount", Kind::amount},
                                                               {"fact:amount_decimal", Kind::amount_decimal},
                                                               {"fact:currency", Kind::currency},
                                                               {"fact:merchant", Kind::merchant},
                                                               {"fact:customer", Kind::customer},
                                                               {"fact:reference", Kind::fact_reference},
                                                               {"fact:country", Kind::country},
                                                               {"reference", Kind::reference},
                                                               {"request_id", Kind::request_id},
                                                               {"order_key", Kind::order_key},
                                                               {"ulid", Kind::ulid},
                                                               {"uuid", Kind::uuid},
                                                               {"now:iso8601", Kind::now_iso8601},
                                                               {"now:iso8601s", Kind::now_iso8601s},
                                                               {"now:unix", Kind::now_unix},
                                                               {"now:unix_ms", Kind::now_unix_ms},
                                                               {"now:http", Kind::now_http},
                                                               {"now:date", Kind::now_date}};
  return known;
}

/// The nearest right name to what was written, its argument kept where it has one.
Error unknown(std::string_view text) {
  std::vector<std::string> known;
  for (const auto& [name, kind] : fixed_placeholders()) known.push_back(name);
  const auto colon = text.find(':');
  const std::string argument(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (argument.empty() || !nearest(text, known)) {
    known.push_back("request:" + (argument.empty() ? "/json/pointer" : argument));
    known.push_back("header:" + (argument.empty() ? "Name" : argument));
  }
  known.push_back("reference:digits:9");
  return unknown_placeholder(text, known);
}

Result<Placeholder> request_placeholder(std::string_view argument) {
  auto selector = Selector::parse(argument);
  if (!selector) return failure(fmt::format("{{{{request:{}}}}}: {}", argument, selector.error().what));
  return Placeholder{.kind = Kind::request, .selector = std::move(*selector)};
}

Result<Placeholder> digits_placeholder(std::string_view argument) {
  int digits = 0;
  const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), digits);
  if (error != std::errc() || end != argument.data() + argument.size() || digits < 1 || digits > digits_max) {
    return failure(
        fmt::format("{{{{reference:digits:{}}}}}: a number from 1 to {} says how many", argument, digits_max));
  }
  return Placeholder{.kind = Kind::reference_digits, .digits = digits};
}

PlaceholderValue text_value(std::string_view text) {
  if (text.empty()) return {};
  return {PlaceholderValue::Kind::text, std::string(text)};
}

PlaceholderValue number_value(std::string text) { return {PlaceholderValue::Kind::number, std::move(text)}; }

std::string seconds_only(WallTime now) { return iso8601(now).substr(0, 19) + "Z"; }

std::int64_t unix_seconds(WallTime now) {
  return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
}

}  // namespace

Result<Placeholder> Placeholder::parse(std::string_view text) {
  for (const auto& [name, kind] : fixed_placeholders()) {
    if (text == name) return Placeholder{.kind = kind};
  }
  if (text.starts_with("request:")) return request_placeholder(text.substr(8));
  if (text.starts_with("reference:digits:")) return digits_placeholder(text.substr(17));
  if (text.starts_with("header:") && text.size() > 7) {
    return Placeholder{.kind = Kind::header, .header = std::string(text.substr(7))};
  }
  return std::unexpected(unknown(text));
}

PlaceholderValue PlaceholderValues::operator()(const Placeholder& placeholder) {
  const Facts& facts = context_.facts;
  switch (placeholder.kind) {
    case Kind::request: return from_request(*placeholder.selector);
    case Kind::header: return text_value(mended_utf8(context_.request.headers.find(placeholder.header).value_or("")));
    case Kind::amount: return facts.amount ? number_value(std::to_string(facts.amount->minor)) : PlaceholderValue{};
    case Kind::amount_decimal: return facts.amount ? number_value(decimal(*facts.amount)) : PlaceholderValue{};
    case Kind::currency: return text_value(facts.amount ? facts.amount->currency.code() : "");
    case Kind::merchant: return text_value(facts.merchant);
    case Kind::customer: return text_value(facts.customer);
    case Kind::fact_reference: return text_value(facts.reference);
    case Kind::country: return text_value(facts.country);
    case Kind::reference: return text_value(context_.reference);
    case Kind::reference_digits: return number_value(digits_from(context_.id, placeholder.digits));
    case Kind::request_id: return text_value(mended_utf8(context_.request_id));
    case Kind::order_key: return text_value(context_.key.text());
    case Kind::ulid: return text_value(context_.id.text());
    case Kind::uuid: return text_value(uuid_from(context_.id));
    case Kind::now_iso8601: return text_value(iso8601(context_.now));
    case Kind::now_iso8601s: return text_value(seconds_only(context_.now));
    case Kind::now_unix: return number_value(std::to_string(unix_seconds(context_.now)));
    case Kind::now_unix_ms: return number_value(std::to_string(unix_ms(context_.now)));
    case Kind::now_http: return text_value(http_date(context_.now));
    case Kind::now_date: return text_value(iso8601(context_.now).substr(0, 10));
  }
  unreachable();
}

PlaceholderValue PlaceholderValues::from_request(const Selector& selector) {
  if (!selector.pointer()) {
    const auto field = body_.find(selector);
    return field && *field ? PlaceholderValue{PlaceholderValue::Kind::text, (*field)->text} : PlaceholderValue{};
  }
  if (!body_.json()) return {};
  const auto value = selector.pointer()->in(body_.json()->root());
  if (!value) return {};
  switch (value->kind()) {
    case JsonKind::null: return {};
    case JsonKind::string: return {PlaceholderValue::Kind::text, std::string(value->text())};
    case JsonKind::number: return number_value(std::string(value->text()));
    case JsonKind::boolean:
    case JsonKind::array:
    case JsonKind::object: return {PlaceholderValue::Kind::json, write_json(*value)};
  }
  unreachable();
}

std::string digits_from(const Ulid& id, int digits) {
  ensure(digits >= 1 && digits <= digits_max, "a reference has 1 to 18 digits");
  std::uint64_t first = 1;
  for (int i = 1; i < digits; ++i) first *= 10;
  const std::uint64_t count = 9 * first;
  // Horner's rule over the id's 128 bits, byte by byte: count is below 2^63, so 128-bit products never overflow.
  std::uint64_t rest = 0;
  for (const std::uint8_t byte : id.bytes) {
    rest = static_cast<std::uint64_t>((static_cast<unsigned __int128>(rest) * 256 + byte) % count);
  }
  return std::to_string(first + rest);
}

std::string uuid_from(const Ulid& id) {
  auto bytes = id.bytes;
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, "-");
  return text;
}

}  // namespace standin
