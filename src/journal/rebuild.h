#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "journal/exposure.h"
#include "journal/journal_index.h"
#include "journal/sqlite.h"

namespace standin {

/// The process that opens a journal.
struct Opening {
  WallTime now{};
  std::optional<Boot> boot;
};

/// What a process does before it uses a journal that an earlier one wrote: voids its leases and its listening for
/// intents (the lock says that it is gone), tells times that its clock gave by this process's, checks that each order's
/// state is what its transitions say and that they are ones the lifecycle has, and fills the index and the exposure. A
/// journal that contradicts itself is refused, by the order's id.
Result<void> rebuild(Database& database, const std::string& path, const Opening& opening, JournalIndex& index,
                     Exposure& exposure);

}  // namespace standin
