#include "contract/sqlite_faults.h"

#include <sqlite3.h>

namespace standin::contract {
namespace {

std::atomic<DiskFault> disk_fault = DiskFault::none;
std::atomic<bool> database_syncs_fail = false;
std::atomic<int> synced_logs = 0;

/// SQLite allocates szOsFile bytes: ours, then the real file's.
struct FaultyFile {
  sqlite3_file base;
  bool is_database, is_log;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_vfs* real_vfs() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  return vfs;
}

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file)->real(); }

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), into, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (disk_fault == DiskFault::full) return SQLITE_FULL;
  if (disk_fault == DiskFault::write_fails) return SQLITE_IOERR_WRITE;
  return real(file)->pMethods->xWrite(real(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); }
int sync_file(sqlite3_file* file, int flags) {
  if (disk_fault == DiskFault::sync_fails) return SQLITE_IOERR_FSYNC;
  const auto& faulty = *reinterpret_cast<FaultyFile*>(file);
  if (faulty.is_database && database_syncs_fail) return SQLITE_IOERR_FSYNC;
  if (faulty.is_log) ++synced_logs;
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control_file(sqlite3_file* file, int op, void* arg) {
  return real(file)->pMethods->xFileControl(real(file), op, arg);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void barrier_shared(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

const sqlite3_io_methods methods = {
    2,           close_file,     read_file,    write_file,   truncate_file, sync_file,       file_size,
    lock_file,   unlock_file,    check_lock,   control_file, sector_size,   characteristics, map_shared,
    lock_shared, barrier_shared, unmap_shared, nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  reinterpret_cast<FaultyFile*>(file)->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  reinterpret_cast<FaultyFile*>(file)->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  const int code = real_vfs()->xOpen(real_vfs(), name, real(file), flags, out_flags);
  if (code == SQLITE_OK) file->pMethods = &methods;
  return code;
}

sqlite3_vfs make_vfs() {
  sqlite3_vfs vfs = *real_vfs();
  vfs.szOsFile = static_cast<int>(sizeof(FaultyFile)) + real_vfs()->szOsFile;
  vfs.zName = "standin-faults";
  vfs.pNext = nullptr;
  vfs.xOpen = open_file;
  return vfs;
}

}  // namespace

std::string fault_vfs() {
  static sqlite3_vfs vfs = make_vfs();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  ensure(registered == SQLITE_OK, "SQLite takes another VFS");
  return vfs.zName;
}

void set_disk_fault(DiskFault fault) { disk_fault = fault; }

void fail_database_syncs(bool fail) { database_syncs_fail = fail; }

int log_syncs() { return synced_logs; }

}  // namespace standin::contract
