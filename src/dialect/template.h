#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/placeholder.h"

namespace standin {

/// How values are made harmless where they are put.
enum class Escape {
  json,    ///< inside quotes: escaped; outside: a whole JSON value
  form,    ///< percent-encoded
  markup,  ///< HTML or XML: & < > " ' as entities, control characters left out
  text,    ///< control characters left out
};

/// A text with placeholders, compiled once.
class Template {
 public:
  using Values = std::function<PlaceholderValue(const Placeholder&)>;

  /// For json, an error if the result would not be JSON for some values.
  static Result<Template> compile(std::string_view text, Escape escape);
  std::string render(const Values& values) const;
  bool has_placeholders() const { return !spots_.empty(); }
  /// Whether it would show a field that `stripped` says may not be kept.
  const Placeholder* echoing(const Selector& stripped) const;

 private:
  /// A placeholder after so much of the text.
  struct Spot {
    std::size_t at = 0;
    bool quoted = false;  ///< inside a JSON string
    Placeholder placeholder;
  };
  Result<void> add_placeholder(const std::string& text, bool quoted);
  Result<void> check_json() const;

  Escape escape_ = Escape::text;
  std::string text_;  ///< without the placeholders
  std::vector<Spot> spots_;
};

}  // namespace standin
