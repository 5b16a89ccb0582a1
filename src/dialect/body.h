#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "dialect/form.h"
#include "dialect/json_document.h"
#include "dialect/json_pointer.h"
#include "net/message.h"

namespace standin {

/// How a body is read: application/json and ...+json, or application/x-www-form-urlencoded.
enum class BodyKind { json, form, other };
BodyKind body_kind(std::string_view media_type);

/// Where a field is: a JSON Pointer if it starts with "/", else a form field's name.
class Selector {
 public:
  static Result<Selector> parse(std::string_view text);

  const JsonPointer* pointer() const { return std::get_if<JsonPointer>(&where_); }
  BodyKind kind() const { return pointer() ? BodyKind::json : BodyKind::form; }
  const std::string& text() const { return text_; }
  /// Whether one of the two would show the other.
  bool overlaps(const Selector& other) const;

 private:
  std::string text_;
  std::variant<std::string, JsonPointer> where_;
};

/// One field as it was found.
struct FieldValue {
  JsonKind kind = JsonKind::string;  ///< a form's fields are strings
  std::string text;                  ///< decoded; a number as it was written; arrays and objects as canonical JSON
};

/// The fields of a message's body, parsed at most once and only when asked. The message must outlive it.
class Body {
 public:
  Body(const Headers& headers, std::string_view bytes) : headers_(headers), bytes_(bytes) {}

  /// An error if the body is not JSON, or its Content-Type says that it is something else. Without one it is tried.
  const Result<JsonDocument>& json();
  const Result<Form>& form();
  /// Nothing if it is not there; an error if the body cannot be read.
  Result<std::optional<FieldValue>> find(const Selector& selector);
  std::string_view bytes() const { return bytes_; }
  /// By the Content-Type; `assumed` if there is none.
  BodyKind kind(BodyKind assumed) const;

 private:
  const Headers& headers_;
  std::string_view bytes_;
  std::optional<Result<JsonDocument>> json_;
  std::optional<Result<Form>> form_;
};

/// The body in a form that is the same for equal fields, without `stripped`; the bytes themselves if it cannot be read.
std::string canonical_body(Body& body, BodyKind assumed, std::span<const Selector> stripped);
/// The body without `stripped`, otherwise as it was; nothing if it cannot be read, so that what must be left out could
/// hide in it.
std::optional<std::string> stripped_body(const Request& request, BodyKind assumed, std::span<const Selector> stripped);

}  // namespace standin
