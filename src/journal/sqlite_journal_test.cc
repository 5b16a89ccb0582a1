// What is particular to the SQLite adapter: its file, its schema, its queue.
#include "journal/sqlite_journal.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <thread>

#include "base/limits.h"
#include "contract/journal_contract.h"
#include "contract/sqlite_faults.h"
#include "vault/test_keys.h"

namespace standin {
namespace {

using contract::StillClock;

class SqliteJournalFile : public testing::Test {
 protected:
  Result<std::unique_ptr<SqliteJournal>> open(std::optional<Executor> executor = {}) {
    return SqliteJournal::open({.path = path_, .clock = &clock_, .executor = executor});
  }
  std::string opening_error() {
    auto opened = open();
    return opened ? "" : opened.error().what;
  }

  /// With another connection, as a person with a shell would; what SQLite answered.
  std::string sql(const std::string& text) {
    sqlite3* database = nullptr;
    sqlite3_open(path_.c_str(), &database);
    char* message = nullptr;
    sqlite3_exec(database, text.c_str(), nullptr, nullptr, &message);
    std::string answered = message ? message : "";
    sqlite3_free(message);
    sqlite3_close(database);
    return answered;
  }

  NewOrder an_order() {
    NewOrder order;
    order.id = ulids_.make(clock_.wall());
    order.key.digest.bytes[0] = ++keys_;
    order.key.digest.bytes[1] = keys_ >> 8;
    order.facts.amount = Money{100, *Currency::parse("USD")};
    order.created = order.due = clock_.wall();
    return order;
  }

  /// One accepted order that was leased, in the file; the journal is closed again.
  Ulid leave_an_order() {
    auto journal = *open(loop_.get_executor());
    const NewOrder order = an_order();
    spawn(loop_.get_executor(), keep_and_lease(*journal, order, clock_.wall()));
    loop_.restart();
    loop_.run();
    return order.id;
  }

  static Task<> keep_and_lease(Journal& journal, NewOrder order, WallTime now) {
    const Ulid id = order.id;
    const Kept kept = co_await journal.keep(std::move(order));
    EXPECT_EQ(kept, Kept::kept);
    const auto lease = co_await journal.lease(id, "replay", now + std::chrono::seconds(30), {.kind = "replay"});
    EXPECT_TRUE(lease);
  }

  static Task<> keep_into(Journal& journal, NewOrder order, std::vector<Kept>& results) {
    const Kept kept = co_await journal.keep(std::move(order));
    results.push_back(kept);
  }

  static Task<> commit_nothing(Journal& journal) {
    const auto noted = co_await journal.update_follow_up(1, "note", "nobody", "there is no such case");
    EXPECT_FALSE(noted);
  }

