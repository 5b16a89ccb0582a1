#include "dialect/form.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "dialect/json_document.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

/// A field costs at most this many others a comparison when repeated ones are looked for; no real form has as many.
constexpr std::size_t form_fields_max = 10'000;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Most texts of a form are as they are written: they are copied in one go.
Result<std::string> decoded(std::string_view text, FormText kind) {
  const std::size_t plain = std::min(text.find_first_of("%+"), text.size());
  std::string out(text.substr(0, plain));
  for (std::size_t i = plain; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return failure("has a % that two hexadecimal digits do not follow");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (kind == FormText::utf8 && !is_utf8(out)) return failure("has text that is not UTF-8");
  return out;
}

Result<Form::Field> decoded_field(std::string_view pair, FormText kind) {
  const auto equals = pair.find('=');
  auto name = decoded(pair.substr(0, equals), kind);
  if (!name) return failure(name.error().what);
  auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), kind);
  if (!value) return failure(value.error().what);
  return Form::Field{std::move(*name), std::move(*value)};
}

std::optional<std::string> repeated_name(const std::vector<Form::Field>& fields) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.push_back(field.name);
  std::ranges::sort(names);
  const auto repeated = std::ranges::adjacent_find(names);
  return repeated == names.end() ? std::nullopt : std::optional<std::string>(*repeated);
}

}  // namespace

std::string Form::name_of(std::string_view pair) {
  return decoded(pair.substr(0, pair.find('=')), FormText::any_bytes).value_or("");
}

std::string Form::value_of(std::string_view pair) {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos) return {};
  return decoded(pair.substr(equals + 1), FormText::any_bytes).value_or("");
}

Result<Form> Form::parse(std::string_view body, FormText text) {
  auto form = fields_of(body, text);
  if (!form) return form;
  if (const auto repeated = repeated_name(form->fields_))
    return failure(fmt::format("names {} twice", shown_name(mended_utf8(*repeated))));
  return form;
}

Result<Form> Form::fields_of(std::string_view body, FormText text) {
  Form form;
  const auto pairs = static_cast<std::size_t>(std::ranges::count(body, '&')) + 1;
  form.fields_.reserve(std::min(pairs, form_fields_max));
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
    if (pair.empty()) continue;
    auto field = decoded_field(pair, text);
    if (!field) return failure(field.error().what);
    form.fields_.push_back(std::move(*field));
    if (form.fields_.size() > form_fields_max) return failure("has more fields than are read");
  }
  return form;
}

std::optional<std::string_view> Form::find(std::string_view name) const {
  const auto at = std::ranges::find(fields_, name, &Field::name);
  return at == fields_.end() ? std::nullopt : std::optional<std::string_view>(at->value);
}

bool Form::remove(std::string_view name) {
  return std::erase_if(fields_, [&](const Field& field) { return field.name == name; }) > 0;
}

void Form::sort() { std::ranges::sort(fields_); }

std::string Form::encoded() const {
  std::string out;
  for (const auto& [name, value] : fields_) {
    if (!out.empty()) out.push_back('&');
    out.append(percent_encoded(name)).append("=").append(percent_encoded(value));
  }
  return out;
}

}  // namespace standin
