#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "journal/journal.h"

namespace standin {

/// The mode of each protected route: the configured one unless an operator changed it, which is durable and may expire.
/// Any thread.
class Modes {
 public:
  /// Reads the operators' choices from the journal.
  static Result<std::unique_ptr<Modes>> load(Journal& journal);

  Mode of(const RouteConfig& route, WallTime now) const;
  /// Durable before it takes effect.
  Task<Result<void>> set(ModeRow mode);
  /// Operators' choices in force.
  std::vector<ModeRow> changed(WallTime now) const;

 private:
  explicit Modes(Journal& journal) : journal_(journal) {}

  Journal& journal_;
  mutable std::mutex mutex_;
  std::map<std::string, ModeRow> changed_;
};

}  // namespace standin
