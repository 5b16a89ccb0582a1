#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace standin::sim {

/// A value in a JSON text.
struct JsonField {
  enum class Kind { text, number, flag, null, object, array } kind = Kind::null;
  std::string value;  ///< of text, number and flag, as written; escapes stay as they are
};

/// Every value of a JSON text by its path, "order/id"; the elements of arrays by their number. Nothing if it is not
/// JSON, if anything follows it, or if a name occurs twice in one object.
std::optional<std::map<std::string, JsonField>> json_fields(std::string_view text);

/// Nothing if it is no form, or if a name occurs twice.
std::optional<std::map<std::string, std::string>> form_fields(std::string_view text);

}  // namespace standin::sim
