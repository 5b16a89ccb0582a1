#include "rehearsal/gateway/fields.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace standin::rehearsal {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      out.push_back(' ');
      continue;
    }
    const auto byte = text[at] == '%' && at + 2 < text.size() ? parse_hex(text.substr(at + 1, 2)) : std::nullopt;
    if (byte && byte->size() == 1) {
      out.push_back(static_cast<char>((*byte)[0]));
      at += 2;
    } else {
      out.push_back(text[at]);
    }
  }
  return out;
}

}  // namespace

Fields::Fields(std::string_view encoded) {
  for (const std::string_view pair : split(encoded, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    pairs_.emplace_back(decoded(pair.substr(0, equals)), decoded(value));
  }
}

std::string_view Fields::operator[](std::string_view name) const {
  const auto found = std::find_if(pairs_.rbegin(), pairs_.rend(), [&](const auto& pair) { return pair.first == name; });
  return found == pairs_.rend() ? std::string_view() : std::string_view(found->second);
}

bool Fields::has(std::string_view name) const {
  return std::ranges::any_of(pairs_, [&](const auto& pair) { return pair.first == name; });
}

std::string_view query_of(std::string_view target) {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

bool says_yes(std::string_view text) {
  return text == "1" || equal_ignoring_case(text, "y") || equal_ignoring_case(text, "yes") ||
         equal_ignoring_case(text, "true");
}

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < least || value > most) return std::nullopt;
  return value;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                                                             : 0;
    bool good = size > 0 && at + size <= text.size() && (first >= 0x20 || first == '\n' || first == '\t');
    for (std::size_t next = 1; good && next < size; ++next) {
      good = (static_cast<unsigned char>(text[at + next]) & 0xC0) == 0x80;
    }
    // Overlong forms and surrogates of three bytes.
    if (good && size == 3) {
      const auto second = static_cast<unsigned char>(text[at + 1]);
      good = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second >= 0xA0);
    }
    out += good ? text.substr(at, size) : std::string_view("?");
    at += good ? size : 1;
  }
  return out;
}

}  // namespace standin::rehearsal
