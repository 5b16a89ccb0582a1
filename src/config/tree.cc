#include "config/tree.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace standin {
namespace {

Place place(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }

Node convert(const toml::node& from);

void convert_table(const toml::table& from, Node& to) {
  to.type = Node::Type::table;
  for (const auto& [key, value] : from) {
    Node entry = convert(value);
    entry.key = std::string(key.str());
    entry.key_place = place(key.source());
    to.items.push_back(std::move(entry));
  }
  std::ranges::stable_sort(to.items, {}, &Node::key_place);
}

void convert_list(const toml::array& from, Node& to) {
  to.type = Node::Type::list;
  for (const toml::node& item : from) to.items.push_back(convert(item));
}

Node convert(const toml::node& from) {
  Node to;
  to.value_place = to.key_place = place(from.source());
  from.visit([&to](const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (toml::is_table<Value>) {
      convert_table(value, to);
    } else if constexpr (toml::is_array<Value>) {
      convert_list(value, to);
    } else if constexpr (toml::is_string<Value>) {
      to.type = Node::Type::text;
      to.text = value.get();
    } else if constexpr (toml::is_integer<Value>) {
      to.type = Node::Type::whole;
      to.whole = value.get();
    } else if constexpr (toml::is_floating_point<Value>) {
      to.type = Node::Type::real;
      to.real = value.get();
    } else if constexpr (toml::is_boolean<Value>) {
      to.type = Node::Type::flag;
      to.flag = value.get();
    } else {
      to.type = Node::Type::time;
    }
  });
  return to;
}

const Node* entry_of(const Node& table, std::string_view key) {
  if (table.type != Node::Type::table) return nullptr;
  const auto found = std::ranges::find(table.items, key, &Node::key);
  return found == table.items.end() ? nullptr : &*found;
}

}  // namespace

std::string at(const std::string& file, Place place) {
  if (place.line == 0) return file;
  return fmt::format("{}:{}:{}", file, place.line, place.column);
}

const Node* Node::find(std::string_view path) const {
  const auto dot = path.find('.');
  const Node* entry = entry_of(*this, path.substr(0, dot));
  if (entry == nullptr || dot == std::string_view::npos) return entry;
  return entry->find(path.substr(dot + 1));
}

Place Node::place_of(std::string_view path) const {
  const auto dot = path.find('.');
  const Node* entry = entry_of(*this, path.substr(0, dot));
  if (entry == nullptr) return key_place;
  if (dot == std::string_view::npos) return entry->key_place;
  return entry->place_of(path.substr(dot + 1));
}

std::string_view name(Node::Type type) {
  switch (type) {
    case Node::Type::text: return "a text";
    case Node::Type::whole: return "a whole number";
    case Node::Type::real: return "a number with a point";
    case Node::Type::flag: return "true or false";
    case Node::Type::time: return "a date or time";
    case Node::Type::list: return "a list";
    case Node::Type::table: return "a table";
  }
  unreachable();
}

Result<Node> parse_tree(std::string_view text, const std::string& file) {
  try {
    return convert(toml::parse(text, file));
  } catch (const toml::parse_error& error) {
    return failure(fmt::format("{}: {}", at(file, place(error.source())), error.description()));
  }
}

}  // namespace standin
