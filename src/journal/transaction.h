#pragma once

#include <unordered_map>
#include <vector>

#include "journal/commands.h"
#include "journal/exposure.h"
#include "journal/journal_index.h"
#include "journal/orders_table.h"
#include "journal/records_tables.h"

namespace standin {

/// Why a held order whose yes did not arrive is in a person's queue; closed when the order moves on.
constexpr std::string_view undelivered_case =
    "the client did not get its yes: find out whether the customer has the goods, then replay it or write it off";

struct Tables {
  explicit Tables(Database& database)
      : orders(database),
        transitions(database),
        attempts(database),
        follow_ups(database),
        modes(database),
        switches(database) {}

  OrdersTable orders;
  TransitionsTable transitions;
  AttemptsTable attempts;
  FollowUpsTable follow_ups;
  ModesTable modes;
  SwitchesTable switches;
};

/// The commands of one batch, decided and written one after the other, each seeing what those before it did. A command
/// that is refused has written nothing, but for the evidence of a late approval. Whether any of it counts is told by
/// the commit.
class Transaction {
 public:
  Transaction(Tables& tables, Exposure& exposure, const JournalIndex& index, const PartyClocks& clocks, WallTime now)
      : tables_(tables), exposure_(exposure), index_(index), clocks_(clocks), now_(now) {}

  Reply operator()(const KeepCommand& command);
  Reply operator()(const ConcludeCommand& command);
  Reply operator()(const RebindCommand& command);
  Reply operator()(const LeaseCommand& command);
  Reply operator()(const ApplyCommand& command);
  Reply operator()(const UndeliveredCommand& command);
  Reply operator()(const FollowUpCommand& command);
  Reply operator()(const ModeCommand& command);
  Reply operator()(const SwitchCommand& command);

  const std::vector<IndexChange>& changes() const { return changes_; }

 private:
  void add(const NewOrder& order, std::int64_t exposed);
  void add_doubt(std::int64_t row, const std::string& upstream, WallTime since);
  bool is_over_cap(const std::vector<Money>& caps, const Money& amount) const;
  std::optional<Ulid> holder(const OrderKey& key) const;
  bool free_key(const OrderKey& key);

  void write_conclusion(Standing& order, const Conclusion& conclusion);
  void take_reference(Standing& order, const Conclusion& conclusion);
  State accounted(const Standing& order, State to);

  bool is_fenced(const Standing& order, const Lease& lease) const;
  bool is_leased(const Standing& order) const;
  Applied decide(const Standing& order, const Change& change, State to);
  void write_change(Standing& order, const Change& change, State to);
  void write_taken(Standing& order, const Change& change);
  void open_follow_ups(const Standing& order, const Change& change, bool arrived);

  void adopt_reference(Standing& order, const std::string& upstream_reference);
  void record_late_approval(Standing& order, std::uint64_t token, Attempt late, const std::string& upstream_reference);
  void undo_second(const Standing& order, const std::string& upstream_reference);

  /// Moves the order, if `to` is another state, and writes it with what else of it changed.
  void move(Standing& order, State to, std::string_view who, std::string_view why);
  void write(Standing& order, State from);
  Result<void> close_follow_up(std::int64_t order_row, State to, const FollowUpCommand& command);

  Tables& tables_;
  Exposure& exposure_;
  const JournalIndex& index_;
  const PartyClocks& clocks_;
  const WallTime now_;
  std::unordered_map<OrderKey, Ulid, OrderKeyHash> kept_here_;
  std::vector<IndexChange> changes_;
};

}  // namespace standin
