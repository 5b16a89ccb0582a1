#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "journal/journal.h"
#include "telemetry/metrics.h"

namespace standin {

class JournalReader;
class JournalWriter;

struct SqliteJournalOptions {
  std::string path;
  const Clock* clock = nullptr;  ///< for leases and the times of records; outlives the journal
  Metrics* metrics = nullptr;    ///< may be null; outlives the journal
  /// Without: one writer thread commits whatever has queued. With: batches are committed on this event loop, one per
  /// turn, and the journal is used from its thread alone, so that a run in virtual time repeats itself exactly.
  std::optional<Executor> executor;
  /// Nothing: the wall clocks of earlier processes are not known to be right by this one's.
  std::optional<Boot> boot{};
  /// What is known of the parties' clocks is kept with what is sent to them.
  std::shared_ptr<const PartyClocks> clocks = std::make_shared<PartyClocks>();
  std::string vfs{};  ///< SQLite's operating system layer; "" for the default
};

/// This node's own journal, in one SQLite file (docs/formats.md, "Journal"). PATH.lock keeps other processes away.
class SqliteJournal final : public Journal {
 public:
  static Result<std::unique_ptr<SqliteJournal>> open(SqliteJournalOptions options);
  /// Finishes the commit in hand; what still waits is answered as not kept.
  ~SqliteJournal() override;

  /// Finishes the commit in hand, and leaves the journal to another process: nothing is kept from now on. Any thread.
  void let_go();

  Task<Kept> keep(NewOrder order) override;
  Task<Kept> conclude(Conclusion conclusion) override;
  Task<Applied> rebind(Lease lease, std::string upstream) override;
  bool used_before() const override;
  std::optional<Remembered> recall(const OrderKey& key) const override;
  Result<Sealed> answer(const Ulid& id) override;
  Result<Sealed> request(const Ulid& id) override;
  Task<Applied> mark_undelivered(Ulid id, State to, std::string why) override;
  Task<std::optional<Lease>> lease(Ulid id, std::string owner, WallTime until, Attempt attempt) override;
  Task<Applied> apply(Change change) override;
  Result<std::vector<OrderRow>> orders(const OrderFilter& filter) override;
  Result<std::vector<TransitionRow>> transitions(const Ulid& id) override;
  Result<std::vector<Attempt>> attempts(const Ulid& id) override;
  Result<std::size_t> waiting(const std::string& route) override;
  std::map<State, std::size_t> counts() const override;
  Result<std::vector<FollowUpRow>> follow_ups(bool open_only) override;
  Task<Result<void>> update_follow_up(std::int64_t id, std::string action, std::string who, std::string text) override;
  Task<Result<void>> set_mode(ModeRow mode) override;
  Result<std::vector<ModeRow>> modes() override;
  Task<Result<void>> set_switch(SwitchRow row) override;
  Result<std::vector<SwitchRow>> switches() override;
  Result<std::optional<Ulid>> holder(const std::string& upstream, const std::string& upstream_reference) override;
  std::vector<Money> exposure() const override;
  std::vector<Money> exposure_peak() const override;
  JournalHealth health() const override;

 private:
  SqliteJournal(const Clock& clock, std::shared_ptr<JournalWriter> writer, std::unique_ptr<JournalReader> reader);

  const Clock& clock_;
  std::shared_ptr<JournalWriter> writer_;
  std::unique_ptr<JournalReader> reader_;
};

}  // namespace standin
