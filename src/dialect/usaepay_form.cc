#include "dialect/usaepay_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialect/json_document.h"
#include "dialect/plain_text.h"

namespace standin {
namespace {

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Any order will do in which those that are equal without regard to case come together.
bool precedes_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::ranges::lexicographical_compare(a, b, {}, lower_letter, lower_letter);
}

/// Most names are as they are written.
bool is_named(std::string_view piece, std::string_view name) {
  const std::string_view written = piece.substr(0, piece.find('='));
  if (written.find_first_of("%+") == std::string_view::npos) return equal_ignoring_case(written, name);
  return equal_ignoring_case(Form::name_of(piece), name);
}

void append_piece(std::string& body, std::string_view piece) {
  if (!body.empty()) body.push_back('&');
  body.append(piece);
}

}  // namespace

Result<UsaepayForm> UsaepayForm::parse(std::string_view body) {
  auto form = Form::fields_of(body, FormText::any_bytes);
  if (!form) return std::unexpected(form.error());
  std::vector<std::string_view> names;
  names.reserve(form->fields().size());
  for (const auto& field : form->fields()) names.push_back(field.name);
  std::ranges::sort(names, precedes_ignoring_case);
  if (const auto twice = std::ranges::adjacent_find(names, equal_ignoring_case); twice != names.end())
    return failure(fmt::format("names {} twice", shown_name(mended_utf8(lower(*twice)))));
  UsaepayForm parsed;
  parsed.form_ = std::move(*form);
  return parsed;
}

std::optional<std::string_view> UsaepayForm::find(std::string_view name) const {
  const auto at =
      std::ranges::find_if(fields(), [&](const Form::Field& field) { return equal_ignoring_case(field.name, name); });
  return at == fields().end() ? std::nullopt : std::optional<std::string_view>(at->value);
}

bool UsaepayForm::is_true(std::string_view name) const {
  constexpr std::array<std::string_view, 6> yes{"1", "y", "yes", "t", "true", "on"};
  return std::ranges::find(yes, lower(trim(find(name).value_or("")))) != yes.end();
}

std::optional<std::string> field_of(std::string_view body, std::string_view name) {
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, body.find('&'));
    if (is_named(piece, name)) return Form::value_of(piece);
    body.remove_prefix(std::min(piece.size() + 1, body.size()));
  }
  return std::nullopt;
}

std::string with_field(std::string_view body, std::string_view name, std::string_view value) {
  const std::string wanted = percent_encoded(name) + "=" + percent_encoded(value);
  std::string changed;
  changed.reserve(body.size() + wanted.size() + 1);
  bool replaced = false;
  for (const std::string_view piece : split(body, '&')) {
    const bool is_it = !replaced && is_named(piece, name);
    const auto equals = piece.find('=');
    if (piece.data() != body.data()) changed.push_back('&');
    if (is_it) {
      changed.append(piece.substr(0, equals)).append("=").append(percent_encoded(value));
    } else {
      changed.append(piece);
    }
    replaced |= is_it;
  }
  if (!replaced) append_piece(changed, wanted);
  return changed;
}

std::string without_fields(std::string_view body, const std::function<bool(std::string_view name)>& unwanted) {
  std::string kept;
  for (const std::string_view piece : split(body, '&')) {
    if (!piece.empty() && !unwanted(Form::name_of(piece))) append_piece(kept, piece);
  }
  return kept;
}

}  // namespace standin
