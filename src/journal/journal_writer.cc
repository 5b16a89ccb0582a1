#include "journal/journal_writer.h"

#include <boost/asio/post.hpp>

#include "base/limits.h"
#include "telemetry/log.h"

namespace standin {

Result<void> JournalWriter::open(const SqliteStore::Options& options) {
  auto store = SqliteStore::open(options, index_);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  if (!store_->has_begun()) {
    stop_promising("the journal's disk is full", false);
  } else if (metrics_) {
    metrics_->journal_promising(true);
  }
  return {};
}

void JournalWriter::run_on_own_thread() {
  thread_ = std::thread([this] { write_until_closed(); });
}

void JournalWriter::stop() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
  for (auto batch = queue_.take(); !batch.empty(); batch = queue_.take()) refuse(batch, "standin is stopping");
  store_.reset();
}

bool JournalWriter::submit(std::shared_ptr<Pending> pending) {
  if (!queue_.push(std::move(pending))) return false;
  if (executor_) schedule();
  return true;
}

void JournalWriter::write_until_closed() {
  while (!queue_.is_closed()) {
    const bool full = !promising_ && !broken_;
    const auto batch = queue_.wait_and_take(full ? std::optional(limits::journal_try_again) : std::nullopt);
    if (!batch.empty()) {
      commit(batch);
    } else if (full) {
      try_again();
    }
  }
}

// Nobody asked for anything since the disk was full: without this the alert would go on until somebody does.
void JournalWriter::try_again() {
  if (const auto tried = store_->try_writing()) judge(*tried);
}

void JournalWriter::schedule() {
  if (turn_scheduled_.exchange(true)) return;
  boost::asio::post(*executor_, [writer = weak_from_this()] {
    if (const auto alive = writer.lock()) alive->take_turn();
  });
}

void JournalWriter::take_turn() {
  turn_scheduled_ = false;
  const auto batch = queue_.take();
  if (!batch.empty()) commit(batch);
  if (queue_.size() > 0) schedule();
}

void JournalWriter::commit(const CommandQueue::Batch& batch) {
  if (broken_) return refuse(batch, health().reason);
  std::vector<const Command*> commands;
  commands.reserve(batch.size());
  for (const auto& pending : batch) commands.push_back(&pending->command());
  const Instant began = clock_.now();
  BatchResult result = store_->execute(commands, clock_.wall());
  judge(result);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->complete(std::move(result.replies[i]));
  if (metrics_ && result.end == BatchResult::End::committed) {
    metrics_->journal_commit(clock_.now() - began, batch.size());
    metrics_->journal_queue(queue_.size());
  }
  if (broken_) return;
  if (const auto tidied = store_->tidy_log(); !tidied) stop_promising(tidied.error().what, true);
}

void JournalWriter::refuse(const CommandQueue::Batch& batch, const std::string& why) {
  for (const auto& pending : batch) pending->complete(unwritten(pending->command(), Unwritten::certainly, why));
}

// A full disk may have room again, and what could not be begun may be next time: each batch is still tried, and the
// first success heals. A disk that failed to sync may have lost what it said it had: nothing is written to it again.
void JournalWriter::judge(const BatchResult& result) {
  switch (result.end) {
    case BatchResult::End::committed:
      if (!promising_.exchange(true)) {
        Log::info("journal_promising", "the journal can be written again");
        if (metrics_) metrics_->journal_promising(true);
      }
      return;
    case BatchResult::End::not_written: return stop_promising(result.why, false);
    case BatchResult::End::unknown: return stop_promising(result.why, true);
  }
  unreachable();
}

void JournalWriter::stop_promising(const std::string& why, bool for_good) {
  {
    const std::lock_guard lock(reason_mutex_);
    reason_ = for_good ? why + "; restart standin once the disk is sound" : why;
  }
  if (for_good) broken_ = true;
  if (promising_.exchange(false) || for_good) Log::error("journal_not_promising", why);
  if (metrics_) metrics_->journal_promising(false);
}

JournalHealth JournalWriter::health() const {
  JournalHealth health{.promising = promising_, .queued = queue_.size()};
  if (health.promising) return health;
  const std::lock_guard lock(reason_mutex_);
  health.reason = reason_;
  return health;
}

}  // namespace standin
