#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "dialect/form.h"
#include "net/message.h"

namespace standin {

/// Without regard to case. The vendor's names that are of one size mostly differ in their last letter.
inline bool is_same_name(std::string_view a, std::string_view b) {
  constexpr int case_bit = 'a' ^ 'A';
  return a.size() == b.size() && (a.empty() || (a.back() | case_bit) == (b.back() | case_bit)) &&
         equal_ignoring_case(a, b);
}

/// The UM fields of a body. Names compare without regard to case, so that nothing hides in "UMCVV2".
class UsaepayForm {
 public:
  /// An error for what Form::parse refuses and for two names that differ in case alone.
  static Result<UsaepayForm> parse(std::string_view body);

  std::optional<std::string_view> find(std::string_view name) const;
  /// "" if it is absent. Valid as long as the form, as Form::Field is.
  std::string_view text(std::string_view name) const { return find(name).value_or(""); }
  /// The vendor's "yes": 1, y, yes, t, true, on.
  bool is_true(std::string_view name) const;
  const std::vector<Form::Field>& fields() const { return form_.fields(); }

 private:
  Form form_;
};

/// The value of one field of a body that `parse` takes, without reading the others; nothing if it is not there.
std::optional<std::string> field_of(std::string_view body, std::string_view name);
/// The body with one field's value replaced, or with the field added at its end; every other byte as it was.
std::string with_field(std::string_view body, std::string_view name, std::string_view value);
/// The body without the fields whose decoded names `unwanted` says yes to; every other byte as it was.
std::string without_fields(std::string_view body, const std::function<bool(std::string_view name)>& unwanted);

}  // namespace standin
