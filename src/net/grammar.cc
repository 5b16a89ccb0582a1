#include "net/grammar.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/byte_scan.h"

namespace standin::grammar {
namespace {

using byte_scan::has;
using byte_scan::has_below;

using Characters = std::array<bool, 256>;

constexpr bool letter_or_digit(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr Characters with_letters_and_digits(std::string_view others) {
  Characters set{};
  for (int c = 0; c < 128; ++c) set[static_cast<std::size_t>(c)] = letter_or_digit(c);
  for (const char c : others) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr Characters of_token = with_letters_and_digits("!#$%&'*+-.^_`|~");
constexpr Characters of_name = with_letters_and_digits("-._~");

bool all_of(std::string_view text, const Characters& set) {
  bool all = true;
  for (const char c : text) all &= set[static_cast<unsigned char>(c)];
  return all;
}

bool port(std::string_view digits) { return digits.empty() || decimal(digits).value_or(65536) < 65536; }

bool address_in_brackets(std::string_view text) {
  return text.contains(':') && text.starts_with('[') && text.ends_with(']') &&
         text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

/// Takes a token off the front.
bool take_token(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_of(";="), text.size());
  const bool good = token(text.substr(0, size));
  text.remove_prefix(size);
  return good;
}

/// Takes a quoted string off the front.
bool take_quoted(std::string_view& text) {
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  const bool good = at < text.size() && field_value(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return good;
}

template <int base>
std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(digits.begin(), digits.end(), value, base);
  if (digits.empty() || error != std::errc{} || stopped != digits.end()) return std::nullopt;
  return value;
}

}  // namespace

bool token(std::string_view text) { return !text.empty() && all_of(text, of_token); }

bool method(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; });
}

bool target(std::string_view text) {
  return !text.empty() && byte_scan::none(text, [](std::uint64_t eight) {
    return has_below(eight, ' ' + 1) | has(eight, 127) | has(eight, '#');
  });
}

bool field_value(std::string_view text) {
  const bool plain = byte_scan::none(text, [](std::uint64_t eight) { return has_below(eight, ' ') | has(eight, 127); });
  const auto allowed = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 127); };
  return plain || std::ranges::all_of(text, allowed);
}

bool authority(std::string_view text) {
  const std::size_t colon = text.find(':', text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0);
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos && !port(text.substr(colon + 1))) return false;
  return host.starts_with('[') ? address_in_brackets(host) : !host.empty() && all_of(host, of_name);
}

bool chunk_extensions(std::string_view text) {
  while (!text.empty()) {
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    if (!take_token(text)) return false;
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (!(text.starts_with('"') ? take_quoted(text) : take_token(text))) return false;
  }
  return true;
}

std::optional<std::uint64_t> decimal(std::string_view digits) { return number<10>(digits); }

std::optional<std::uint64_t> hexadecimal(std::string_view digits) {
  // Sixteen always fit; so many zeros before a number are nobody's way to write one.
  return digits.size() > 16 ? std::nullopt : number<16>(digits);
}

std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace standin::grammar
