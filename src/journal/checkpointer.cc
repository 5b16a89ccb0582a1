#include "journal/checkpointer.h"

#include <utility>

namespace standin {

Result<std::unique_ptr<Checkpointer>> Checkpointer::open(const std::string& path, const std::string& vfs) {
  auto database = Database::open(path, {.vfs = vfs});
  if (!database) return std::unexpected(database.error());
  (*database)->execute("PRAGMA synchronous = FULL");
  (*database)->integer("PRAGMA user_version");  // a connection that has read nothing does not know that there is a log
  if (const auto failed = (*database)->take_failure()) return failure("cannot open the journal: " + failed->what, path);
  return std::unique_ptr<Checkpointer>(new Checkpointer(std::move(*database)));
}

Checkpointer::Checkpointer(std::unique_ptr<Database> database)
    : database_(std::move(database)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

void Checkpointer::begin() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  asked_.notify_one();
}

std::optional<SqliteFailure> Checkpointer::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// A full disk is not a failure: what did not fit stays in the log, and the writer meets it in its own checkpoint.
void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    asked_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    lock.unlock();
    database_->checkpoint();
    database_->sync();
    auto failed = database_->take_failure();
    lock.lock();
    wanted_ = false;
    if (!failed || failed->is_disk_full()) continue;
    failure_ = std::move(failed);
    return;
  }
}

}  // namespace standin
