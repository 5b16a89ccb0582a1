#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace standin {

/// Where something stands in the configuration's text; counted from 1, as editors do. Zero: the file as a whole.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Place&) const = default;
};

/// "standin.toml:12:3"
std::string at(const std::string& file, Place place);

/// A parsed TOML value with its places: what the rest of the room sees of TOML.
struct Node {
  enum class Type { text, whole, real, flag, time, list, table };

  Type type = Type::table;
  std::string key;    ///< within its table; "" in a list
  Place key_place;    ///< of the key, or of the value in a list
  Place value_place;  ///< of the value
  std::string text;
  std::int64_t whole = 0;
  double real = 0;
  bool flag = false;
  std::vector<Node> items;  ///< of a list, or a table's entries in the order they are written

  /// The entry of a table at a path such as "timeouts.connect"; null if there is none.
  const Node* find(std::string_view path) const;
  /// The place of the entry at `path`, or of the nearest enclosing one that exists.
  Place place_of(std::string_view path) const;
};

std::string_view name(Node::Type type);

/// The document's root table, or its first syntax error as "file:line:column: message".
Result<Node> parse_tree(std::string_view text, const std::string& file);

}  // namespace standin
