#include "dialect/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "dialect/json_write.h"

namespace standin {
namespace {

FieldValue field_value(JsonValue value) {
  const bool nested = value.kind() == JsonKind::array || value.kind() == JsonKind::object;
  return {value.kind(), nested ? write_json(value, {.sorted = true}) : std::string(value.text())};
}

/// JsonValue::index() of what the selectors point at.
std::vector<std::uint32_t> indexes(const JsonDocument& document, std::span<const Selector> selectors) {
  std::vector<std::uint32_t> found;
  for (const Selector& selector : selectors) {
    if (!selector.pointer()) continue;
    if (const auto value = selector.pointer()->in(document.root())) found.push_back(value->index());
  }
  return found;
}

bool remove(Form& form, std::span<const Selector> selectors) {
  bool removed = false;
  for (const Selector& selector : selectors) {
    if (selector.kind() == BodyKind::form) removed |= form.remove(selector.text());
  }
  return removed;
}

std::optional<std::string> stripped_json(Body& body, std::string_view bytes, std::span<const Selector> stripped) {
  const auto& document = body.json();
  if (!document) return std::nullopt;
  const auto without = indexes(*document, stripped);
  return without.empty() ? std::string(bytes) : write_json(document->root(), {.without = without});
}

std::optional<std::string> stripped_form(Body& body, std::string_view bytes, std::span<const Selector> stripped) {
  Result<Form> form = body.form();
  if (!form) return std::nullopt;
  return remove(*form, stripped) ? form->encoded() : std::string(bytes);
}

}  // namespace

BodyKind body_kind(std::string_view media_type) {
  if (media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json"))
    return BodyKind::json;
  return media_type == "application/x-www-form-urlencoded" ? BodyKind::form : BodyKind::other;
}

Result<Selector> Selector::parse(std::string_view text) {
  Selector selector;
  selector.text_ = text;
  if (text.empty())
    return failure("a field is named by a JSON Pointer such as \"/order/total\" or a form field's name");
  if (text[0] != '/') {
    selector.where_ = std::string(text);
    return selector;
  }
  auto pointer = JsonPointer::parse(text);
  if (!pointer) return std::unexpected(pointer.error());
  selector.where_ = std::move(*pointer);
  return selector;
}

bool Selector::overlaps(const Selector& other) const {
  if (pointer() && other.pointer()) {
    return pointer()->is_within(*other.pointer()) || other.pointer()->is_within(*pointer());
  }
  return text_ == other.text_;
}

BodyKind Body::kind(BodyKind assumed) const {
  const std::string media = media_type(headers_);
  return media.empty() ? assumed : body_kind(media);
}

const Result<JsonDocument>& Body::json() {
  if (!json_) {
    json_ = kind(BodyKind::json) == BodyKind::json ? JsonDocument::parse(bytes_)
                                                   : failure("is not JSON by its Content-Type");
  }
  return *json_;
}

const Result<Form>& Body::form() {
  if (!form_) {
    form_ = kind(BodyKind::form) == BodyKind::form ? Form::parse(bytes_) : failure("is not a form by its Content-Type");
  }
  return *form_;
}

Result<std::optional<FieldValue>> Body::find(const Selector& selector) {
  if (const JsonPointer* pointer = selector.pointer()) {
    const auto& document = json();
    if (!document) return std::unexpected(document.error());
    const auto value = pointer->in(document->root());
    return value ? std::optional(field_value(*value)) : std::nullopt;
  }
  const auto& fields = form();
  if (!fields) return std::unexpected(fields.error());
  const auto value = fields->find(selector.text());
  return value ? std::optional(FieldValue{JsonKind::string, std::string(*value)}) : std::nullopt;
}

std::string canonical_body(Body& body, BodyKind assumed, std::span<const Selector> stripped) {
  const BodyKind kind = body.kind(assumed);
  if (kind == BodyKind::json && body.json()) {
    const auto without = indexes(*body.json(), stripped);
    return write_json(body.json()->root(), {.sorted = true, .without = without});
  }
  if (kind == BodyKind::form && body.form()) {
    Form form = *body.form();
    remove(form, stripped);
    form.sort();
    return form.encoded();
  }
  return std::string(body.bytes());
}

std::optional<std::string> stripped_body(const Request& request, BodyKind assumed, std::span<const Selector> stripped) {
  if (stripped.empty() || request.body.empty()) return request.body;
  Body body(request.headers, request.body);
  switch (body.kind(assumed)) {
    case BodyKind::json: return stripped_json(body, request.body, stripped);
    case BodyKind::form: return stripped_form(body, request.body, stripped);
    case BodyKind::other: return std::nullopt;
  }
  unreachable();
}

}  // namespace standin
