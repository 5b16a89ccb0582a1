#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

/// What a key's value may be.
enum class Kind {
  text,      ///< any text
  texts,     ///< a list of texts
  name,      ///< letters, digits, '-' and '_'
  names,     ///< a name, or a list of them
  flag,      ///< true or false
  count,     ///< a whole number within `allowed`
  number,    ///< a number within `allowed`
  duration,  ///< "15s", more than nothing
  span,      ///< "15s" or "0s"
  window,    ///< "24h" or "forever"
  bytes,     ///< "1MiB", more than nothing
  limit,     ///< "1MiB" or "none"
  money,     ///< "25.00 USD", or a list of them, one for each currency
  decimal,   ///< "25.00", in the currency that the key names
  status,    ///< 200
  statuses,  ///< [200, 204]
  pointer,   ///< a JSON Pointer (RFC 6901)
  selector,  ///< a JSON Pointer, or the name of a form field
  selectors,
  intent,   ///< a header's name, a list of facts or JSON Pointers, or "none"
  choice,   ///< one of `allowed`
  choices,  ///< a list of them
  rates,    ///< a list of "45/min"
  table,
  name_or_table,
  choice_or_table,
  tables,           ///< [[...]]
  texts_or_tables,  ///< a list of either
  later,            ///< of a feature that this version does not have
};

/// One accepted key. The unknown-key check, the type check and docs/configuration.md's test all read this one table.
struct Key {
  /// A segment in capitals stands for any name: "upstream.NAME.targets".
  std::string_view path;
  Kind kind = Kind::text;
  /// "least-busy|random|~scoreboard" for a choice (~: known, but not in this version); "1..1024" for a number.
  std::string_view allowed;
  /// The default as TOML, "required", or "" for none.
  std::string_view fallback;
  /// One line for docs/configuration.md; of a `later` key, what it belongs to.
  std::string_view meaning;
  /// Said in addition when the value has the wrong type, or is none of the choices.
  std::string_view hint = {};
};

constexpr std::string_view required = "required";

std::span<const Key> keys();

/// The key that `path` (one element for each segment) is, or null.
const Key* find_key(std::span<const std::string> path);
/// The keys one segment longer than `path`, but for wildcards and those of later versions.
std::vector<const Key*> keys_below(std::span<const std::string> path);
/// "targets" of "upstream.NAME.targets".
std::string_view last_segment(const Key& key);

/// "duration", "one of hold, replay, reverse", "whole number 1..1024".
std::string kind_text(const Key& key);
/// The choices of this version.
std::vector<std::string> choices_of(const Key& key);
/// Whether `value` is a choice that a later version may have.
bool is_later_choice(const Key& key, std::string_view value);
/// Lowest and highest of a number's `allowed`.
std::pair<double, double> bounds(const Key& key);

}  // namespace standin
