#include "dialect/json_write.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace standin {
namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out.append("\\\""); return;
    case '\\': out.append("\\\\"); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

bool needs_escape(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

class Writer {
 public:
  explicit Writer(const JsonWriting& how) : how_(how) { out.reserve(usual_bytes); }

  void write(JsonValue value) {
    switch (value.kind()) {
      case JsonKind::null:
      case JsonKind::boolean:
      case JsonKind::number: out.append(value.text()); return;
      case JsonKind::string: return quote(value.text());
      case JsonKind::array: return write_children(value, '[', ']');
      case JsonKind::object: return write_children(value, '{', '}');
    }
  }

  std::string out;

 private:
  void quote(std::string_view text) {
    out.push_back('"');
    append_json_escaped(out, text);
    out.push_back('"');
  }

  using Member = std::pair<std::string_view, JsonValue>;

  std::vector<Member> kept(JsonValue parent) const {
    std::vector<Member> children;
    children.reserve(usual_members);
    for (const JsonValue child : parent) {
      const bool without = std::ranges::find(how_.without, child.index()) != how_.without.end();
      if (!without) children.emplace_back(child.name(), child);
    }
    if (how_.sorted && parent.kind() == JsonKind::object) std::ranges::sort(children, {}, &Member::first);
    return children;
  }

  void write_children(JsonValue parent, char open, char close) {
    const bool named = parent.kind() == JsonKind::object;
    out.push_back(open);
    bool first = true;
    for (const auto& [name, child] : kept(parent)) {
      if (!std::exchange(first, false)) out.push_back(',');
      if (named) {
        quote(name);
        out.push_back(':');
      }
      write(child);
    }
    out.push_back(close);
  }

  /// Spares the text and the vector most of their growing.
  static constexpr std::size_t usual_bytes = 1000, usual_members = 16;

  const JsonWriting& how_;
};

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto plain = std::ranges::find_if(text, needs_escape) - text.begin();
    out.append(text.substr(0, static_cast<std::size_t>(plain)));
    text.remove_prefix(static_cast<std::size_t>(plain));
    if (text.empty()) return;
    append_escaped(out, text.front());
    text.remove_prefix(1);
  }
}

std::string write_json(JsonValue value, const JsonWriting& how) {
  Writer writer(how);
  writer.write(value);
  return std::move(writer.out);
}

}  // namespace standin
