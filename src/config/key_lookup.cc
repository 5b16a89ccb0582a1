#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/result.h"
#include "base/text.h"
#include "config/keys.h"

namespace standin {
namespace {

bool is_wildcard(std::string_view segment) {
  return std::ranges::all_of(segment, [](char c) { return c >= 'A' && c <= 'Z'; });
}

struct Pattern {
  const Key* key;
  std::vector<std::string_view> segments;
};

/// The table with its paths split once.
const std::vector<Pattern>& patterns() {
  static const std::vector<Pattern> split_once = [] {
    std::vector<Pattern> out;
    for (const Key& key : keys()) out.push_back({&key, split(key.path, '.')});
    return out;
  }();
  return split_once;
}

bool begins_with(const Pattern& pattern, std::span<const std::string> path) {
  if (pattern.segments.size() < path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string_view segment = pattern.segments[i];
    if (segment != path[i] && !is_wildcard(segment)) return false;
  }
  return true;
}

std::string listed(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

}  // namespace

const Key* find_key(std::span<const std::string> path) {
  for (const Pattern& pattern : patterns()) {
    if (pattern.segments.size() == path.size() && begins_with(pattern, path)) return pattern.key;
  }
  return nullptr;
}

std::vector<const Key*> keys_below(std::span<const std::string> path) {
  std::vector<const Key*> below;
  for (const Pattern& pattern : patterns()) {
    if (pattern.segments.size() != path.size() + 1 || pattern.key->kind == Kind::later) continue;
    if (!is_wildcard(pattern.segments.back()) && begins_with(pattern, path)) below.push_back(pattern.key);
  }
  return below;
}

std::string_view last_segment(const Key& key) { return key.path.substr(key.path.rfind('.') + 1); }

std::vector<std::string> choices_of(const Key& key) {
  std::vector<std::string> words;
  for (const std::string_view word : split(key.allowed, '|')) {
    if (!word.starts_with('~')) words.emplace_back(word);
  }
  return words;
}

bool is_later_choice(const Key& key, std::string_view value) {
  return std::ranges::any_of(split(key.allowed, '|'), [value](std::string_view word) {
    return word.starts_with('~') && word.substr(1) == value;
  });
}

std::pair<double, double> bounds(const Key& key) {
  const auto dots = key.allowed.find("..");
  ensure(dots != std::string_view::npos, "a number's key says its bounds");
  return {std::strtod(std::string(key.allowed.substr(0, dots)).c_str(), nullptr),
          std::strtod(std::string(key.allowed.substr(dots + 2)).c_str(), nullptr)};
}

std::string kind_text(const Key& key) {
  switch (key.kind) {
    case Kind::text: return "text";
    case Kind::texts: return "list of texts";
    case Kind::name: return "name";
    case Kind::names: return "name, or list of names";
    case Kind::flag: return "true or false";
    case Kind::count: return fmt::format("whole number {}", key.allowed);
    case Kind::number: return fmt::format("number {}", key.allowed);
    case Kind::duration: return "duration";
    case Kind::span: return "duration, or 0s";
    case Kind::window: return "duration, or forever";
    case Kind::bytes: return "size";
    case Kind::limit: return "size, or none";
    case Kind::money: return "amount, or list of amounts";
    case Kind::decimal: return "decimal amount";
    case Kind::status: return "status";
    case Kind::statuses: return "list of statuses";
    case Kind::pointer: return "JSON Pointer";
    case Kind::selector: return "JSON Pointer or form field";
    case Kind::selectors: return "list of JSON Pointers or form fields";
    case Kind::intent: return "header, or list of facts";
    case Kind::choice: return "one of " + listed(choices_of(key));
    case Kind::choices: return "list of " + listed(choices_of(key));
    case Kind::rates: return "list of rates";
    case Kind::table: return "table";
    case Kind::name_or_table: return "name, or table";
    case Kind::choice_or_table: return fmt::format("table, or \"{}\"", fmt::join(choices_of(key), "\" or \""));
    case Kind::tables: return "list of tables";
    case Kind::texts_or_tables: return "list of texts or tables";
    case Kind::later: return "not in this version";
  }
  unreachable();
}

}  // namespace standin
