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

/// Any order will do in which those that are equal without regard to case come together: from their ends, where most
/// differ.
constexpr auto is_before = [](std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend(),
                                      [](char x, char y) { return lower_letter(x) < lower_letter(y); });
};

/// Most names are as they are written.
bool is_named(std::string_view piece, std::string_view name) {
  const std::string_view written = piece.substr(0, piece.find('='));
  if (written.size() <= name.size() || !written.contains('%')) return is_same_name(written, name);
  return is_same_name(Form::name_of(piece), name);
}

/// The piece of a body that has the field; nothing if none has.
std::optional<std::string_view> piece_named(std::string_view body, std::string_view name) {
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, body.find('&'));
    if (is_named(piece, name)) return piece;
    body.remove_prefix(std::min(piece.size() + 1, body.size()));
  }
  return std::nullopt;
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
  std::ranges::sort(names, is_before);
  if (const auto twice = std::ranges::adjacent_find(names, is_same_name); twice != names.end())
    return failure(fmt::format("names {} twice", shown_name(mended_utf8(lower(*twice)))));
  UsaepayForm parsed;
  parsed.form_ = std::move(*form);
  return parsed;
}

std::optional<std::string_view> UsaepayForm::find(std::string_view name) const {
  for (const Form::Field& field : fields()) {
    if (is_same_name(field.name, name)) return field.value;
  }
  return std::nullopt;
}

bool UsaepayForm::is_true(std::string_view name) const {
  constexpr std::array<std::string_view, 6> yes{"1", "y", "yes", "t", "true", "on"};
  return std::ranges::find(yes, lower(trim(find(name).value_or("")))) != yes.end();
}

std::optional<std::string> field_of(std::string_view body, std::string_view name) {
  const auto piece = piece_named(body, name);
  return piece ? std::optional(Form::value_of(*piece)) : std::nullopt;
}

std::string with_field(std::string_view body, std::string_view name, std::string_view value) {
  const std::string encoded = percent_encoded(value);
  const auto piece = piece_named(body, name);
  std::string changed;
  changed.reserve(body.size() + name.size() + encoded.size() + 2);
  if (!piece) {
    changed.append(body);
    append_piece(changed, percent_encoded(name) + "=" + encoded);
    return changed;
  }
  const auto at = static_cast<std::size_t>(piece->data() - body.data());
  const std::string_view written_name = piece->substr(0, piece->find('='));
  changed.append(body.substr(0, at)).append(written_name).append("=").append(encoded);
  return changed.append(body.substr(at + piece->size()));
}

std::string without_fields(std::string_view body, const std::function<bool(std::string_view name)>& unwanted) {
  std::string kept;
  for (const std::string_view piece : split(body, '&')) {
    if (!piece.empty() && !unwanted(Form::name_of(piece))) append_piece(kept, piece);
  }
  return kept;
}

}  // namespace standin
