#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/order_query.h"
#include "journal/sqlite.h"

namespace standin {

/// Reads the journal back: each call sees what was committed before it. Any thread, one call at a time.
class JournalReader {
 public:
  /// On a connection of its own.
  static Result<std::unique_ptr<JournalReader>> open(const std::string& path, const std::string& vfs, Runs runs);
  /// On the connection of a writer that is on the same thread.
  JournalReader(Database& shared, Runs runs) : database_(shared), runs_(std::move(runs)), orders_(shared, runs_) {}

  /// By another process. Any thread.
  bool used_before() const { return runs_.last().has_value(); }
  enum class Part { request, answer };
  Result<Sealed> sealed(const Ulid& id, Part part);
  Result<std::vector<OrderRow>> orders(const OrderFilter& filter, WallTime now);
  Result<std::size_t> waiting(const std::string& route);
  Result<std::vector<TransitionRow>> transitions(const Ulid& id);
  Result<std::vector<Attempt>> attempts(const Ulid& id);
  Result<std::vector<FollowUpRow>> follow_ups(bool open_only);
  Result<std::vector<ModeRow>> modes();
  Result<std::vector<SwitchRow>> switches();
  Result<std::optional<Ulid>> holder(const std::string& upstream, const std::string& upstream_reference);

 private:
  JournalReader(std::unique_ptr<Database> own, Runs runs)
      : own_(std::move(own)), database_(*own_), runs_(std::move(runs)), orders_(*own_, runs_) {}
  Result<void> finish(std::string_view what);
  Result<std::int64_t> row_of(const Ulid& id);
  void read_notes(FollowUpRow& follow_up);

  std::mutex mutex_;
  std::unique_ptr<Database> own_;
  Database& database_;
  const Runs runs_;
  OrderQuery orders_;
};

}  // namespace standin
