#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "journal/exposure.h"
#include "journal/journal_index.h"
#include "journal/runs.h"
#include "journal/sqlite.h"

namespace standin {

/// What a process writes before anything else into a journal that an earlier one wrote, in a transaction of the
/// caller's: voids the earlier one's leases and its listening for intents (the lock says that it is gone), and tells
/// times that its clock gave by this process's. `now`: when it opened the journal.
void begin_run(Database& database, const Runs& runs, WallTime now);

/// Checks that each order's state is what its transitions say and that they are ones the lifecycle has, and fills the
/// index and the exposure. A journal that contradicts itself is refused, by the order's id.
Result<void> rebuild(Database& database, const std::string& path, const Runs& runs, WallTime now, JournalIndex& index,
                     Exposure& exposure);

}  // namespace standin
