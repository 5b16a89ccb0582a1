#include "app/table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/result.h"

namespace standin {
namespace {

/// Characters, not bytes; East Asian wide ones count as one.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

bool on_terminal() { return isatty(STDOUT_FILENO) == 1; }

bool may_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return on_terminal() && (no_color == nullptr || *no_color == '\0');
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; at < out.size(); ++at) {
    const auto byte = static_cast<unsigned char>(out[at]);
    // U+0080 to U+009F, C2 80 to C2 9F in UTF-8, are control characters too: some terminals obey them.
    const bool c1 = byte == 0xC2 && at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F) out[at] = '?';
    if (c1) out.replace(at, 2, "?");
  }
  return out;
}

std::string cell(const boost::json::value& object, std::string_view name) {
  const auto* fields = object.if_object();
  const auto* value = fields == nullptr ? nullptr : fields->if_contains(name);
  if (value == nullptr || value->is_null()) return "-";
  if (!value->is_string()) return boost::json::serialize(*value);
  const auto& text = value->get_string();
  return text.empty() ? "-" : printable(std::string_view(text.data(), text.size()));
}

void Table::add(std::vector<std::string> cells) {
  ensure(cells.size() == rows_.front().size(), "a table's rows have as many cells as it has heads");
  rows_.push_back(std::move(cells));
}

std::string Table::text(bool coloured) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line += rows_[r][i] + std::string(widths[i] - width(rows_[r][i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += r == 0 && coloured ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }
  return out;
}

void print(const Table& table, std::string_view when_empty) {
  if (table.empty()) {
    fmt::print("{}\n", when_empty);
  } else {
    fmt::print("{}", table.text(may_colour()));
  }
}

}  // namespace standin
