#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dialect/json_document.h"

namespace standin {

struct JsonWriting {
  bool sorted = false;                     ///< members by name, so that equal objects are written alike
  std::span<const std::uint32_t> without;  ///< JsonValue::index() of what is left out
};

/// Compact JSON text of a value, numbers as they were written.
std::string write_json(JsonValue value, const JsonWriting& how = {});

/// What stands between a string's quotes. `text` must be UTF-8.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace standin
