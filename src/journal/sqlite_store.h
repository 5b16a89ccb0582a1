#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/party_clocks.h"
#include "journal/checkpointer.h"
#include "journal/lock_file.h"
#include "journal/runs.h"
#include "journal/transaction.h"

namespace standin {

/// How one batch ended.
struct BatchResult {
  enum class End {
    committed,
    not_written,  ///< taken back whole; a later batch may succeed
    unknown,      ///< the disk failed: nothing may be written any more, by this process
  };
  End end = End::committed;
  std::vector<Reply> replies;  ///< one for each command, in their order
  std::string why;             ///< unless committed
};

/// The journal's tables and the one connection that writes them. One thread; no waiting, no queue.
class SqliteStore {
 public:
  struct Options {
    std::string path;
    std::string vfs;     ///< "" for the operating system's own; the files of another are nobody else's, nor locked
    bool alone = false;  ///< no other connection: reads go through this one
    WallTime now{};      ///< by the clock of this process
    std::optional<Boot> boot{};
    std::shared_ptr<const PartyClocks> clocks = std::make_shared<PartyClocks>();
  };
  /// Locks, opens and migrates the journal, voids the leases of earlier processes, checks what it reads back, and fills
  /// `index`, which it keeps up to date and which must outlive it. On a full disk a journal that is there is opened all
  /// the same: what is to be written first is then tried again with each batch.
  static Result<std::unique_ptr<SqliteStore>> open(const Options& options, JournalIndex& index);
  ~SqliteStore();

  /// All commands in one transaction; the index is changed before this returns.
  BatchResult execute(std::span<const Command* const> commands, WallTime now);
  /// Writes what is there already, to see whether a full disk has room again; nothing while there is next to none.
  std::optional<BatchResult> try_writing();
  /// Has a long write-ahead log moved to the database, and at its greatest length moves the rest. After the answers are
  /// out: it takes longer than a commit. An error is final, as a failed commit is.
  Result<void> tidy_log();

  /// False: the disk was full when it was opened, and nothing could be written since.
  bool has_begun() const { return begun_; }
  Database& database() { return *database_; }
  const Runs& runs() const { return runs_; }

 private:
  SqliteStore(const Options& options, std::unique_ptr<LockFile> lock, std::unique_ptr<Database> database,
              JournalIndex& index);
  /// A transaction that was taken back, and what it means.
  struct Failed {
    BatchResult::End end = BatchResult::End::unknown;
    SqliteFailure failure;
  };
  std::optional<Failed> transact(const std::function<void()>& write);
  std::optional<Failed> begin();
  BatchResult take_back(std::span<const Command* const> commands, const Failed& failed);
  void publish(const Transaction& transaction);
  void move_log();

  const std::string path_;
  const WallTime opened_;
  std::unique_ptr<LockFile> lock_;  ///< none with another VFS
  std::unique_ptr<Database> database_;
  const Runs runs_;
  bool begun_ = false;
  std::shared_ptr<const PartyClocks> clocks_;
  JournalIndex& index_;
  Exposure exposure_;
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<Checkpointer> checkpointer_;  ///< none if this is the only connection
  bool moving_ = false;                         ///< the checkpointer has begun on this log
};

}  // namespace standin
