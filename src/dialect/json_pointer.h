#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/json_document.h"

namespace standin {

/// A JSON Pointer (RFC 6901).
class JsonPointer {
 public:
  /// "" is the whole document; else it starts with "/", and "~" is followed by 0 or 1.
  static Result<JsonPointer> parse(std::string_view text);

  /// Array elements by index without leading zeros.
  std::optional<JsonValue> in(JsonValue value) const;
  /// Whether what this points at is, or lies inside, what `outer` points at.
  bool is_within(const JsonPointer& outer) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> tokens_;
};

}  // namespace standin
