#include "dialect/json_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <utility>

namespace standin {

namespace json = boost::json;

/// The handler of Boost.JSON's SAX parser. Every callback returns false after setting `ec` to stop.
class JsonBuilder {
 public:
  /// For a text of that size: names and values take no more.
  explicit JsonBuilder(std::size_t bytes) {
    document_.text_.reserve(bytes);
    document_.nodes_.reserve(std::min(bytes, bytes_before_growth) / bytes_per_value);
    names_.reserve(usual_members);
    open_.reserve(usual_depth);
  }

  static constexpr std::size_t max_object_size = json_values_max;
  static constexpr std::size_t max_array_size = json_values_max;
  static constexpr std::size_t max_key_size = json_bytes_max;
  static constexpr std::size_t max_string_size = json_bytes_max;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& ec) { return open(JsonKind::object, ec); }
  bool on_object_end(std::size_t, json::error_code& ec) { return close() && names_differ(ec); }
  bool on_array_begin(json::error_code& ec) { return open(JsonKind::array, ec); }
  bool on_array_end(std::size_t, json::error_code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
  bool on_key(json::string_view part, std::size_t size, json::error_code&) {
    keep(part);
    name_size_ = static_cast<std::uint32_t>(size);
    name_at_ = text_size() - name_size_;
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
  bool on_string(json::string_view part, std::size_t size, json::error_code& ec) {
    keep(part);
    return add(JsonKind::string, size, ec);
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    number_size_ += part.size();
    return keep(part);
  }
  bool on_int64(std::int64_t, json::string_view part, json::error_code& ec) { return number(part, ec); }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code& ec) { return number(part, ec); }
  bool on_double(double, json::string_view part, json::error_code& ec) { return number(part, ec); }
  bool on_bool(bool value, json::error_code& ec) { return word(JsonKind::boolean, value ? "true" : "false", ec); }
  bool on_null(json::error_code& ec) { return word(JsonKind::null, "null", ec); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  JsonDocument take() { return std::move(document_); }
  const std::optional<std::string>& repeated_name() const { return repeated_name_; }

 private:
  std::uint32_t text_size() const { return static_cast<std::uint32_t>(document_.text_.size()); }

  bool keep(json::string_view part) {
    document_.text_.append(part.data(), part.size());
    return true;
  }

  bool number(json::string_view part, json::error_code& ec) {
    const std::size_t size = std::exchange(number_size_, 0) + part.size();
    keep(part);
    return add(JsonKind::number, size, ec);
  }

  bool word(JsonKind kind, std::string_view text, json::error_code& ec) {
    document_.text_.append(text);
    return add(kind, text.size(), ec);
  }

  /// Adds a value whose text is the last `size` bytes kept.
  bool add(JsonKind kind, std::size_t size, json::error_code& ec) {
    if (document_.nodes_.size() >= json_values_max) {
      ec = json::make_error_code(json::error::array_too_large);
      return false;
    }
    const auto bytes = static_cast<std::uint32_t>(size);
    const auto end = static_cast<std::uint32_t>(document_.nodes_.size() + 1);
    document_.nodes_.push_back({.kind = kind,
                                .name_at = name_at_,
                                .name_size = std::exchange(name_size_, 0),
                                .text_at = text_size() - bytes,
                                .text_size = bytes,
                                .end = end});
    return true;
  }

  bool open(JsonKind kind, json::error_code& ec) {
    if (!add(kind, 0, ec)) return false;
    open_.push_back(document_.nodes_.size() - 1);
    return true;
  }

  bool close() {
    closed_ = open_.back();
    open_.pop_back();
    document_.nodes_[closed_].end = static_cast<std::uint32_t>(document_.nodes_.size());
    return true;
  }

  /// Of the object just closed. Shorter names come first: most differ in their length.
  bool names_differ(json::error_code& ec) {
    names_.clear();
    const auto& nodes = document_.nodes_;
    for (std::size_t i = closed_ + 1; i < nodes[closed_].end; i = nodes[i].end) {
      names_.push_back(document_.slice(nodes[i].name_at, nodes[i].name_size));
    }
    std::ranges::sort(names_, [](std::string_view a, std::string_view b) {
      return a.size() == b.size() ? a < b : a.size() < b.size();
    });
    const auto repeated = std::ranges::adjacent_find(names_);
    if (repeated == names_.end()) return true;
    repeated_name_ = std::string(*repeated);
    ec = json::make_error_code(json::error::syntax);
    return false;
  }

  /// A guess that spares the vector most of its growing, for bodies of a usual size.
  static constexpr std::size_t bytes_per_value = 16, bytes_before_growth = 64 << 10;
  static constexpr std::size_t usual_members = 16, usual_depth = 8;

  JsonDocument document_;
  std::vector<std::size_t> open_;
  std::size_t closed_ = 0;
  std::uint32_t name_at_ = 0, name_size_ = 0;
  std::size_t number_size_ = 0;
  std::vector<std::string_view> names_;
  std::optional<std::string> repeated_name_;
};

namespace {

std::string position(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto line_start = before.rfind('\n');
  const std::size_t column = line_start == std::string_view::npos ? at + 1 : at - line_start;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > json_bytes_max) return failure("is larger than is read as JSON");
  if (text.empty()) return failure("is empty, not JSON");
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::basic_parser<JsonBuilder> parser(options, text.size());
  json::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (const auto& repeated = parser.handler().repeated_name()) {
    return failure(fmt::format("names {} twice", shown_name(*repeated)));
  }
  if (ec) return failure(fmt::format("is not JSON: {} at {}", ec.message(), position(text, used)));
  if (used != text.size()) return failure(fmt::format("goes on after its JSON at {}", position(text, used)));
  return parser.handler().take();
}

std::string_view name(JsonKind kind) {
  switch (kind) {
    case JsonKind::null: return "null";
    case JsonKind::boolean: return "boolean";
    case JsonKind::number: return "number";
    case JsonKind::string: return "string";
    case JsonKind::array: return "array";
    case JsonKind::object: return "object";
  }
  unreachable();
}

JsonKind JsonValue::kind() const { return document_->nodes_[index_].kind; }

std::string_view JsonValue::text() const {
  const auto& node = document_->nodes_[index_];
  return document_->slice(node.text_at, node.text_size);
}

std::string_view JsonValue::name() const {
  const auto& node = document_->nodes_[index_];
  return document_->slice(node.name_at, node.name_size);
}

JsonValue::Iterator JsonValue::begin() const { return Iterator({*document_, index_ + 1}); }
JsonValue::Iterator JsonValue::end() const { return Iterator({*document_, document_->nodes_[index_].end}); }

JsonValue::Iterator& JsonValue::Iterator::operator++() {
  at_.index_ = at_.document_->nodes_[at_.index_].end;
  return *this;
}

std::optional<JsonValue> JsonValue::member(std::string_view field) const {
  if (kind() != JsonKind::object) return std::nullopt;
  for (const JsonValue child : *this) {
    if (child.name() == field) return child;
  }
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::element(std::size_t at) const {
  if (kind() != JsonKind::array) return std::nullopt;
  for (const JsonValue child : *this) {
    if (at-- == 0) return child;
  }
  return std::nullopt;
}

std::string shown_name(std::string_view field) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const bool unfit = field.empty() || field.size() > 60 || std::ranges::count_if(field, is_digit) >= 13 ||
                     std::ranges::any_of(field, is_control);
  return unfit ? "a field" : std::string(field);
}

}  // namespace standin
