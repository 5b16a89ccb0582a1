#include "journal/sqlite_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/limits.h"
#include "base/planted.h"
#include "journal/rebuild.h"
#include "journal/schema.h"

namespace standin {
namespace {

/// A log of 16 MiB: longer makes starting and reading slower, shorter writes hot pages to the database more often.
constexpr std::size_t log_pages_max = 4000;
/// Until then the checkpointer has time for what comes before.
constexpr std::size_t log_pages_begin = 3200;

Result<void> set_up(Database& database, const std::string& path) {
  if (auto prepared = prepare_schema(database, path); !prepared) return prepared;
  const std::string mode = database.text("PRAGMA journal_mode = WAL");
  // FULL syncs the log at each commit: with NORMAL, what was said yes to is lost with the power.
  database.execute(planted(Bug::commit_without_sync) ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
  database.execute("PRAGMA foreign_keys = OFF");
  database.execute("PRAGMA cache_size = -65536");
  database.execute("PRAGMA temp_store = MEMORY");
  if (auto failed = database.take_failure()) {
    return failure(fmt::format("cannot set up the journal {}: {}", path, failed->what), path);
  }
  if (mode == "wal") return {};
  return failure(
      fmt::format("the journal {} cannot have a write-ahead log on this file system; use a local disk", path), path);
}

// A process that died between writing a commit and syncing it, or at a failed sync, leaves the commit where only this
// machine's memory has it, and SQLite takes it for committed: nothing of it may be answered before it is on the disk.
// After a failed sync no later one is proof of what was written before it, so that all of it is written once more, to
// the database. On a full disk the log alone is synced.
Result<void> make_durable(Database& database, const std::string& path) {
  database.sync_log();
  auto failed = database.take_failure();
  if (!failed) {
    database.checkpoint();
    database.sync();
    failed = database.take_failure();
    if (failed && failed->is_disk_full()) failed.reset();
  }
  if (!failed) return {};
  return failure(
      fmt::format("what the journal {} holds cannot be brought to the disk: {}; serve once the disk is sound", path,
                  failed->what),
      path);
}

}  // namespace

SqliteStore::SqliteStore(const Options& options, std::unique_ptr<LockFile> lock, std::unique_ptr<Database> database,
                         JournalIndex& index)
    : path_(options.path),
      opened_(options.now),
      lock_(std::move(lock)),
      database_(std::move(database)),
      runs_(*database_, options.now, options.boot),
      clocks_(options.clocks),
      index_(index) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const Options& options, JournalIndex& index) {
  std::unique_ptr<LockFile> lock;
  if (options.vfs.empty()) {
    auto taken = LockFile::take(options.path);
    if (!taken) return std::unexpected(taken.error());
    lock = std::move(*taken);
    if (auto created = create_private_file(options.path); !created) return std::unexpected(created.error());
  }
  auto database = Database::open(options.path, {.vfs = options.vfs, .alone = options.alone});
  if (!database) return std::unexpected(database.error());
  if (auto ready = set_up(**database, options.path); !ready) return std::unexpected(ready.error());
  if (auto durable = make_durable(**database, options.path); !durable) return std::unexpected(durable.error());
  std::unique_ptr<SqliteStore> store(new SqliteStore(options, std::move(lock), std::move(*database), index));
  if (const auto failed = store->begin(); failed && !failed->failure.is_disk_full()) {
    return failure(fmt::format("cannot begin to use the journal {}: {}", options.path, failed->failure.what),
                   options.path);
  }
  if (auto rebuilt = rebuild(*store->database_, options.path, store->runs_, options.now, index, store->exposure_);
      !rebuilt) {
    return std::unexpected(rebuilt.error());
  }
  if (!options.alone) {
    auto checkpointer = Checkpointer::open(options.path, options.vfs);
    if (!checkpointer) return std::unexpected(checkpointer.error());
    store->checkpointer_ = std::move(*checkpointer);
  }
  store->tables_ = std::make_unique<Tables>(*store->database_);
  if (auto failed = store->database_->take_failure()) {
    return failure(fmt::format("the journal {} lacks what its version has: {}", options.path, failed->what),
                   options.path);
  }
  return store;
}

// What could not be begun has written nothing, whatever the reason: the log's index beside the journal may lack the
// room or the memory that it has again later. A full disk writes nothing that a reader would take for a commit: SQLite
// marks the last page of a commit, and that is the one that did not fit. After any other failure to write or sync, what
// is on the disk is anybody's guess.
std::optional<SqliteStore::Failed> SqliteStore::transact(const std::function<void()>& write) {
  database_->execute("BEGIN IMMEDIATE");
  const bool begun = !database_->failed();
  if (begun) write();
  const bool committing = !database_->failed();
  database_->execute("COMMIT");
  auto failed = database_->take_failure();
  if (!failed) return std::nullopt;
  if (database_->in_transaction()) database_->execute("ROLLBACK");
  database_->take_failure();
  const bool unknown = begun && (failed->is_disk_broken() || (committing && !failed->is_disk_full()));
  return Failed{unknown ? BatchResult::End::unknown : BatchResult::End::not_written, std::move(*failed)};
}

// Before anything else is written: until then, what this process wrote would be taken for an earlier one's.
std::optional<SqliteStore::Failed> SqliteStore::begin() {
  if (begun_) return std::nullopt;
  auto failed = transact([this] { begin_run(*database_, runs_, opened_); });
  begun_ = !failed;
  return failed;
}

BatchResult SqliteStore::execute(std::span<const Command* const> commands, WallTime now) {
  if (const auto failed = begin()) return take_back(commands, *failed);
  BatchResult result;
  Transaction transaction(*tables_, exposure_, index_, *clocks_, now);
  const auto failed = transact([&] {
    for (const Command* const command : commands) {
      if (database_->failed()) break;
      result.replies.push_back(std::visit(transaction, *command));
    }
  });
  if (failed) return take_back(commands, *failed);
  publish(transaction);
  return result;
}

void SqliteStore::publish(const Transaction& transaction) {
  exposure_.commit();
  index_.set_exposure(exposure_.totals(), exposure_.peaks());
  for (const IndexChange& change : transaction.changes()) index_.change(change);
}

BatchResult SqliteStore::take_back(std::span<const Command* const> commands, const Failed& failed) {
  const SqliteFailure& failure = failed.failure;
  ensure(!failure.is_constraint(), "the writer keeps the schema's rules: " + failure.what);
  exposure_.roll_back();
  BatchResult result{.end = failed.end, .why = "the journal could not be written: " + failure.what};
  const Unwritten unwritten_as = failed.end == BatchResult::End::unknown ? Unwritten::perhaps : Unwritten::certainly;
  for (const Command* const command : commands) {
    result.replies.push_back(unwritten(*command, unwritten_as, result.why));
  }
  return result;
}

std::optional<BatchResult> SqliteStore::try_writing() {
  std::error_code unknown;
  const auto space = std::filesystem::space(std::filesystem::absolute(path_).parent_path(), unknown);
  if (unknown || space.available < limits::journal_room_bytes_min) return std::nullopt;
  if (const auto failed = begin()) return take_back({}, *failed);
  const auto failed =
      transact([this] { database_->execute(fmt::format("PRAGMA user_version = {}", journal_version).c_str()); });
  return failed ? take_back({}, *failed) : BatchResult{};
}

Result<void> SqliteStore::tidy_log() {
  move_log();
  auto failed = database_->take_failure();
  if (!failed && checkpointer_) failed = checkpointer_->failed();
  if (!failed || failed->is_disk_full()) return {};
  return failure("the journal's log could not be written to its database: " + failed->what, "journal");
}

void SqliteStore::move_log() {
  const std::size_t pages = database_->log_pages();
  if (pages < log_pages_begin) {
    moving_ = false;
    return;
  }
  if (checkpointer_ && !std::exchange(moving_, true)) checkpointer_->begin();
  // While the checkpointer is still at it, the log grows on, and the next commit tries again.
  if (pages >= log_pages_max) database_->checkpoint();
}

}  // namespace standin
