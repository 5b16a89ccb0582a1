#include "dialect/template.h"

#include <fmt/format.h>

#include "base/text.h"
#include "dialect/json_document.h"
#include "dialect/json_write.h"
#include "dialect/plain_text.h"
#include "dialect/template_text.h"

namespace standin {
namespace {

/// Spares the text most of its growing.
constexpr std::size_t usual_value_bytes = 40;

/// Follows whether JSON text is inside a string's quotes.
class QuoteTracker {
 public:
  void follow(std::string_view text) {
    for (const char c : text) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = quoted_;
      } else if (c == '"') {
        quoted_ = !quoted_;
      }
    }
  }
  bool quoted() const { return quoted_; }
  bool after_backslash() const { return escaped_; }

 private:
  bool quoted_ = false;
  bool escaped_ = false;
};

void append_json(std::string& out, const PlaceholderValue& value, bool quoted) {
  if (quoted) return append_json_escaped(out, value.text);
  switch (value.kind) {
    case PlaceholderValue::Kind::missing: out.append("null"); return;
    case PlaceholderValue::Kind::text:
      out.push_back('"');
      append_json_escaped(out, value.text);
      out.push_back('"');
      return;
    case PlaceholderValue::Kind::number:
    case PlaceholderValue::Kind::json: out.append(value.text); return;
  }
}

std::string_view entity(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

void append_markup(std::string& out, std::string_view text) {
  for (const char c : without_controls(text)) {
    if (const auto named = entity(c); !named.empty()) {
      out.append(named);
    } else {
      out.push_back(c);
    }
  }
}

void append(std::string& out, const PlaceholderValue& value, Escape escape, bool quoted) {
  switch (escape) {
    case Escape::json: return append_json(out, value, quoted);
    case Escape::form: out.append(percent_encoded(value.text)); return;
    case Escape::markup: return append_markup(out, value.text);
    case Escape::text: out.append(without_controls(value.text)); return;
  }
}

}  // namespace

Result<Template> Template::compile(std::string_view text, Escape escape) {
  const auto pieces = split_template(text);
  if (!pieces) return std::unexpected(pieces.error());
  Template compiled;
  compiled.escape_ = escape;
  QuoteTracker quotes;
  for (const auto& [is_placeholder, piece] : *pieces) {
    if (!is_placeholder) {
      compiled.text_.append(piece);
      quotes.follow(piece);
      continue;
    }
    if (escape == Escape::json && quotes.after_backslash()) {
      return failure(fmt::format("a backslash stands right before {{{{{}}}}}", piece));
    }
    if (auto added = compiled.add_placeholder(piece, quotes.quoted()); !added) return std::unexpected(added.error());
  }
  if (escape == Escape::json && !text.empty()) {
    if (auto checked = compiled.check_json(); !checked) return std::unexpected(checked.error());
  }
  return compiled;
}

Result<void> Template::add_placeholder(const std::string& text, bool quoted) {
  auto placeholder = Placeholder::parse(text);
  if (!placeholder) return std::unexpected(placeholder.error());
  spots_.push_back({text_.size(), quoted, std::move(*placeholder)});
  return {};
}

/// With text everywhere and with nothing anywhere: where a string and a null may stand, any JSON value may, alone.
Result<void> Template::check_json() const {
  const PlaceholderValue sample{PlaceholderValue::Kind::text, "a \"quoted\\ \n text"};
  const auto with_text = JsonDocument::parse(render([&](const Placeholder&) { return sample; }));
  if (!with_text) return failure("with its placeholders filled in, it " + with_text.error().what);
  const auto with_nothing = JsonDocument::parse(render([](const Placeholder&) { return PlaceholderValue{}; }));
  if (!with_nothing) return failure("when the values of its placeholders are missing, it " + with_nothing.error().what);
  return {};
}

std::string Template::render(const Values& values) const {
  std::string out;
  out.reserve(text_.size() + usual_value_bytes * spots_.size());
  std::size_t at = 0;
  for (const Spot& spot : spots_) {
    out.append(text_, at, spot.at - at);
    append(out, values(spot.placeholder), escape_, spot.quoted);
    at = spot.at;
  }
  return out.append(text_, at);
}

const Placeholder* Template::echoing(const Selector& stripped) const {
  for (const Spot& spot : spots_) {
    if (spot.placeholder.selector && spot.placeholder.selector->overlaps(stripped)) return &spot.placeholder;
  }
  return nullptr;
}

}  // namespace standin