  TestFolder folder_;
  std::string path_ = folder_.file("journal.db");
  StillClock clock_;
  boost::asio::io_context loop_{1};
  UlidMaker ulids_{system_random()};
  unsigned keys_ = 0;
};

TEST_F(SqliteJournalFile, BelongsToItsOwnerAlone) {
  const auto journal = *open();
  for (const std::string& file : {path_, path_ + "-wal", path_ + ".lock"}) {
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << file;
  }
}

TEST_F(SqliteJournalFile, IsUsedByOneProcessAtATime) {
  {
    const auto first = open();
    ASSERT_TRUE(first);
    EXPECT_NE(opening_error().find(path_), std::string::npos);
    EXPECT_NE(opening_error().find("another process"), std::string::npos);
  }
  EXPECT_TRUE(open());
}

TEST_F(SqliteJournalFile, OfANewerVersionIsRefusedAndLeftAlone) {
  ASSERT_TRUE(open());
  ASSERT_EQ(sql("PRAGMA user_version = 2"), "");
  EXPECT_NE(opening_error().find("newer standin"), std::string::npos);
  EXPECT_NE(opening_error().find("version 2"), std::string::npos);
}

TEST_F(SqliteJournalFile, ThatIsNoJournalIsRefused) {
  ASSERT_EQ(sql("CREATE TABLE somebody_elses (a)"), "");
  EXPECT_NE(opening_error().find("not a journal"), std::string::npos);
  EXPECT_EQ(sql("SELECT a FROM somebody_elses"), "");
}

TEST_F(SqliteJournalFile, ThatIsNoDatabaseIsRefused) {
  folder_.write("journal.db", std::string(10'000, 'x'));
  EXPECT_NE(opening_error(), "");
}

TEST_F(SqliteJournalFile, InAFolderThatIsMissingIsRefusedByName) {
  path_ = folder_.file("none/journal.db");
  EXPECT_NE(opening_error().find("none/journal.db"), std::string::npos);
}

TEST_F(SqliteJournalFile, HistoryCannotBeRewritten) {
  leave_an_order();
  EXPECT_NE(sql("UPDATE transitions SET state = 3").find("append-only"), std::string::npos);
  EXPECT_NE(sql("DELETE FROM transitions").find("append-only"), std::string::npos);
  EXPECT_NE(sql("DELETE FROM attempts").find("append-only"), std::string::npos);
  EXPECT_NE(sql("UPDATE attempts SET kind = 'live'").find("closed once"), std::string::npos);
  EXPECT_EQ(sql("UPDATE attempts SET open = 0, outcome = 'not_done'"), "") << "an open attempt is closed";
  EXPECT_NE(sql("UPDATE attempts SET outcome = 'approved'").find("closed once"), std::string::npos);
}

TEST_F(SqliteJournalFile, WhoseStateIsNotWhatItsTransitionsSayIsRefusedByTheOrder) {
  const Ulid id = leave_an_order();
  ASSERT_EQ(sql("UPDATE orders SET state = 3, exposed_minor = 0"), "");
  EXPECT_NE(opening_error().find(id.text()), std::string::npos);
}

TEST_F(SqliteJournalFile, WhoseTransitionsTheLifecycleDoesNotHaveIsRefusedByTheOrder) {
  const Ulid id = leave_an_order();
  ASSERT_EQ(
      sql("INSERT INTO transitions VALUES (1, 3, 11, 0, 'x', 'y'); UPDATE orders SET state = 11, exposed_minor = 0"),
      "");
  EXPECT_NE(opening_error().find(id.text()), std::string::npos);
}

TEST_F(SqliteJournalFile, WhoseExposureIsNotWhatIsOwedIsRefusedByTheOrder) {
  const Ulid id = leave_an_order();
  ASSERT_EQ(sql("UPDATE orders SET exposed_minor = 1"), "");
  EXPECT_NE(opening_error().find(id.text()), std::string::npos);
}

TEST_F(SqliteJournalFile, WithTwoOrdersUnderOneKeyIsRefusedByTheOrder) {
  leave_an_order();
  const Ulid second = leave_an_order();
  ASSERT_EQ(sql("UPDATE orders SET order_key = (SELECT order_key FROM orders WHERE row = 1) WHERE row = 2"), "");
  EXPECT_NE(opening_error().find(second.text()), std::string::npos);
  ASSERT_EQ(sql("UPDATE orders SET superseded = 1 WHERE row = 1"), "");
  EXPECT_EQ(opening_error(), "");
}

TEST_F(SqliteJournalFile, WithAStateThatDoesNotExistIsRefused) {
  const Ulid id = leave_an_order();
  ASSERT_EQ(sql("UPDATE orders SET state = 77"), "");
  EXPECT_NE(opening_error().find(id.text()), std::string::npos);
}

TEST_F(SqliteJournalFile, WhatFindsTheQueueFullIsNotKeptAtOnce) {
  const auto journal = *open(loop_.get_executor());
  constexpr std::size_t surplus = 10;
  std::vector<Kept> results;
  for (std::size_t i = 0; i < limits::journal_queue + surplus; ++i) {
    NewOrder order = an_order();
    order.shadow = true;  // many orders may share a key
    spawn(loop_.get_executor(), keep_into(*journal, std::move(order), results));
  }
  loop_.restart();
  loop_.run_one();
  while (journal->health().queued < limits::journal_queue) loop_.run_one();
  loop_.run();
  EXPECT_EQ(std::ranges::count(results, Kept::not_kept), surplus);
  EXPECT_EQ(std::ranges::count(results, Kept::kept), limits::journal_queue);
}

TEST_F(SqliteJournalFile, AnswersAsNotKeptWhatStillWaitsWhenItStops) {
  auto journal = *open(loop_.get_executor());
  std::vector<Kept> results;
  spawn(loop_.get_executor(), keep_into(*journal, an_order(), results));
  loop_.restart();
  loop_.run_one();
  ASSERT_EQ(journal->health().queued, 1u);
  journal.reset();
  loop_.run();
  EXPECT_EQ(results, std::vector{Kept::not_kept});
  EXPECT_TRUE(open());
}

TEST_F(SqliteJournalFile, SurvivesAnEventLoopThatDiesWhileItsOrdersWait) {
  const auto journal = *open();
  for (int round = 0; round < 20; ++round) {
    boost::asio::io_context loop(1);
    std::vector<Kept> results;
    for (int i = 0; i < 8; ++i) spawn(loop.get_executor(), keep_into(*journal, an_order(), results));
    loop.poll();
  }
  std::vector<Kept> results;
  spawn(loop_.get_executor(), keep_into(*journal, an_order(), results));
  loop_.restart();
  loop_.run();
  EXPECT_EQ(results, std::vector{Kept::kept});
}

TEST_F(SqliteJournalFile, StopsPromisingWhenItsLogCannotBeMovedToTheDatabase) {
  const auto journal = *SqliteJournal::open(
      {.path = path_, .clock = &clock_, .executor = loop_.get_executor(), .vfs = contract::fault_vfs()});
  contract::fail_database_syncs(true);
  NewOrder large = an_order();
  large.request.ciphertext = std::string(20'000'000, 'x');  // longer than the log may grow
  std::vector<Kept> results;
  spawn(loop_.get_executor(), keep_into(*journal, std::move(large), results));
  loop_.restart();
  loop_.run();
  contract::fail_database_syncs(false);
  EXPECT_EQ(results, std::vector{Kept::kept}) << "its commit was synced";
  EXPECT_FALSE(journal->health().promising);
  spawn(loop_.get_executor(), keep_into(*journal, an_order(), results));
  loop_.restart();
  loop_.run();
  EXPECT_EQ(results.back(), Kept::not_kept);
}

TEST_F(SqliteJournalFile, StopsPromisingWhenItsCheckpointerCannotMoveTheLog) {
  const auto journal = *SqliteJournal::open({.path = path_, .clock = &clock_, .vfs = contract::fault_vfs()});
  contract::fail_database_syncs(true);
  std::vector<Kept> results;
  NewOrder large = an_order();
  large.request.ciphertext = std::string(14'000'000, 'x');  // for the checkpointer to begin, not yet for the writer
  spawn(loop_.get_executor(), keep_into(*journal, std::move(large), results));
  loop_.restart();
  loop_.run();
  EXPECT_EQ(results, std::vector{Kept::kept}) << "its commit was synced";
  for (int i = 0; i < 1'000'000 && journal->health().promising; ++i) {
    spawn(loop_.get_executor(), commit_nothing(*journal));
    loop_.restart();
    loop_.run();
  }
  contract::fail_database_syncs(false);
  EXPECT_FALSE(journal->health().promising);
}

TEST_F(SqliteJournalFile, TakesOrdersFromManyThreadsAndResumesEachOnItsOwn) {
  const auto journal = *open();
  std::atomic<int> kept = 0;
  std::mutex making;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      boost::asio::io_context loop(1);
      std::vector<Kept> results;
      for (int i = 0; i < 50; ++i) {
        const std::lock_guard lock(making);
        spawn(loop.get_executor(), keep_into(*journal, an_order(), results));
      }
      loop.run();
      kept += static_cast<int>(std::ranges::count(results, Kept::kept));
    });
  }
  threads.clear();
  EXPECT_EQ(kept, 200);
  EXPECT_EQ(journal->exposure().front().minor, 200 * 100);
}

TEST_F(SqliteJournalFile, OnALoopTheSameCommandsGiveTheSameFile) {
  const auto run = [this](const std::string& path) {
    path_ = path;
    keys_ = 0;
    auto journal = *open(loop_.get_executor());
    std::vector<Kept> results;
    for (int i = 0; i < 30; ++i) {
      NewOrder order = an_order();
      order.id = Ulid{};
      order.id.bytes[15] = static_cast<std::uint8_t>(i);
      spawn(loop_.get_executor(), keep_into(*journal, std::move(order), results));
    }
    loop_.restart();
    loop_.run();
    std::string rows;
    for (const OrderRow& order : *journal->orders({}))
      rows += order.id.text() + order.key.text() + iso8601(order.created);
    return rows;
  };
  EXPECT_EQ(run(folder_.file("first.db")), run(folder_.file("second.db")));
}

}  // namespace
}  // namespace standin
