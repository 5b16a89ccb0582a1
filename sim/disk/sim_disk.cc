#include "sim/disk/sim_disk.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sim/disk/sim_file.h"

namespace standin::sim {
namespace {

/// What SQLite takes the disk's sectors for on Linux.
constexpr int sector_size = 4096;
/// As SQLite counts, in days: 2026-01-01 UTC.
constexpr double first_day = 2461041.5;
constexpr double us_per_day = 86'400e6;

struct Node {
  SimFile bytes;
  const void* locked_by = nullptr;
};
using NodePointer = std::shared_ptr<Node>;

class Disk;

/// An open file. SQLite allocates it, as memory of that size.
struct Handle : sqlite3_file {
  Disk* disk = nullptr;
  NodePointer node;
  std::string temporary;  ///< its name, if it goes when it is closed
  std::uint64_t life = 0;
};

/// What SQLite asks of an operating system, answered by the files of one simulated disk.
class Disk {
 public:
  Disk(SimDisk& owner, std::unique_ptr<Random> random) : random(std::move(random)), owner_(owner) {}

  int open(const char* path, Handle& handle, int flags);
  void close(Handle& handle);
  int read(const Handle& handle, std::span<std::uint8_t> into, std::size_t at) const;
  int write(Handle& handle, std::span<const std::uint8_t> from, std::size_t at);
  int truncate(Handle& handle, std::size_t size);
  int sync(Handle& handle);
  int size(const Handle& handle, sqlite3_int64& size) const;
  int lock(Handle& handle);
  void unlock(Handle& handle);
  int remove(const std::string& path);
  bool is_there(const std::string& path, bool unless_empty) const;
  void crash();

  const std::unique_ptr<Random> random;
  DiskFaults faults;
  bool power_failed = false;
  double slept_us = 0;

 private:
  /// How to take back a name that was made or removed.
  struct NameChange {
    std::string name;
    NodePointer before;
  };

  bool is_dead(const Handle& handle) const { return power_failed || handle.life != life_; }
  void report(std::string_view kind) const;
  bool strikes(double rate, std::string_view kind);
  template <class Operation>
  int under_power(const Handle& handle, int error, Operation operation);
  int write_bytes(SimFile& file, std::span<const std::uint8_t> from, std::size_t at);
  int sync_bytes(SimFile& file);
  void set_name(const std::string& name, NodePointer node);

