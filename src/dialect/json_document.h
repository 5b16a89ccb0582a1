#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace standin {

/// What is read at most: beyond these a body is refused, so that a hostile one costs bounded memory and stack.
constexpr std::size_t json_bytes_max = 16u << 20;
constexpr std::size_t json_values_max = 200'000;
constexpr std::size_t json_depth_max = 64;

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

/// "null", "boolean", "number"... as docs/dialect-json.md names them.
std::string_view name(JsonKind kind);

class JsonDocument;

/// One value of a document; valid while the document stays where it is.
class JsonValue {
 public:
  JsonKind kind() const;
  bool is_null() const { return kind() == JsonKind::null; }
  /// A string decoded, a number as it was written, "true", "false" or "null"; empty for arrays and objects.
  std::string_view text() const;
  /// Its field name, if it is in an object; else empty.
  std::string_view name() const;
  std::optional<JsonValue> member(std::string_view field) const;
  std::optional<JsonValue> element(std::size_t at) const;
  /// Equal for the same value of the same document alone.
  std::uint32_t index() const { return index_; }

  class Iterator;
  /// The members of an object or the elements of an array, in the order they were written.
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument& document, std::uint32_t index) : document_(&document), index_(index) {}

  const JsonDocument* document_;
  std::uint32_t index_;
};

class JsonValue::Iterator {
 public:
  explicit Iterator(JsonValue at) : at_(at) {}
  JsonValue operator*() const { return at_; }
  Iterator& operator++();
  bool operator==(const Iterator& other) const { return at_.index_ == other.at_.index_; }

 private:
  JsonValue at_;
};

/// A parsed JSON text (RFC 8259), immutable. Numbers stay the digits they were written with: 12.30 is never a double.
class JsonDocument {
 public:
  /// An error says what is wrong and at which line and column, or that a name occurs twice in one object: two readers
  /// could then disagree about the amount, so nobody may read it. It never quotes a value.
  static Result<JsonDocument> parse(std::string_view text);

  JsonValue root() const { return {*this, 0}; }

 private:
  friend class JsonValue;
  friend class JsonBuilder;

  /// Values in the order they were written; the subtree of `i` is [i, nodes_[i].end).
  struct Node {
    JsonKind kind = JsonKind::null;
    std::uint32_t name_at = 0, name_size = 0, text_at = 0, text_size = 0, end = 0;
  };

  std::string_view slice(std::uint32_t at, std::uint32_t size) const {
    return std::string_view(text_).substr(at, size);
  }

  std::vector<Node> nodes_;
  std::string text_;  ///< names and texts, decoded, one after the other
};

/// A field's name as it may be shown in a message: long ones, and ones that could hold an account number, are not.
std::string shown_name(std::string_view field);

}  // namespace standin
