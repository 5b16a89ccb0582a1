// What is particular to the SQLite adapter: its file, its schema, its queue.
#include "journal/sqlite_journal.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/limits.h"
#include "contract/journal_contract.h"
#include "contract/sqlite_faults.h"
#include "journal/schema.h"
#include "vault/test_keys.h"

namespace standin {
namespace {

using contract::StillClock;

class SqliteJournalFile : public testing::Test {
 protected:
  Result<std::unique_ptr<SqliteJournal>> open(std::optional<Executor> executor = {}) {
    return SqliteJournal::open({.path = path_,
                                .clock = &clock_,
                                .executor = executor,
                                .boot = Boot{boot_, clock_.wall() - running_},
                                .clocks = clocks_});
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

  /// Accepted, and nobody has worked on it: nothing of it changes when the journal is opened again.
  void leave_an_untouched_order() {
    auto journal = *open(loop_.get_executor());
    std::vector<Kept> results;
    spawn(loop_.get_executor(), keep_into(*journal, an_order(), results));
    loop_.restart();
    loop_.run();
    ASSERT_EQ(results, std::vector{Kept::kept});
  }

  static Task<> commit_nothing(Journal& journal) {
    const auto noted = co_await journal.update_follow_up(1, "note", "nobody", "there is no such case");
    EXPECT_FALSE(noted);
  }

  TestFolder folder_;
  std::string path_ = folder_.file("journal.db");
  StillClock clock_;
  std::string boot_ = "1";
  std::chrono::milliseconds running_{0};  ///< since the machine was started
  std::shared_ptr<PartyClocks> clocks_ = std::make_shared<PartyClocks>();
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
  ASSERT_EQ(sql("PRAGMA user_version = 4"), "");
  EXPECT_NE(opening_error().find("newer standin"), std::string::npos);
  EXPECT_NE(opening_error().find("version 4"), std::string::npos);
}

/// What an earlier program wrote: an open order, one of a decline that another try replaced, and a settled one.
constexpr const char* orders_of_version_1 = R"sql(
INSERT INTO orders (id, order_key, payload_digest, key_from_client, shadow, tenant, route, upstream, stand_in,
  request_id, reference, config_version, amount_minor, currency, merchant, customer, card, order_reference, country,
  accepted, decision, policy_version, cause, forward, created, first_sent, state, superseded, unresolved, token,
  listen_until, due, upstream_reference, settled_minor, exposed_minor)
VALUES
 (x'01000000000000000000000000000001', zeroblob(32), zeroblob(32), 1, 0, 'acme', 'orders', 'shop', 'order', 'r', 'ours',
  'c0ffee', 100, 'USD', 'm', 'carl', 'card', 'cart', 'US', 1, 'floor_limit', 'p1', 'breaker', 'unknown', 5, 6, 7, 0, 1,
  1, 0, 7, '', 0, 100),
 (x'01000000000000000000000000000002', x'0000000000000000000000000000000000000000000000000000000000000001', zeroblob(32),
  0, 0, '', 'orders', 'shop', 'order', 'r', 'ours', 'c', 100, 'USD', '', '', '', '', '', 0, '', '', 'breaker',
  'not_done', 5, 0, 9, 1, 0, 1, 0, 5, '', 0, 0),
 (x'01000000000000000000000000000003', x'0000000000000000000000000000000000000000000000000000000000000001', zeroblob(32),
  0, 0, '', 'orders', 'shop', 'order', 'r', 'ours', 'c', 100, 'USD', '', '', '', '', '', 1, '', '', 'breaker',
  'not_done', 5, 0, 3, 0, 0, 1, 0, 5, 'A', 100, 0);
INSERT INTO payloads VALUES (1, 1, x'01', x'0203', 2, x'04', x'0506');
INSERT INTO transitions VALUES (1, 1, 1, 5, 'standin', 'breaker'), (1, 2, 7, 6, 'ann', 'held'),
  (2, 1, 9, 5, 'standin', 'breaker'), (3, 1, 1, 5, 'standin', 'breaker'), (3, 2, 3, 6, 'replay', 'done');
INSERT INTO attempts VALUES (1, 1, 'live', 'http://shop', 1, 5, 1, 'unknown', 0, '');
INSERT INTO follow_ups VALUES (1, 1, 'look it up', 'taken', 'ann', 6);
INSERT INTO modes VALUES ('orders', 'forced', 0, 'ann', 'why', 5);
)sql";

TEST_F(SqliteJournalFile, OfVersion1IsBroughtHereAndNothingOfItIsLost) {
  {
    const auto database = *Database::open(path_, {});
    ASSERT_TRUE(prepare_schema(*database, path_, 1));
    database->execute(orders_of_version_1);
    ASSERT_FALSE(database->failed());
  }
  for (int process = 0; process < 2; ++process) {
    const auto journal = *open(loop_.get_executor());
    const auto rows = journal->orders({});
    ASSERT_EQ(rows->size(), 3u) << "all of them were decided here";
    const OrderRow& held = rows->back();
    EXPECT_EQ(held.state, State::held);
    EXPECT_TRUE(held.accepted && held.answered && held.stood_in && held.unresolved);
    EXPECT_FALSE(held.behind);
    EXPECT_EQ(held.facts.country, "US");
    EXPECT_EQ(held.first_sent, wall_time(6));
    EXPECT_EQ(journal->request(held.id)->ciphertext, "\x02\x03");
    EXPECT_EQ(journal->answer(held.id)->key_id, 2u);
    EXPECT_EQ(journal->answer(held.id)->ciphertext, "\x05\x06");
    EXPECT_EQ(journal->transitions(held.id)->size(), 2u);
    EXPECT_EQ(journal->attempts(held.id)->size(), 1u);
    EXPECT_EQ(journal->follow_ups(true)->front().owner, "ann");
    EXPECT_EQ(journal->modes()->front().mode, Mode::forced);
    EXPECT_EQ(journal->exposure().front().minor, 100);
    EXPECT_EQ(journal->orders({.due_only = true})->size(), 1u);
    EXPECT_EQ(journal->recall(held.key)->id, held.id);
    EXPECT_TRUE(journal->recall(held.key)->answered);
    EXPECT_EQ(journal->recall(rows->front().key)->id, rows->front().id);
    EXPECT_EQ(*journal->holder("shop", "A"), rows->front().id);
  }
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

TEST_F(SqliteJournalFile, SaysWhichRecordsAnEarlierProcessMadeAndWhatItsClockHasBeenSetBySince) {
  clocks_->heard("shop", "http://shop", {-1s, 2s});
  const WallTime kept_at = clock_.wall();
  {
    const auto journal = *open(loop_.get_executor());
    NewOrder order = an_order();
    order.upstream = "shop";
    order.forward = Outcome::unknown;
    std::vector<Kept> results;
    spawn(loop_.get_executor(), keep_into(*journal, order, results));
    loop_.restart();
    loop_.run();
    const OrderRow row = journal->orders({})->front();
    EXPECT_FALSE(row.earlier) << "made by this process";
    EXPECT_FALSE(journal->attempts(row.id)->front().earlier);
  }
  running_ = 10s;
  clock_.advance(-1h);
  const auto next = *open(loop_.get_executor());
  const OrderRow row = next->orders({})->front();
  const Attempt attempt = next->attempts(row.id)->front();
  for (const auto& earlier : {row.earlier, attempt.earlier}) {
    ASSERT_TRUE(earlier);
    EXPECT_EQ(earlier->opened, kept_at - 1h);
    EXPECT_EQ(earlier->set_by, -(1h + 10s)) << "ten seconds have passed";
  }
  ASSERT_TRUE(attempt.lead);
  EXPECT_EQ(attempt.lead->least, -1s);
  EXPECT_EQ(attempt.lead->most, 2s);
}

TEST_F(SqliteJournalFile, OfAMachineThatWasStartedAgainDoesNotKnowWhatTheClockHasBeenSetBy) {
  leave_an_untouched_order();
  boot_ = "2";
  const auto journal = *open();
  const OrderRow row = journal->orders({})->front();
  ASSERT_TRUE(row.earlier);
  EXPECT_FALSE(row.earlier->set_by);
}

TEST_F(SqliteJournalFile, MakesNobodyWaitForAClockThatWasSetBack) {
  for (const std::string boot : {"1", "2"}) {
    path_ = folder_.file("journal-" + boot + ".db");
    boot_ = "1";
    {
      const auto journal = *open(loop_.get_executor());
      NewOrder order = an_order();
      order.due = clock_.wall() + 120s;  // listened for
      std::vector<Kept> results;
      spawn(loop_.get_executor(), keep_into(*journal, order, results));
      loop_.restart();
      loop_.run();
    }
    boot_ = boot;
    clock_.advance(-10h);
    const auto journal = *open(loop_.get_executor());
    const WallTime now = clock_.wall();
    EXPECT_LE(journal->orders({})->front().due, now + limits::replay_backoff_max);
    const auto due_after = [&](std::chrono::milliseconds span) {
      clock_.advance(span);
      return journal->orders({.until = now + 1h, .due_only = true})->size();
    };
    EXPECT_EQ(due_after(119s), 0u) << "its first request may still be running at the party";
    EXPECT_EQ(due_after(2s), 1u);
  }
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

// The order's commit may be where only the machine's memory has it: a process that dies leaves it there.
TEST_F(SqliteJournalFile, IsOnTheDiskBeforeAnythingOfItIsAnswered) {
  leave_an_untouched_order();
  for (const bool alone : {false, true}) {
    const int before = contract::log_syncs();
    SqliteJournalOptions options{.path = path_, .clock = &clock_, .vfs = contract::fault_vfs()};
    if (alone) options.executor = loop_.get_executor();
    ASSERT_TRUE(SqliteJournal::open(std::move(options)));
    EXPECT_GT(contract::log_syncs(), before);
  }
}

TEST_F(SqliteJournalFile, ThatCannotBeBroughtToTheDiskIsRefused) {
  leave_an_untouched_order();
  const SqliteJournalOptions options{.path = path_, .clock = &clock_, .vfs = contract::fault_vfs()};
  contract::set_disk_fault(contract::DiskFault::sync_fails);
  const auto refused = SqliteJournal::open(options);
  contract::set_disk_fault(contract::DiskFault::none);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("brought to the disk"), std::string::npos) << refused.error().what;
  EXPECT_TRUE(SqliteJournal::open(options));
}

// A sync that succeeds after one that failed says nothing of what was written before it.
TEST_F(SqliteJournalFile, IsWrittenToTheDatabaseWhenItIsOpened) {
  leave_an_untouched_order();
  {
    const auto reopened = open(loop_.get_executor());
    ASSERT_TRUE(reopened);
  }
  std::filesystem::remove(path_ + "-wal");
  std::filesystem::remove(path_ + "-shm");
  const auto journal = *open();
  EXPECT_EQ(journal->orders({})->size(), 1u) << "the database has it without the log";
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
