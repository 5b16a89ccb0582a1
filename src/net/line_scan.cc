#include "net/line_scan.h"

#include <cstring>
#include <utility>

namespace standin {

/// Where the next line feed is.
std::optional<std::size_t> LineScan::feed(std::string_view input) {
  if (seen_ >= input.size()) return std::nullopt;
  const void* const found = std::memchr(input.data() + seen_, '\n', input.size() - seen_);
  if (found == nullptr) {
    seen_ = input.size();
    return std::nullopt;
  }
  return static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
}

std::optional<std::string_view> LineScan::take(std::string_view& input) {
  const auto end = feed(input);
  if (!end) return std::nullopt;
  const std::string_view line = input.substr(0, *end + 1);
  input.remove_prefix(line.size());
  seen_ = 0;
  return line;
}

std::optional<LineScan::Folded> LineScan::take_folded(std::string_view& input) {
  while (const auto end = feed(input)) {
    const std::string_view line = input.substr(0, *end + 1);
    const bool empty = line == "\n" || line == "\r\n";
    if (!empty && line.size() == input.size()) {
      seen_ = *end;  // whether it goes on is not known yet
      return std::nullopt;
    }
    const bool goes_on = !empty && (input[line.size()] == ' ' || input[line.size()] == '\t');
    if (!goes_on) {
      input.remove_prefix(line.size());
      seen_ = 0;
      return Folded{line, std::exchange(several_, false)};
    }
    several_ = true;
    seen_ = line.size();
  }
  return std::nullopt;
}

}  // namespace standin
