#include "dialect/json_pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace standin {
namespace {

Result<std::string> unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out.push_back(token[i]);
      continue;
    }
    ++i;
    if (i == token.size() || (token[i] != '0' && token[i] != '1')) {
      return failure("in a JSON Pointer, ~ is written ~0 and / is written ~1");
    }
    out.push_back(token[i] == '0' ? '~' : '/');
  }
  return out;
}

std::optional<std::size_t> array_index(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

std::optional<JsonValue> child(JsonValue value, std::string_view token) {
  if (value.kind() == JsonKind::object) return value.member(token);
  const auto index = array_index(token);
  return index ? value.element(*index) : std::nullopt;
}

}  // namespace

Result<JsonPointer> JsonPointer::parse(std::string_view text) {
  JsonPointer pointer;
  pointer.text_ = text;
  if (text.empty()) return pointer;
  if (text[0] != '/') return failure(fmt::format("a JSON Pointer starts with \"/\": \"/{}\"?", text));
  for (const std::string_view part : split(text.substr(1), '/')) {
    auto token = unescaped(part);
    if (!token) return failure(token.error().what);
    pointer.tokens_.push_back(std::move(*token));
  }
  return pointer;
}

std::optional<JsonValue> JsonPointer::in(JsonValue value) const {
  std::optional<JsonValue> at = value;
  for (const std::string& token : tokens_) {
    at = child(*at, token);
    if (!at) return std::nullopt;
  }
  return at;
}

bool JsonPointer::is_within(const JsonPointer& outer) const {
  return outer.tokens_.size() <= tokens_.size() &&
         std::ranges::equal(outer.tokens_, std::span(tokens_).first(outer.tokens_.size()));
}

}  // namespace standin
