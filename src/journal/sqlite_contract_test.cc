// The contract of the port, with the SQLite adapter on a thread of its own and on an event loop.
#include <sqlite3.h>

#include "contract/journal_contract.h"
#include "contract/sqlite_faults.h"
#include "journal/sqlite_journal.h"
#include "vault/test_keys.h"

namespace standin::contract {
namespace {

enum class Driven { by_thread, by_loop };

class TestedSqlite final : public TestedJournal {
 public:
  explicit TestedSqlite(Driven driven) : driven_(driven) { open(folder_.file("journal.db")); }
  ~TestedSqlite() override { set_disk_fault(DiskFault::none); }

  Journal& journal() override { return *journal_; }
  void restart() override {
    journal_.reset();
    open(path_);
  }
  void take_copy() override { copy_to(folder_.file("copy.db")); }
  void restart_from_copy() override {
    if (!std::filesystem::exists(folder_.file("copy.db"))) take_copy();
    journal_.reset();
    open(folder_.file("copy.db"));
  }
  void disk(DiskFault fault) override { set_disk_fault(fault); }

  std::int64_t stored_exposure(const std::string& currency) override {
    const std::string copy = folder_.file("sum.db");
    copy_to(copy);
    sqlite3* database = nullptr;
    sqlite3_open(copy.c_str(), &database);
    sqlite3_stmt* statement = nullptr;
    const int prepared =
        sqlite3_prepare_v2(database,
                           "SELECT coalesce(sum(max(0, amount_minor - settled_minor)), 0) FROM orders WHERE shadow = 0 "
                           "AND stood_in = 1 AND behind IS NULL AND currency = ?1 AND (state "
                           "IN (1, 2, 5, 7, 8) OR (state = 3 AND settled_minor > 0 AND settled_minor < amount_minor))",
                           -1, &statement, nullptr);
    EXPECT_EQ(prepared, SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_bind_text(statement, 1, currency.c_str(), -1, SQLITE_TRANSIENT);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const std::int64_t sum = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return sum;
  }

 private:
  void open(const std::string& path) {
    path_ = path;
    SqliteJournalOptions options{.path = path, .clock = &clock(), .vfs = fault_vfs()};
    if (driven_ == Driven::by_loop) options.executor = loop().get_executor();
    auto opened = SqliteJournal::open(std::move(options));
    ensure(opened.has_value(), opened ? "" : opened.error().what);
    journal_ = std::move(*opened);
  }

  /// The shared memory beside a journal is not on the disk, and does not outlive a crash of the machine.
  void copy_to(const std::string& copy) {
    constexpr auto overwrite = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::remove(copy + "-shm");
    std::filesystem::copy_file(path_, copy, overwrite);
    std::filesystem::remove(copy + "-wal");
    if (std::filesystem::exists(path_ + "-wal")) std::filesystem::copy_file(path_ + "-wal", copy + "-wal", overwrite);
  }

  const Driven driven_;
  TestFolder folder_;
  std::string path_;
  std::unique_ptr<SqliteJournal> journal_;
};

Adapter adapter(const std::string& name, Driven driven) {
  return {name, [driven] { return std::make_unique<TestedSqlite>(driven); }};
}

std::string name_of(const testing::TestParamInfo<Adapter>& tested) { return tested.param.name; }

INSTANTIATE_TEST_SUITE_P(Sqlite, JournalContract,
                         testing::Values(adapter("OnItsThread", Driven::by_thread),
                                         adapter("OnALoop", Driven::by_loop)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Sqlite, JournalContractDeathTest, testing::Values(adapter("OnALoop", Driven::by_loop)),
                         name_of);

}  // namespace
}  // namespace standin::contract
