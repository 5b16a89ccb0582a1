// The disk by itself, and under SQLite with a connection that does not sync as the journal does.
#include "sim/disk/sim_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "journal/sqlite.h"
#include "sim/world.h"

namespace standin::sim {
namespace {

class SimulatedDisk : public testing::Test {
 protected:
  void restart(std::uint64_t seed) {
    disk_.reset();  // two of them would share SQLite's generator
    World world(seed);
    disk_ = std::make_unique<SimDisk>(world.fork_random());
    disk_->on_fault = [this](std::string_view kind) { ++faults_[std::string(kind)]; };
  }

  std::unique_ptr<Database> open(const char* synchronous = "FULL") {
    auto database = *Database::open("journal.db", {.vfs = disk_->vfs(), .alone = true});
    EXPECT_EQ(database->text("PRAGMA journal_mode = WAL"), "wal");
    database->execute((std::string("PRAGMA synchronous = ") + synchronous).c_str());
    database->execute("CREATE TABLE IF NOT EXISTS rows (text TEXT)");
    return database;
  }

  /// A hundred commits, the power's failure, and how many are left.
  std::int64_t left_of_hundred(const char* synchronous) {
    auto database = open(synchronous);
    for (int i = 0; i < 100; ++i) database->execute("INSERT INTO rows VALUES (hex(randomblob(200)))");
    EXPECT_FALSE(database->failed());
    disk_->crash();
    database = open();
    EXPECT_EQ(database->text("PRAGMA integrity_check"), "ok");
    return database->integer("SELECT count(*) FROM rows").value_or(-1);
  }

  std::string bytes_of(const char* path) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(disk_->vfs().c_str());
    const std::unique_ptr<sqlite3_file, decltype(&sqlite3_free)> file(
        static_cast<sqlite3_file*>(sqlite3_malloc(vfs->szOsFile)), sqlite3_free);
    if (vfs->xOpen(vfs, path, file.get(), SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) return "";
    sqlite3_int64 size = 0;
    file->pMethods->xFileSize(file.get(), &size);
    std::string bytes(static_cast<std::size_t>(size), '?');
    EXPECT_EQ(file->pMethods->xRead(file.get(), bytes.data(), static_cast<int>(size), 0), SQLITE_OK);
    file->pMethods->xClose(file.get());
    return bytes;
  }

  /// Of the database and its log, after three lives on a bad disk.
  std::string bytes_after_faults(std::uint64_t seed) {
    restart(seed);
    for (int life = 0; life < 3; ++life) {
      const auto database = open("NORMAL");
      disk_->faults() = {.write_fails = 0.01, .flips_bit = 0.5, .power_fails = 0.001};
      for (int i = 0; i < 100; ++i) {
        database->execute("INSERT INTO rows VALUES (hex(randomblob(200)))");
        database->take_failure();
      }
      disk_->crash();
      disk_->faults() = {};
    }
    return bytes_of("journal.db") + "|" + bytes_of("journal.db-wal");
  }

  std::unique_ptr<SimDisk> disk_;
  std::map<std::string, int> faults_;
};

TEST_F(SimulatedDisk, LosesNoCommitThatWasSynced) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    restart(seed);
    EXPECT_EQ(left_of_hundred("FULL"), 100) << "seed " << seed;
  }
}

TEST_F(SimulatedDisk, LosesCommitsThatWereNot) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    restart(seed);
    lost += left_of_hundred("NORMAL") < 100;
  }
  EXPECT_GT(lost, 5);
  EXPECT_GT(faults_["torn"], 5);
}

TEST_F(SimulatedDisk, IsDeadToTheConnectionsFromBeforeACrash) {
  restart(1);
  const auto before = open();
  before->execute("INSERT INTO rows VALUES ('synced')");
  disk_->crash();
  before->execute("INSERT INTO rows VALUES ('after its end')");
  EXPECT_TRUE(before->take_failure()->is_disk_broken());
  const auto after = open();
  EXPECT_EQ(after->integer("SELECT count(*) FROM rows"), 1);
}

TEST_F(SimulatedDisk, IsOpenOnceAtATime) {
  restart(1);
  const auto first = open();
  const auto second = *Database::open("journal.db", {.vfs = disk_->vfs(), .alone = true});
  second->integer("SELECT count(*) FROM rows");
  EXPECT_EQ(second->take_failure()->code & 0xff, SQLITE_BUSY);
}

TEST_F(SimulatedDisk, WithoutPowerFailsUntilItCrashes) {
  restart(1);
  auto database = open();
  disk_->faults().power_fails = 1;
  database->execute("INSERT INTO rows VALUES ('doubtful')");
  EXPECT_TRUE(database->take_failure()->is_disk_broken());
  EXPECT_TRUE(disk_->power_failed());
  EXPECT_EQ(faults_["power"], 1) << "it fails once";
  disk_->faults() = {};
  EXPECT_FALSE(Database::open("other.db", {.vfs = disk_->vfs()}));
  disk_->crash();
  EXPECT_FALSE(disk_->power_failed());
  database = open();
  EXPECT_TRUE(database->integer("SELECT count(*) FROM rows"));
}

TEST_F(SimulatedDisk, TellsHowLongASlowSyncTakes) {
  restart(1);
  Duration longest{};
  disk_->on_slow_sync = [&](Duration taken) { longest = std::max(longest, taken); };
  const auto database = open();
  disk_->faults().slow_sync = 0.5;
  disk_->faults().slow_for = std::chrono::seconds(3);
  for (int i = 0; i < 100; ++i) database->execute("INSERT INTO rows VALUES ('slow')");
  EXPECT_GT(longest, std::chrono::seconds(2));
  EXPECT_LE(longest, std::chrono::seconds(3));
  EXPECT_GT(faults_["slow"], 30);
  EXPECT_LT(faults_["slow"], 70);
}

TEST_F(SimulatedDisk, OfOneSeedHoldsTheSameBytesAndOfAnotherDoesNot) {
  const std::string bytes = bytes_after_faults(7);
  EXPECT_GT(bytes.size(), 10'000u);
  EXPECT_TRUE(bytes == bytes_after_faults(7));
  EXPECT_FALSE(bytes == bytes_after_faults(8));
}

}  // namespace
}  // namespace standin::sim
