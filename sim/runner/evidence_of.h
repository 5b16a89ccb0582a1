#pragma once

#include <vector>

#include "journal/journal.h"
#include "sim/checkers/evidence.h"
#include "sim/runner/run.h"

namespace standin::sim {

/// What the journal holds, as the checkers read it.
std::vector<JournalEntry> entries_of(Journal& journal);
/// References that were given to clients.
std::vector<std::string> references_in(Journal& journal);
/// Added up here, from the rows: not what the journal itself says.
ExposureSample exposure_of(Journal& journal, std::int64_t at_ms, std::int64_t cap_minor);
/// Every order has ended, or a person has it.
bool is_drained(Journal& journal);

}  // namespace standin::sim
