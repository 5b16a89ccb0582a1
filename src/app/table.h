#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

/// Whether standard output is a terminal.
bool on_terminal();
/// Whether it may be coloured: a terminal, and no NO_COLOR (https://no-color.org).
bool may_colour();

/// The text with control characters as "?": what a client once sent must not move the operator's cursor.
std::string printable(std::string_view text);

/// A field of a JSON object as a person reads it: strings bare, null as "-", numbers and booleans as they are.
std::string cell(const boost::json::value& object, std::string_view name);

/// Columns as wide as their widest cell, two spaces between.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }
  /// One line per row; the heads bold if `coloured`.
  std::string text(bool coloured) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Prints the table, or `when_empty` if it has no row.
void print(const Table& table, std::string_view when_empty);

}  // namespace standin
