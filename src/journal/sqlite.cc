#include "journal/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace standin {
namespace {

/// Waiting longer for a lock than this means that something else holds the journal.
constexpr int busy_timeout_ms = 5000;

int primary(int code) { return code & 0xff; }

/// SQLite's counts of its memory cost a lock at every allocation, and nobody reads them. Once it is in use it refuses,
/// and counts.
void count_no_memory() { [[maybe_unused]] static const int refused = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

int note_log_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<std::size_t*>(pages) = static_cast<std::size_t>(count);
  return SQLITE_OK;
}

}  // namespace

bool SqliteFailure::is_disk_full() const { return primary(code) == SQLITE_FULL; }
bool SqliteFailure::is_disk_broken() const { return primary(code) == SQLITE_IOERR; }
bool SqliteFailure::is_constraint() const { return primary(code) == SQLITE_CONSTRAINT; }

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const Options& options) {
  count_no_memory();
  sqlite3* handle = nullptr;
  const int access = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    return failure(fmt::format("cannot open the journal {}: {}; check its folder and permissions", path,
                               handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code)),
                   path);
  }
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  // Closing must not write: after a failed sync nothing may touch the files again, and a crash would not have.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // In place of SQLite's own checkpoint, which would hide a failed sync.
  sqlite3_wal_hook(handle, note_log_pages, &database->log_pages_);
  if (options.alone) database->execute("PRAGMA locking_mode = EXCLUSIVE");
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::fail(int code) {
  if (!failure_) failure_ = SqliteFailure{code, fmt::format("{} ({})", sqlite3_errmsg(handle_), code)};
}

std::optional<SqliteFailure> Database::take_failure() { return std::exchange(failure_, std::nullopt); }

void Database::execute(const char* sql) {
  if (failed()) return;
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::optional<std::int64_t> Database::integer(const char* sql) {
  Statement statement(*this, sql);
  Rows rows = statement.query();
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

std::string Database::text(const char* sql) {
  Statement statement(*this, sql);
  Rows rows = statement.query();
  return rows.next() ? rows.text(0) : std::string();
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

void Database::checkpoint() {
  if (failed()) return;
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  log_pages_ = 0;
  if (code != SQLITE_OK && primary(code) != SQLITE_BUSY && primary(code) != SQLITE_LOCKED) fail(code);
}

void Database::sync() { sync_file(SQLITE_FCNTL_FILE_POINTER); }

void Database::sync_log() { sync_file(SQLITE_FCNTL_JOURNAL_POINTER); }

void Database::sync_file(int which) {
  if (failed()) return;
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(handle_, nullptr, which, &file);
  if (code == SQLITE_OK && (!file || !file->pMethods)) return;  // it is not open
  if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
  if (code != SQLITE_OK) fail(code);
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  if (database.failed()) return;
  const int code = sqlite3_prepare_v3(database.handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::start(bool copy_texts) { copy_texts_ = copy_texts; }

bool Statement::step() {
  if (database_.failed() || !handle_) return false;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

void Statement::run() {
  while (step()) continue;
  reset();
}

void Statement::reset() {
  if (handle_) sqlite3_reset(handle_);
}

void Statement::bind(int index, std::int64_t value) {
  if (handle_) sqlite3_bind_int64(handle_, index, value);
}

void Statement::bind(int index, std::string_view value) {
  if (!handle_) return;
  const char* const data = value.data() ? value.data() : "";
  sqlite3_bind_text64(handle_, index, data, value.size(), copy_texts_ ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int index, Blob value) {
  if (!handle_) return;
  const char* const data = value.bytes.data() ? value.bytes.data() : "";
  sqlite3_bind_blob64(handle_, index, data, value.bytes.size(), copy_texts_ ? SQLITE_TRANSIENT : SQLITE_STATIC);
}

void Statement::bind(int index, const Ulid& value) {
  bind(index, Blob{{reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()}});
}

void Statement::bind(int index, const Digest& value) {
  bind(index, Blob{{reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()}});
}

void Statement::bind(int index, std::nullopt_t) {
  if (handle_) sqlite3_bind_null(handle_, index);
}

Rows::~Rows() { statement_.reset(); }

bool Rows::next() { return statement_.step(); }

bool Rows::is_null(int column) const { return sqlite3_column_type(statement_.handle_, column) == SQLITE_NULL; }

std::int64_t Rows::integer(int column) const { return sqlite3_column_int64(statement_.handle_, column); }

std::string_view Rows::view(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.handle_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.handle_, column))};
}

Ulid Rows::ulid(int column) const {
  Ulid id;
  const std::string_view bytes = view(column);
  ensure(bytes.size() == id.bytes.size(), "the journal's ids have 16 bytes");
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

Digest Rows::digest(int column) const {
  Digest digest;
  const std::string_view bytes = view(column);
  ensure(bytes.size() == digest.bytes.size(), "the journal's digests have 32 bytes");
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

State Rows::state(int column) const {
  const auto state = stored_state(integer(column));
  ensure(state.has_value(), "the journal's states are known");
  return *state;
}

}  // namespace standin
