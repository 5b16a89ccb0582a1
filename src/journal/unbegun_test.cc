// A write that could not even be begun, for want of room or memory for the log's index beside the journal.
#include <sqlite3.h>

#include "contract/sqlite_faults.h"
#include "journal/journal_test_support.h"

namespace standin {
namespace {

/// What taking a lock in the shared memory beside a journal fails with; SQLITE_OK: it does not.
std::atomic<int> shared_memory_fault = SQLITE_OK;
std::atomic<const sqlite3_io_methods*> sound_methods = nullptr;

int lock_or_fail(sqlite3_file* file, int offset, int count, int flags) {
  const int fault = shared_memory_fault;
  if (fault != SQLITE_OK && (flags & SQLITE_SHM_LOCK) != 0) return fault;
  return sound_methods.load()->xShmLock(file, offset, count, flags);
}

int open_with_faults(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const beneath = sqlite3_vfs_find(contract::fault_vfs().c_str());
  const int code = beneath->xOpen(beneath, name, file, flags, out_flags);
  if (code != SQLITE_OK) return code;
  sound_methods = file->pMethods;
  static const sqlite3_io_methods faulty = [file] {
    sqlite3_io_methods methods = *file->pMethods;
    methods.xShmLock = lock_or_fail;
    return methods;
  }();
  file->pMethods = &faulty;
  return SQLITE_OK;
}

/// The disk that fails on demand, with shared memory that does so too.
std::string shared_memory_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = *sqlite3_vfs_find(contract::fault_vfs().c_str());
    made.zName = "standin-shared-memory-faults";
    made.pNext = nullptr;
    made.xOpen = open_with_faults;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  ensure(registered == SQLITE_OK, "SQLite takes another VFS");
  return vfs.zName;
}

class UnbegunWrite : public JournalOfATest {
 protected:
  ~UnbegunWrite() override {
    shared_memory_fault = SQLITE_OK;
    contract::set_disk_fault(contract::DiskFault::none);
  }

  void open() {
    journal_.reset();
    journal_ = *SqliteJournal::open({.path = path_, .clock = &clock_, .vfs = shared_memory_vfs()});
  }
  Kept keep() { return run(journal_->keep(an_order())); }
};

TEST_F(UnbegunWrite, KeepsNothingAndTheJournalHealsByItself) {
  std::size_t orders = 0;
  for (const int fault : {SQLITE_NOMEM, SQLITE_IOERR_NOMEM, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP}) {
    open();
    EXPECT_EQ(keep(), Kept::kept);
    shared_memory_fault = fault;
    EXPECT_EQ(keep(), Kept::not_kept) << fault << ": nothing of it can have been written";
    EXPECT_FALSE(journal_->health().promising);
    shared_memory_fault = SQLITE_OK;
    EXPECT_EQ(keep(), Kept::kept) << fault;
    EXPECT_TRUE(journal_->health().promising);
    orders += 2;
    EXPECT_EQ(journal_->orders({})->size(), orders);
    EXPECT_EQ(journal_->exposure().front().minor, static_cast<std::int64_t>(orders) * 100);
  }
}

TEST_F(UnbegunWrite, OfAJournalThatWasOpenedOnAFullDiskHealsOnceThereIsRoom) {
  open();
  ASSERT_EQ(keep(), Kept::kept);
  for (const int fault : {SQLITE_NOMEM, SQLITE_IOERR_SHMSIZE}) {
    contract::set_disk_fault(contract::DiskFault::full);
    open();
    EXPECT_FALSE(journal_->health().promising);
    shared_memory_fault = fault;
    EXPECT_EQ(keep(), Kept::not_kept) << fault;
    shared_memory_fault = SQLITE_OK;
    EXPECT_EQ(keep(), Kept::not_kept) << "there is no room yet";
    contract::set_disk_fault(contract::DiskFault::none);
    EXPECT_EQ(keep(), Kept::kept) << fault;
    EXPECT_TRUE(journal_->health().promising);
    EXPECT_FALSE(journal_->orders({})->front().earlier) << "this process made it";
    EXPECT_TRUE(journal_->orders({})->back().earlier);
  }
}

}  // namespace
}  // namespace standin
