#include "journal/command_queue.h"

#include <algorithm>

#include "base/limits.h"

namespace standin {

void Pending::complete(Reply reply) {
  const std::lock_guard lock(mutex_);
  if (waited_for_) waited_for_->set(std::move(reply));
}

Task<Reply> Pending::reply() {
  Reply reply = co_await waited_for_->wait();
  co_return reply;
}

void Pending::abandon() {
  const std::lock_guard lock(mutex_);
  waited_for_.reset();
}

bool CommandQueue::push(std::shared_ptr<Pending> pending) {
  const std::lock_guard lock(mutex_);
  if (closed_ || waiting_.size() >= limits::journal_queue) return false;
  waiting_.push_back(std::move(pending));
  if (waiting_.size() == 1) filled_.notify_one();
  return true;
}

CommandQueue::Batch CommandQueue::take() {
  const std::lock_guard lock(mutex_);
  return take_locked();
}

CommandQueue::Batch CommandQueue::wait_and_take(std::optional<Duration> at_most) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return closed_ || !waiting_.empty(); };
  if (at_most) {
    filled_.wait_for(lock, *at_most, something);
  } else {
    filled_.wait(lock, something);
  }
  return closed_ ? Batch() : take_locked();
}

bool CommandQueue::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

CommandQueue::Batch CommandQueue::take_locked() {
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), limits::journal_batch));
  Batch batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  return batch;
}

void CommandQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  filled_.notify_all();
}

std::size_t CommandQueue::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace standin
