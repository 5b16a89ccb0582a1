#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace standin {

/// One JSON object on one line, written field by field in the order given. What is written is valid JSON and valid
/// UTF-8 whatever the values hold: a client cannot forge a line by sending a newline or a quote. Names are ours, and
/// written as they are.
class JsonLine {
 public:
  JsonLine() {
    line_.reserve(usual_bytes);
    line_.push_back('{');
  }

  JsonLine& text(std::string_view name, std::string_view value);
  /// Left out when empty.
  JsonLine& text_if_any(std::string_view name, std::string_view value);
  JsonLine& number(std::string_view name, std::int64_t value);
  /// Milliseconds with three decimals, of a span that is not negative.
  JsonLine& milliseconds(std::string_view name, std::int64_t nanoseconds);

  /// The fields alone, without the braces around them.
  std::string_view fields() const { return std::string_view(line_).substr(1); }
  /// All of it; nothing more can be added.
  std::string_view object();

 private:
  std::string_view before() const;
  void name(std::string_view name);

  /// Spares the line its growing.
  static constexpr std::size_t usual_bytes = 400;
  std::string line_;
};

/// The text with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// Appends `value` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view value);

}  // namespace standin
