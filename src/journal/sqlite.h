#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "base/ulid.h"
#include "journal/lifecycle.h"

struct sqlite3;
struct sqlite3_stmt;

namespace standin {

/// A blob to bind: binding a string_view makes text of it.
struct Blob {
  std::string_view bytes;
};

/// What SQLite could not do.
struct SqliteFailure {
  int code = 0;  ///< SQLite's extended result code
  std::string what;

  /// No space is left: certainly nothing was written, and it may pass.
  bool is_disk_full() const;
  /// The disk failed to write, read or sync: what reached it is not known.
  bool is_disk_broken() const;
  /// The program broke a rule of the schema.
  bool is_constraint() const;
};

/// One connection, used by one thread at a time. The first failure sticks: until it is taken, statements do nothing and
/// queries find nothing, so that a batch is written without a test after every line.
class Database {
 public:
  struct Options {
    std::string vfs;     ///< "" for the operating system's own
    bool alone = false;  ///< the only connection: no shared memory beside the journal
    bool read_only = false;
  };
  static Result<std::unique_ptr<Database>> open(const std::string& path, const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  std::optional<std::int64_t> integer(const char* sql);
  std::string text(const char* sql);

  std::int64_t last_row() const;
  bool in_transaction() const;
  /// Pages that the write-ahead log held after the last commit.
  std::size_t log_pages() const { return log_pages_; }
  /// Moves the log's pages to the database, as far as no reader is in the way.
  void checkpoint();
  /// Brings to stable storage what the log holds, if there is one.
  void sync_log();
  /// Brings to stable storage what a checkpoint that did not reach the log's end has left to the next one.
  void sync();

  bool failed() const { return failure_.has_value(); }
  std::optional<SqliteFailure> take_failure();

 private:
  friend class Statement;
  void sync_file(int which);
  explicit Database(sqlite3* handle) : handle_(handle) {}
  void fail(int code);

  sqlite3* handle_;
  std::size_t log_pages_ = 0;
  std::optional<SqliteFailure> failure_;
};

/// The rows of one query; the statement is free again when they are gone.
class Rows {
 public:
  explicit Rows(class Statement& statement) : statement_(statement) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  bool next();
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  bool flag(int column) const { return integer(column) != 0; }
  WallTime time(int column) const { return wall_time(integer(column)); }
  /// Valid until the next row.
  std::string_view view(int column) const;
  std::string text(int column) const { return std::string(view(column)); }
  /// Aborts unless the blob has that size: the schema says so.
  Ulid ulid(int column) const;
  Digest digest(int column) const;
  State state(int column) const;

 private:
  class Statement& statement_;
};

/// A prepared statement. Parameters are bound in their order.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <class... Values>
  void execute(const Values&... values) {
    start(false);
    int index = 0;
    (bind(++index, values), ...);
    run();
  }

  template <class... Values>
  Rows query(const Values&... values) {
    start(true);
    int index = 0;
    (bind(++index, values), ...);
    return Rows(*this);
  }

  /// For a query whose parameters are known only at run time: bind from 1 on, then `rows`.
  void begin_query() { start(true); }
  template <class Value>
  void bind_at(int index, const Value& value) {
    bind(index, value);
  }
  Rows rows() { return Rows(*this); }

 private:
  friend class Rows;
  void start(bool copy_texts);
  void run();
  bool step();
  void reset();

  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, bool value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::uint32_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, State value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, WallTime value) { bind(index, unix_ms(value)); }
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const char* value) { bind(index, std::string_view(value)); }
  void bind(int index, Blob value);
  void bind(int index, const Ulid& value);
  void bind(int index, const Digest& value);
  void bind(int index, const OrderKey& value) { bind(index, value.digest); }
  void bind(int index, std::nullopt_t value);
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bind(index, std::nullopt);
    }
  }

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
  bool copy_texts_ = false;
};

}  // namespace standin
