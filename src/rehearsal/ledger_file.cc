#include "rehearsal/ledger_file.h"

#include <fmt/format.h>

#include <utility>

namespace standin::rehearsal {
namespace {

// A judge may be reading while the party writes.
constexpr int busy_wait_ms = 5000;

}  // namespace

Result<LedgerFile> LedgerFile::open(const std::string& path, std::string whose, bool create) {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  const int outcome = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  LedgerFile file(Database(opened), path, std::move(whose));
  if (outcome != SQLITE_OK) {
    return failure(fmt::format("{} does not open: {}", file.whose_, sqlite3_errstr(outcome)), path);
  }
  sqlite3_busy_timeout(opened, busy_wait_ms);
  return file;
}

Result<void> LedgerFile::execute(const char* sql) {
  if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return problem("refuses");
}

Result<void> LedgerFile::atomically(const std::function<bool()>& write) {
  if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
  if (write() && execute("COMMIT")) return {};
  auto why = problem("did not commit");
  sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  return why;
}

std::unexpected<Error> LedgerFile::problem(std::string_view what) const {
  return failure(fmt::format("{} {}: {}", whose_, what, sqlite3_errmsg(handle())), path_);
}

LedgerStatement::LedgerStatement(const LedgerFile& file, const char* sql) {
  sqlite3_stmt* made = nullptr;
  ensure(sqlite3_prepare_v3(file.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) == SQLITE_OK,
         sqlite3_errmsg(file.handle()));
  statement_.reset(made);
}

void LedgerStatement::bind(int at, std::string_view value) {
  const char* const bytes = value.empty() ? "" : value.data();  // no bytes would be NULL
  sqlite3_bind_text(statement_.get(), at, bytes, static_cast<int>(value.size()), SQLITE_TRANSIENT);
}

bool LedgerStatement::finish() {
  const int outcome = sqlite3_step(statement_.get());
  sqlite3_reset(statement_.get());
  return outcome == SQLITE_DONE;
}

std::string LedgerStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

}  // namespace standin::rehearsal
