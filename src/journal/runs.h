#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"
#include "journal/sqlite.h"

namespace standin {

/// The processes that used this journal, one after the other, and what their wall clocks have to do with each other:
/// the table `runs`.
class Runs {
 public:
  /// This process is the newest from now on.
  static void begin(Database& database, WallTime now, const std::optional<Boot>& boot);
  /// Reads them; the newest is this process.
  explicit Runs(Database& database);

  /// Of what that run wrote; nothing if that is this process.
  std::optional<Earlier> earlier(std::int64_t run) const;
  /// Of the run before this one.
  std::optional<Earlier> last() const;

 private:
  struct Run {
    std::int64_t id = 0;
    WallTime opened{};
    Boot boot;
  };
  std::vector<Run> runs_;  ///< by id
};

}  // namespace standin
