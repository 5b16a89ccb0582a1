#include "telemetry/json_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/byte_scan.h"
#include "base/text.h"

namespace standin {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool continues(std::string_view value, std::size_t at, unsigned char low, unsigned char high) {
  if (at >= value.size()) return false;
  const auto byte = static_cast<unsigned char>(value[at]);
  return byte >= low && byte <= high;
}

/// How many bytes the well-formed UTF-8 sequence at `at` has, 0 if there is none (Unicode 15, table 3-7).
std::size_t sequence_size(std::string_view value, std::size_t at) {
  const auto lead = static_cast<unsigned char>(value[at]);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(value, at + 1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return continues(value, at + 1, low, high) && continues(value, at + 2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead < 0xF0 || lead > 0xF4) return 0;
  const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
  const bool whole = continues(value, at + 1, low, high) && continues(value, at + 2, 0x80, 0xBF) &&
                     continues(value, at + 3, 0x80, 0xBF);
  return whole ? 4 : 0;
}

constexpr auto plain = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

bool is_plain(char c) { return plain[static_cast<unsigned char>(c)]; }

bool is_all_plain(std::string_view value) {
  using namespace byte_scan;
  return none(value, [](std::uint64_t eight) {
    return has_below(eight, ' ') | has(eight, '"') | has(eight, '\\') | has(eight, 0x7f) | has_above_ascii(eight);
  });
}

/// How much from the start is written as it is.
std::size_t plain_size(std::string_view value) {
  return static_cast<std::size_t>(std::ranges::find_if_not(value, is_plain) - value.begin());
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
  }
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
    out.push_back(c);
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
}

void append_number(std::string& out, std::int64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}

/// The last one.
char digit(std::int64_t number) { return static_cast<char>('0' + number % 10); }

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequence_size(text, at);
    out += size == 0 ? replacement : text.substr(at, size);
    at += size == 0 ? 1 : size;
  }
  return out;
}

void append_json_string(std::string& out, std::string_view value) {
  if (is_all_plain(value)) return append_parts(out, "\"", value, "\"");
  const std::size_t plain_at_first = plain_size(value);
  append_parts(out, "\"", value.substr(0, plain_at_first));
  for (std::size_t at = plain_at_first; at < value.size();) {
    const std::size_t as_it_is = plain_size(value.substr(at));
    out.append(value, at, as_it_is);
    at += as_it_is;
    if (at == value.size()) break;
    const std::size_t size = sequence_size(value, at);
    if (size == 1) {
      append_ascii(out, value[at]);
    } else {
      out += size == 0 ? replacement : value.substr(at, size);
    }
    at += size == 0 ? 1 : size;
  }
  out.push_back('"');
}

/// What comes before a field's name.
std::string_view JsonLine::before() const { return line_.size() == 1 ? "\"" : ",\""; }

void JsonLine::name(std::string_view name) { append_parts(line_, before(), name, "\":"); }

std::string_view JsonLine::object() {
  line_.push_back('}');
  return line_;
}

JsonLine& JsonLine::text(std::string_view field, std::string_view value) {
  if (is_all_plain(value)) {
    append_parts(line_, before(), field, "\":\"", value, "\"");
    return *this;
  }
  name(field);
  append_json_string(line_, value);
  return *this;
}

JsonLine& JsonLine::text_if_any(std::string_view field, std::string_view value) {
  return value.empty() ? *this : text(field, value);
}

JsonLine& JsonLine::number(std::string_view field, std::int64_t value) {
  name(field);
  append_number(line_, value);
  return *this;
}

JsonLine& JsonLine::milliseconds(std::string_view field, std::int64_t nanoseconds) {
  name(field);
  const std::int64_t microseconds = (nanoseconds + 500) / 1000;
  append_number(line_, microseconds / 1000);
  line_.append({'.', digit(microseconds / 100), digit(microseconds / 10), digit(microseconds)});
  return *this;
}

}  // namespace standin
