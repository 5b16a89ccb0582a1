#pragma once

#include <string>

#include "contract/journal_contract.h"

namespace standin::contract {

/// The operating system's files as SQLite sees them, with a disk that fails on demand. Registered once; the fault holds
/// for all journals that name it.
std::string fault_vfs();
void set_disk_fault(DiskFault fault);
/// The database itself cannot be synced, though its log can: what a commit needs works, moving the log does not.
void fail_database_syncs(bool fail);
/// How often a log was synced so far.
int log_syncs();

}  // namespace standin::contract
