#include "net/message.h"

#include <algorithm>
#include <limits>

#include "base/result.h"
#include "base/text.h"
#include "net/grammar.h"

namespace standin {
namespace {

bool ends_a_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

}  // namespace

/// Both texts may point into storage_ itself, which is why the old storage lives on until they are copied.
Headers::Span Headers::store_of_line(std::string_view name, std::string_view value) {
  const std::size_t at = storage_.size();
  const std::size_t grown = at + name.size() + value.size();
  ensure(grown <= std::numeric_limits<std::uint32_t>::max(), "header fields fit in 4 GiB");
  if (grown > storage_.capacity()) {
    std::string larger;
    larger.reserve(std::max<std::size_t>(2 * grown, 512));
    append_parts(larger, storage_, name, value);
    storage_.swap(larger);
  } else {
    append_parts(storage_, name, value);
  }
  const auto name_at = static_cast<std::uint32_t>(at);
  const auto name_size = static_cast<std::uint32_t>(name.size());
  return {name_at, name_size, name_at + name_size, static_cast<std::uint32_t>(value.size())};
}

Headers::Span Headers::store(std::string_view name, std::string_view value) {
  const std::size_t at = storage_.size();
  const Span span = store_of_line(name, value);
  if (!grammar::field_value(std::string_view(storage_).substr(at))) {
    std::replace_if(storage_.begin() + static_cast<std::ptrdiff_t>(at), storage_.end(), ends_a_line, ' ');
  }
  return span;
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (equal_ignoring_case(name_of(spans_[i]), name)) return (*this)[i].value;
  }
  return std::nullopt;
}

void Headers::add(std::string_view name, std::string_view value) {
  if (spans_.empty()) spans_.reserve(16);
  spans_.push_back(store(name, value));
}

void Headers::add_of_line(std::string_view name, std::string_view value) {
  if (spans_.empty()) spans_.reserve(16);
  spans_.push_back(store_of_line(name, value));
}

void Headers::set(std::string_view name, std::string_view value) {
  const Span replacement = store(name, value);
  const std::string_view stored_name = name_of(replacement);
  const auto first =
      std::ranges::find_if(spans_, [&](const Span& span) { return equal_ignoring_case(name_of(span), stored_name); });
  if (first == spans_.end()) {
    spans_.push_back(replacement);
    return;
  }
  *first = replacement;
  const auto others = std::remove_if(first + 1, spans_.end(),
                                     [&](const Span& span) { return equal_ignoring_case(name_of(span), stored_name); });
  spans_.erase(others, spans_.end());
}

void Headers::remove(std::string_view name) {
  std::erase_if(spans_, [&](const Span& span) { return equal_ignoring_case(name_of(span), name); });
}

void Headers::remove_prefix(std::string_view prefix) {
  std::erase_if(spans_,
                [&](const Span& span) { return equal_ignoring_case(name_of(span).substr(0, prefix.size()), prefix); });
}

Headers::Field Headers::operator[](std::size_t i) const {
  const Span& span = spans_[i];
  return {name_of(span), {storage_.data() + span.value_at, span.value_size}};
}

std::string media_type(const Headers& headers) {
  const std::string_view value = headers.find("Content-Type").value_or("");
  return lower(trim(value.substr(0, value.find(';'))));
}

}  // namespace standin
