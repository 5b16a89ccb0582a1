#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace standin::sim {

/// What a disk does wrong, and how often. Rates are per operation, in [0, 1].
///
/// What is fair. A drive may lose, keep or tear (at a sector's border, in any order) whatever was written since the
/// last successful sync of that file, and nothing from before it; names come and go in their order, as a journalling
/// file system writes them, and are durable with the next sync of any file. A write or sync may fail: of a failed write
/// a part may have been done, and after a failed sync the unsynced bytes may be on the disk or not, whatever a later
/// sync says (Linux, fsyncgate 2018). Space may run out at any write that makes a file longer. One bit may flip in what
/// was written to the write-ahead log and not synced, and is found there after the crash: its checksums must catch
/// that, as they would not two (the highest of two words can cancel out); SQLite has none on the database's own pages,
/// so that no bit of them is flipped, and none of a synced page of the log, which is the only copy of what was
/// promised. Not done: writes that are acknowledged by a sync and lost all the same, and writes to other places than
/// asked, which no program can survive without a second copy.
struct DiskFaults {
  double write_fails = 0, sync_fails = 0;
  double flips_bit = 0;  ///< per write to the log that was not synced and that a crash kept; one in a crash
  bool full = false;     ///< nothing grows
  double slow_sync = 0;
  Duration slow_for{};     ///< up to
  double power_fails = 0;  ///< around a write or sync: the process is to die then (`power_failed`)
};

/// One simulated disk, under the real SQLite as an operating system layer of its name. One thread, and nothing else in
/// the (real) process may use SQLite meanwhile: the generator behind a log's salts is the whole process's. Files live
/// here, across the deaths of the simulated processes that wrote them; each is open once at a time, its connection has
/// `locking_mode = EXCLUSIVE`. Outlives the journals on it.
class SimDisk {
 public:
  /// Registers itself with SQLite under `vfs()`, and seeds SQLite's own generator. `random` is the disk's own.
  explicit SimDisk(std::unique_ptr<Random> random);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  /// For SqliteJournalOptions::vfs.
  const std::string& vfs() const;
  DiskFaults& faults();

  /// The machine dies: what was not synced is lost, kept or torn; files that are open write and read nothing any more.
  void crash();
  /// The power failed in the midst of an operation: from then on every operation of the files that are open fails,
  /// until `crash` is called, soon. The operation itself was not begun, or was done and said so.
  bool power_failed() const;
  /// Called with the time that a slow sync takes, within it.
  std::function<void(Duration)> on_slow_sync;
  /// Called for each fault that struck: "write", "sync", "bit", "full", "slow", "power", "torn".
  std::function<void(std::string_view kind)> on_fault;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace standin::sim
