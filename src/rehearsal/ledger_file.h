#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace standin::rehearsal {

/// A simulated party's own books: a SQLite file. What was written survives any death of the process, not of the
/// machine; a judge may read while the party writes. One thread at a time.
class LedgerFile {
 public:
  /// `whose` is for messages: "the shop's ledger". Not read-only for readers either: the books of a party that was
  /// killed are partly in the write-ahead log, which a reader must recover.
  static Result<LedgerFile> open(const std::string& path, std::string whose, bool create);

  Result<void> execute(const char* sql);
  /// All that `write` does, or nothing if it returns false.
  Result<void> atomically(const std::function<bool()>& write);
  sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  using Database = std::unique_ptr<sqlite3, Close>;

  LedgerFile(Database database, std::string path, std::string whose)
      : database_(std::move(database)), path_(std::move(path)), whose_(std::move(whose)) {}
  std::unexpected<Error> problem(std::string_view what) const;

  Database database_;
  std::string path_, whose_;
};

/// A prepared statement that is bound, run and reset. The file must outlive it.
class LedgerStatement {
 public:
  LedgerStatement(const LedgerFile& file, const char* sql);

  /// Whether it was done.
  template <class... Values>
  bool run(const Values&... values) {
    int at = 0;
    (bind(++at, values), ...);
    return finish();
  }
  bool next() { return sqlite3_step(statement_.get()) == SQLITE_ROW; }
  void reset() { sqlite3_reset(statement_.get()); }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_.get(), at, value); }
  void bind(int at, std::string_view value);
  bool finish();

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace standin::rehearsal
