#pragma once

#include "base/result.h"
#include "journal/sqlite.h"

namespace standin {

/// docs/formats.md, "Journal".
constexpr int journal_version = 3;

/// Brings an opened journal to this program's version, step by step, each in one transaction; a new file gets all of
/// them. Refuses a file that is not a journal, and one that a newer version wrote. `version` is another only to make a
/// file as an earlier program did.
Result<void> prepare_schema(Database& database, const std::string& path, int version = journal_version);

}  // namespace standin
