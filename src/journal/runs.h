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
  /// Reads the earlier ones; the newest is this process, whether or not it can be written down yet.
  Runs(Database& database, WallTime now, const std::optional<Boot>& boot);
  /// Writes this process down. Nothing else of it may be written before.
  void write_down(Database& database) const;

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
