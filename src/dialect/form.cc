#include "dialect/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialect/json_document.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

/// A field costs at most this many others a comparison when repeated ones are looked for; no real form has as many.
constexpr std::size_t form_fields_max = 10'000;
/// So many are read without growing.
constexpr std::size_t usual_fields = 32;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

constexpr auto stands_for_itself = [] {
  std::array<bool, 256> table{};
  table.fill(true);
  for (const unsigned char c : {'&', '=', '%', '+'}) table[c] = false;
  return table;
}();

/// Decodes what comes before `separator` or "&", takes it from `rest`, and writes it at `to`, which is moved to its
/// end; it can only become shorter. Nothing for a "%" that two hexadecimal digits do not follow.
std::optional<std::string_view> decode_until(char separator, std::string_view& rest, char*& to) {
  const char* from = rest.data();
  const char* const end = from + rest.size();
  char* out = to;
  while (true) {
    const char* const run = from;
    while (from != end && stands_for_itself[static_cast<unsigned char>(*from)]) ++from;
    out = std::copy(run, from, out);
    if (from == end || *from == separator || *from == '&') break;
    const bool encoded = *from == '%';
    const int high = encoded && end - from > 2 ? hex_digit(from[1]) : -1;
    const int low = encoded && end - from > 2 ? hex_digit(from[2]) : -1;
    if (encoded && (high < 0 || low < 0)) return std::nullopt;
    *out++ = encoded ? static_cast<char>(high * 16 + low) : *from == '+' ? ' ' : *from;
    from += encoded ? 3 : 1;
  }
  rest.remove_prefix(static_cast<std::size_t>(from - rest.data()));
  const std::string_view decoded(to, out);
  to = out;
  return decoded;
}

std::string decoded_until(char separator, std::string_view text) {
  std::string out(text.size(), '\0');
  char* to = out.data();
  const auto decoded = decode_until(separator, text, to);
  out.resize(decoded ? decoded->size() : 0);
  return out;
}

/// What is wrong with one text of a form; nothing if nothing is.
std::optional<std::string> wrong_with(const std::optional<std::string_view>& decoded, FormText kind) {
  if (!decoded) return "has a % that two hexadecimal digits do not follow";
  if (kind == FormText::utf8 && !is_utf8(*decoded)) return "has text that is not UTF-8";
  return std::nullopt;
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

std::string Form::name_of(std::string_view pair) { return decoded_until('=', pair); }

std::string Form::value_of(std::string_view pair) {
  const auto equals = pair.find('=');
  return equals == std::string_view::npos ? std::string() : decoded_until('&', pair.substr(equals + 1));
}

Result<Form> Form::parse(std::string_view body, FormText kind) {
  auto form = fields_of(body, kind);
  if (!form) return form;
  if (const auto repeated = repeated_name(form->fields_))
    return failure(fmt::format("names {} twice", shown_name(mended_utf8(*repeated))));
  return form;
}

Result<Form> Form::fields_of(std::string_view body, FormText kind) {
  const auto text = std::make_shared_for_overwrite<char[]>(body.size());
  Form form;
  form.text_ = text;
  form.fields_.reserve(usual_fields);
  char* to = text.get();
  while (!body.empty()) {
    if (body.starts_with('&')) {
      body.remove_prefix(1);
      continue;
    }
    const auto name = decode_until('=', body, to);
    if (auto wrong = wrong_with(name, kind)) return failure(std::move(*wrong));
    if (body.starts_with('=')) body.remove_prefix(1);
    const auto value = decode_until('&', body, to);
    if (auto wrong = wrong_with(value, kind)) return failure(std::move(*wrong));
    form.fields_.push_back({*name, *value});
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
    append_percent_encoded(out, name);
    out.push_back('=');
    append_percent_encoded(out, value);
  }
  return out;
}

}  // namespace standin
