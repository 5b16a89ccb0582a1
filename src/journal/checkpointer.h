#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "journal/sqlite.h"

namespace standin {

/// Moves the write-ahead log's pages to the database while commits go on, on a thread and a connection of its own:
/// the writer's own checkpoint, which every order waits for, then finds few left. The writer's is still needed: each
/// commit adds to the log, so that only who stops committing can bring it to its end and let it start over.
class Checkpointer {
 public:
  /// `vfs`: SQLite's operating system layer, "" for the default.
  static Result<std::unique_ptr<Checkpointer>> open(const std::string& path, const std::string& vfs);
  /// Finishes the checkpoint in hand.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Begins a checkpoint, unless one is under way.
  void begin();
  /// The first failure; after it no checkpoint begins. What was committed is still in the log.
  std::optional<SqliteFailure> failed() const;

 private:
  explicit Checkpointer(std::unique_ptr<Database> database);
  void run();

  const std::unique_ptr<Database> database_;
  mutable std::mutex mutex_;
  std::condition_variable asked_;
  bool wanted_ = false, stopping_ = false;
  std::optional<SqliteFailure> failure_;
  std::thread thread_;
};

}  // namespace standin
