#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"

/// What every adapter of the port journal/journal.h must do. An adapter's own test instantiates the suite with a way to
/// make one, to crash it, and to break its disk.
namespace standin::contract {

/// A clock that stands still until it is moved.
class StillClock final : public Clock {
 public:
  Instant now() const override { return Instant(std::chrono::milliseconds(ms_.load())); }
  WallTime wall() const override { return wall_time(ms_.load()); }
  std::unique_ptr<Alarm> at(Instant, std::move_only_function<void()>) override { unreachable(); }
  void advance(std::chrono::milliseconds span) { ms_ += span.count(); }

 private:
  std::atomic<std::int64_t> ms_ = 1'767'225'600'000;  // 2026-01-01
};

enum class DiskFault { none, full, write_fails, sync_fails };

/// One journal under test, on storage of its own. A restart ends the process that used it, without a goodbye.
class TestedJournal {
 public:
  virtual ~TestedJournal() = default;
  virtual Journal& journal() = 0;
  virtual void restart() = 0;
  /// Copies what is on stable storage at this moment. Any thread.
  virtual void take_copy() = 0;
  virtual void restart_from_copy() = 0;
  virtual void disk(DiskFault fault) = 0;
  /// The exposure of one currency, summed from what is stored and not from memory.
  virtual std::int64_t stored_exposure(const std::string& currency) = 0;

  StillClock& clock() { return clock_; }
  boost::asio::io_context& loop() { return loop_; }

  /// Runs the task, and whatever else was spawned on the loop, to the end.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    start(std::move(task), result);
    finish();
    return std::move(*result);
  }
  /// Runs them all at once; the results in their order.
  template <class T>
  std::vector<T> run_all(std::vector<Task<T>> tasks) {
    std::vector<std::optional<T>> results(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) start(std::move(tasks[i]), results[i]);
    finish();
    std::vector<T> values;
    for (auto& result : results) values.push_back(std::move(*result));
    return values;
  }
  template <class T>
  void start(Task<T> task, std::optional<T>& result) {
    spawn(loop_.get_executor(), put(std::move(task), result));
  }
  void finish();

 private:
  template <class T>
  static Task<> put(Task<T> task, std::optional<T>& result) {
    T value = co_await std::move(task);
    result.emplace(std::move(value));
  }

  StillClock clock_;
  boost::asio::io_context loop_{1};
};

struct Adapter {
  std::string name;
  std::function<std::unique_ptr<TestedJournal>()> make;

  friend std::ostream& operator<<(std::ostream& out, const Adapter& adapter) { return out << adapter.name; }
};

/// The words that the suite's sentences are made of.
class JournalContract : public testing::TestWithParam<Adapter> {
 protected:
  JournalContract() : tested_(GetParam().make()) {}

  Journal& journal() { return tested_->journal(); }
  WallTime now() { return tested_->clock().wall(); }
  void advance(std::chrono::milliseconds span) { tested_->clock().advance(span); }

  /// An order of 100 minor units of USD that was accepted, with nothing sent and due at once.
  NewOrder an_order(const std::string& key = "");
  NewOrder a_decline(const std::string& key, bool key_from_client);
  /// Its forward timed out, and is listened for during the next minute.
  NewOrder an_order_in_doubt();
  /// Written before it is sent, and listened for during the next minute.
  NewOrder an_intent(const std::string& key = "");
  Kept keep(NewOrder order);
  Ulid kept(NewOrder order);
  std::optional<Lease> lease(Ulid id, std::string kind = "replay");
  Applied apply(Change change);
  Kept conclude(Conclusion conclusion);
  /// An intent whose client was told the party's own yes.
  Ulid charged(const std::string& reference, const std::string& key = "");
  OrderRow row(const Ulid& id);
  /// The states that its transitions tell of.
  std::vector<State> path(const Ulid& id);
  std::size_t due_count() { return journal().orders({.due_only = true})->size(); }
  State state(const Ulid& id) { return row(id).state; }
  std::int64_t exposure();
  std::vector<FollowUpRow> open_cases() { return journal().follow_ups(true).value(); }
  Result<void> act_on(std::int64_t follow_up, std::string action);
  OrderKey key_of(const std::string& text);

  std::unique_ptr<TestedJournal> tested_;

 private:
  UlidMaker ulids_{system_random()};
  int keys_ = 0;
};

/// These tests fork: to be instantiated with an adapter that starts no thread.
class JournalContractDeathTest : public JournalContract {};

/// The end of an attempt, as whoever made it would record it.
Change ended(Lease lease, State to, std::string kind, Outcome outcome, std::string upstream_reference = {});
/// What the party answered while its client waited.
Conclusion by_party(Lease lease, State to, Outcome outcome, std::string upstream_reference = {});
/// What we answered in its place, while its own answer is listened for until `due`.
Conclusion by_us(Lease lease, State to, WallTime due, Outcome forward = Outcome::unknown);
/// A person's word.
Change said(Ulid id, State to, std::optional<WallTime> due = {});

}  // namespace standin::contract
