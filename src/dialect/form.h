#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace standin {

/// What a form's fields may hold: some clients still send names of people in Latin-1.
enum class FormText { utf8, any_bytes };

/// The fields of an application/x-www-form-urlencoded body, decoded, in the order they came.
class Form {
 public:
  /// Valid as long as a form that has it, or a copy of that form.
  struct Field {
    std::string_view name, value;
    auto operator<=>(const Field&) const = default;
  };

  /// An error for a "%" that two hexadecimal digits do not follow, for text that is not UTF-8 where that is asked for,
  /// and for a field that is repeated: two readers could disagree about which one counts.
  static Result<Form> parse(std::string_view body, FormText kind = FormText::utf8);

  /// The same, but for repeated fields, which the caller looks for by rules of its own.
  static Result<Form> fields_of(std::string_view body, FormText kind);

  /// The decoded name of one pair of a body, whatever bytes it holds; "" if it cannot be decoded.
  static std::string name_of(std::string_view pair);
  /// The same of its value.
  static std::string value_of(std::string_view pair);

  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }
  /// True if there was one.
  bool remove(std::string_view name);
  void sort();
  std::string encoded() const;

 private:
  std::shared_ptr<const char[]> text_;  ///< the body, decoded, which the fields view; copies of a form share it
  std::vector<Field> fields_;
};

}  // namespace standin