  SimDisk& owner_;
  std::map<std::string, NodePointer> names_;
  std::vector<NameChange> name_changes_;  ///< since the last sync
  std::uint64_t life_ = 1;
  std::uint64_t temporaries_ = 0;
};

void Disk::report(std::string_view kind) const {
  if (owner_.on_fault) owner_.on_fault(kind);
}

bool Disk::strikes(double rate, std::string_view kind) {
  if (rate <= 0 || random->fraction() >= rate) return false;
  report(kind);
  return true;
}

template <class Operation>
int Disk::under_power(const Handle& handle, int error, Operation operation) {
  if (is_dead(handle)) return error;
  if (!strikes(faults.power_fails, "power")) return operation();
  const int done = random->below(2) == 0 ? operation() : error;
  power_failed = true;
  return done;
}

void Disk::set_name(const std::string& name, NodePointer node) {
  NodePointer& there = names_[name];
  name_changes_.push_back({name, std::exchange(there, std::move(node))});
  if (!there) names_.erase(name);
}

int Disk::open(const char* path, Handle& handle, int flags) {
  if (power_failed) return SQLITE_CANTOPEN;
  const std::string name = path ? path : fmt::format("temporary-{}", ++temporaries_);
  const auto found = names_.find(name);
  const bool there = found != names_.end();
  if (there ? (flags & SQLITE_OPEN_EXCLUSIVE) != 0 : (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  handle.disk = this;
  handle.life = life_;
  handle.node = there ? found->second : std::make_shared<Node>();
  if (!there) set_name(name, handle.node);
  if ((flags & SQLITE_OPEN_DELETEONCLOSE) != 0) handle.temporary = name;
  return SQLITE_OK;
}

void Disk::close(Handle& handle) {
  if (is_dead(handle)) return;
  unlock(handle);
  if (!handle.temporary.empty()) remove(handle.temporary);
}

int Disk::read(const Handle& handle, std::span<std::uint8_t> into, std::size_t at) const {
  if (is_dead(handle)) return SQLITE_IOERR_READ;
  const std::size_t length = handle.node->bytes.read(into, at);
  if (length == into.size()) return SQLITE_OK;
  std::ranges::fill(into.subspan(length), 0);
  return SQLITE_IOERR_SHORT_READ;
}

int Disk::write(Handle& handle, std::span<const std::uint8_t> from, std::size_t at) {
  return under_power(handle, SQLITE_IOERR_WRITE, [&] { return write_bytes(handle.node->bytes, from, at); });
}

int Disk::write_bytes(SimFile& file, std::span<const std::uint8_t> from, std::size_t at) {
  if (strikes(faults.write_fails, "write")) {
    file.write(from.first(random->below(from.size() + 1)), at);
    return SQLITE_IOERR_WRITE;
  }
  if (faults.full && at + from.size() > file.size()) {
    report("full");
    if (at < file.size()) file.write(from.first(file.size() - at), at);
    return SQLITE_FULL;
  }
  file.write(from, at);
  return SQLITE_OK;
}

int Disk::truncate(Handle& handle, std::size_t size) {
  return under_power(handle, SQLITE_IOERR_TRUNCATE, [&] {
    handle.node->bytes.truncate(size);
    return SQLITE_OK;
  });
}

int Disk::sync(Handle& handle) {
  return under_power(handle, SQLITE_IOERR_FSYNC, [&] { return sync_bytes(handle.node->bytes); });
}

int Disk::sync_bytes(SimFile& file) {
  if (faults.slow_for.count() > 0 && strikes(faults.slow_sync, "slow") && owner_.on_slow_sync) {
    owner_.on_slow_sync(Duration(1 + random->below(static_cast<std::uint64_t>(faults.slow_for.count()))));
  }
  if (strikes(faults.sync_fails, "sync")) {
    file.fail_sync();
    return SQLITE_IOERR_FSYNC;
  }
  file.sync();
  name_changes_.clear();
  return SQLITE_OK;
}

int Disk::size(const Handle& handle, sqlite3_int64& size) const {
  if (is_dead(handle)) return SQLITE_IOERR_FSTAT;
  size = static_cast<sqlite3_int64>(handle.node->bytes.size());
  return SQLITE_OK;
}

int Disk::lock(Handle& handle) {
  if (is_dead(handle)) return SQLITE_IOERR_LOCK;
  const void*& holder = handle.node->locked_by;
  if (holder && holder != &handle) return SQLITE_BUSY;
  holder = &handle;
  return SQLITE_OK;
}

void Disk::unlock(Handle& handle) {
  if (handle.node->locked_by == &handle) handle.node->locked_by = nullptr;
}

int Disk::remove(const std::string& path) {
  if (power_failed) return SQLITE_IOERR_DELETE;
  if (!names_.contains(path)) return SQLITE_IOERR_DELETE_NOENT;
  set_name(path, nullptr);
  return SQLITE_OK;
}

bool Disk::is_there(const std::string& path, bool unless_empty) const {
  const auto found = names_.find(path);
  return found != names_.end() && !(unless_empty && found->second->bytes.size() == 0);
}

void Disk::crash() {
  ++life_;
  power_failed = false;
  for (std::uint64_t lost = random->below(name_changes_.size() + 1); lost > 0; --lost) {
    NameChange& change = name_changes_.back();
    if (change.before) {
      names_[change.name] = std::move(change.before);
    } else {
      names_.erase(change.name);
    }
    name_changes_.pop_back();
  }
  name_changes_.clear();
  for (auto& [name, node] : names_) {
    node->locked_by = nullptr;
    const auto damage = node->bytes.crash(*random, name.ends_with("-wal") ? faults.flips_bit : 0);
    if (damage.torn) report("torn");
    if (damage.flipped) report("bit");
  }
}

// What SQLite calls: plain functions, which pass on to the disk.

Handle& handle_of(sqlite3_file* file) { return *static_cast<Handle*>(file); }
Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  Handle& handle = handle_of(file);
  handle.disk->close(handle);
  std::destroy_at(&handle);
  return SQLITE_OK;
}
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  const std::span bytes(static_cast<std::uint8_t*>(into), static_cast<std::size_t>(size));
  return handle_of(file).disk->read(handle_of(file), bytes, static_cast<std::size_t>(at));
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const std::span bytes(static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size));
  return handle_of(file).disk->write(handle_of(file), bytes, static_cast<std::size_t>(at));
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return handle_of(file).disk->truncate(handle_of(file), static_cast<std::size_t>(size));
}
int sync_file(sqlite3_file* file, int) { return handle_of(file).disk->sync(handle_of(file)); }
int file_size(sqlite3_file* file, sqlite3_int64* size) { return handle_of(file).disk->size(handle_of(file), *size); }
int lock_file(sqlite3_file* file, int) { return handle_of(file).disk->lock(handle_of(file)); }
int unlock_file(sqlite3_file* file, int level) {
  if (level == SQLITE_LOCK_NONE) handle_of(file).disk->unlock(handle_of(file));
  return SQLITE_OK;
}
int check_lock(sqlite3_file*, int* reserved) {
  *reserved = 0;  // whoever asks has the only lock there is
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int tell_sector_size(sqlite3_file*) { return sector_size; }
int tell_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

/// Without shared memory: the log needs `locking_mode = EXCLUSIVE`.
constexpr sqlite3_io_methods methods = {
    1,         close_file,  read_file,  write_file,   truncate_file,    sync_file,           file_size,
    lock_file, unlock_file, check_lock, control_file, tell_sector_size, tell_characteristics};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_given) {
  Handle& handle = *std::construct_at(static_cast<Handle*>(file));
  const int code = disk_of(vfs).open(path, handle, flags);
  if (code != SQLITE_OK) {
    std::destroy_at(&handle);
    file->pMethods = nullptr;
    return code;
  }
  handle.pMethods = &methods;
  if (flags_given) *flags_given = flags;
  return SQLITE_OK;
}
int delete_file(sqlite3_vfs* vfs, const char* path, int) { return disk_of(vfs).remove(path); }
int access_file(sqlite3_vfs* vfs, const char* path, int asked, int* answer) {
  if (disk_of(vfs).power_failed) return SQLITE_IOERR_ACCESS;
  *answer = disk_of(vfs).is_there(path, asked == SQLITE_ACCESS_EXISTS) ? 1 : 0;
  return SQLITE_OK;
}
int full_path(sqlite3_vfs*, const char* path, int size, char* full) {
  sqlite3_snprintf(size, full, "%s", path);
  return SQLITE_OK;
}
int draw_random(sqlite3_vfs* vfs, int size, char* into) {
  disk_of(vfs).random->fill({reinterpret_cast<std::uint8_t*>(into), static_cast<std::size_t>(size)});
  return size;
}
int sleep_us(sqlite3_vfs* vfs, int us) {
  disk_of(vfs).slept_us += us;
  return us;
}
int tell_day(sqlite3_vfs* vfs, double* day) {
  *day = first_day + disk_of(vfs).slept_us / us_per_day;
  return SQLITE_OK;
}

sqlite3_vfs make_vfs(const std::string& name, Disk& disk) {
  return {.iVersion = 1,
          .szOsFile = sizeof(Handle),
          .mxPathname = 512,
          .zName = name.c_str(),
          .pAppData = &disk,
          .xOpen = open_file,
          .xDelete = delete_file,
          .xAccess = access_file,
          .xFullPathname = full_path,
          .xRandomness = draw_random,
          .xSleep = sleep_us,
          .xCurrentTime = tell_day};
}

std::string next_name() {
  static std::atomic<int> made = 0;
  return fmt::format("sim-disk-{}", ++made);
}

/// SQLite draws from a generator of the process's own, which it seeds from the default VFS: this one, for a moment.
void seed_sqlite(sqlite3_vfs& vfs) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // as the journal does, which comes too late for it
  ensure(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK, "SQLite takes another VFS");
  sqlite3_randomness(0, nullptr);
  std::uint8_t drawn = 0;
  sqlite3_randomness(1, &drawn);
  sqlite3_vfs_register(&vfs, 0);
}

}  // namespace

struct SimDisk::State {
  State(SimDisk& owner, std::unique_ptr<Random> random) : disk(owner, std::move(random)) { seed_sqlite(vfs); }
  ~State() { sqlite3_vfs_unregister(&vfs); }

  Disk disk;
  const std::string name = next_name();
  sqlite3_vfs vfs = make_vfs(name, disk);
};

SimDisk::SimDisk(std::unique_ptr<Random> random) : state_(std::make_unique<State>(*this, std::move(random))) {}
SimDisk::~SimDisk() = default;

const std::string& SimDisk::vfs() const { return state_->name; }
DiskFaults& SimDisk::faults() { return state_->disk.faults; }
void SimDisk::crash() { state_->disk.crash(); }
bool SimDisk::power_failed() const { return state_->disk.power_failed; }

}  // namespace standin::sim
