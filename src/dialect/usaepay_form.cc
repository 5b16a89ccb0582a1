#include "dialect/usaepay_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>

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

/// The same for names that are equal without regard to case, and of others seldom.
std::size_t mark_of(std::string_view name) {
  constexpr std::uint64_t case_bits = 0x2020202020202020;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::memcpy(&first, name.data(), std::min(name.size(), sizeof first));
  if (name.size() > sizeof last) std::memcpy(&last, name.data() + name.size() - sizeof last, sizeof last);
  const std::uint64_t mixed = (first | case_bits) * 0x9e3779b97f4a7c15 + (last | case_bits) * 0xc2b2ae3d27d4eb4f;
  return (mixed + name.size() * 0x165667b19e3779f9) >> 53;
}

/// Tells most forms that name nothing twice without comparing any names.
bool may_name_twice(const std::vector<Form::Field>& fields) {
  std::bitset<2048> seen;
  return std::ranges::any_of(fields, [&](const Form::Field& field) {
    const std::size_t mark = mark_of(field.name);
    const bool known = seen[mark];
    seen.set(mark);
    return known;
  });
}

std::optional<std::string_view> named_twice(const std::vector<Form::Field>& fields) {
  if (!may_name_twice(fields)) return std::nullopt;
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.push_back(field.name);
  std::ranges::sort(names, is_before);
  const auto twice = std::ranges::adjacent_find(names, is_same_name);
  return twice == names.end() ? std::nullopt : std::optional(*twice);
}

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
  if (const auto twice = named_twice(form->fields()))
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
