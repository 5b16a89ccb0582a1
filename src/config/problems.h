#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/tree.h"

namespace standin {

/// Collects everything that is wrong with one configuration file, and everything that is risky in it.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void error(Place place, std::string message) { errors_.emplace_back(place, std::move(message)); }
  void warn(Place place, std::string message) { warnings_.emplace_back(place, std::move(message)); }

  bool any() const { return !errors_.empty(); }
  /// Each as "file:line:column: message", in the order of the file.
  std::vector<std::string> errors() const { return lines(errors_); }
  std::vector<std::string> warnings() const { return lines(warnings_); }
  const std::string& file() const { return file_; }

 private:
  using Found = std::vector<std::pair<Place, std::string>>;
  std::vector<std::string> lines(Found found) const;

  std::string file_;
  Found errors_, warnings_;
};

}  // namespace standin
