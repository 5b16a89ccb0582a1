#pragma once

#include <string>

#include "base/result.h"
#include "journal/exposure.h"
#include "journal/journal_index.h"
#include "journal/sqlite.h"

namespace standin {

/// What a process does before it uses a journal that an earlier one wrote: voids its leases and its listening for
/// intents (the lock says that it is gone), checks that each order's state is what its transitions say and that they
/// are ones the lifecycle has, and fills the index and the exposure. A journal that contradicts itself is refused, by
/// the order's id.
Result<void> rebuild(Database& database, const std::string& path, JournalIndex& index, Exposure& exposure);

}  // namespace standin
