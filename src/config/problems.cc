#include "config/problems.h"

#include <algorithm>

namespace standin {

std::vector<std::string> Problems::lines(Found found) const {
  std::ranges::stable_sort(found, {}, &Found::value_type::first);
  std::vector<std::string> lines;
  lines.reserve(found.size());
  for (const auto& [place, message] : found) lines.push_back(at(file_, place) + ": " + message);
  return lines;
}

}  // namespace standin
