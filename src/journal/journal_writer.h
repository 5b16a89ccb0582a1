#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "journal/command_queue.h"
#include "journal/journal_index.h"
#include "journal/sqlite_store.h"
#include "telemetry/metrics.h"

namespace standin {

/// Commits whatever has queued since the last commit, on a thread of its own or, one batch per turn, on an event loop.
class JournalWriter : public std::enable_shared_from_this<JournalWriter> {
 public:
  /// `metrics` may be null. Both outlive the writer.
  JournalWriter(const Clock& clock, Metrics* metrics) : clock_(clock), metrics_(metrics) {}
  Result<void> open(const SqliteStore::Options& options);

  /// Commits on a thread of this writer's from now on; or on `executor`.
  void run_on_own_thread();
  void run_on(const Executor& executor) { executor_ = executor; }
  /// Finishes the batch in hand; what still waits is answered as not written. The files are closed and unlocked.
  void stop();

  /// False when the queue is full: certainly not written.
  bool submit(std::shared_ptr<Pending> pending);

  JournalHealth health() const;
  const JournalIndex& index() const { return index_; }
  Database& database() { return store_->database(); }
  const Runs& runs() const { return store_->runs(); }

 private:
  void write_until_closed();
  void schedule();
  void take_turn();
  void commit(const CommandQueue::Batch& batch);
  void try_again();
  void refuse(const CommandQueue::Batch& batch, const std::string& why);
  void judge(const BatchResult& result);
  void stop_promising(const std::string& why, bool for_good);

  const Clock& clock_;
  Metrics* const metrics_;
  JournalIndex index_;
  std::unique_ptr<SqliteStore> store_;
  CommandQueue queue_;
  std::optional<Executor> executor_;
  std::atomic<bool> turn_scheduled_ = false;

  std::atomic<bool> promising_ = true, broken_ = false;
  mutable std::mutex reason_mutex_;
  std::string reason_;

  std::thread thread_;
};

}  // namespace standin
