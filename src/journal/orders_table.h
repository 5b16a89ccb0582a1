#pragma once

#include <optional>
#include <string>

#include "journal/journal.h"
#include "journal/sqlite.h"

namespace standin {

/// Reads open orders alone; to be followed by further conditions. The index is named, because SQLite would rather read
/// all orders in their order than sort the few that are open; a query that cannot use it fails. The words are those of
/// the partial index.
constexpr std::string_view where_open =
    " INDEXED BY orders_due WHERE shadow = 0 AND (state = 1 OR state = 2 OR state = 7 OR state = 8 OR state = 10)";

/// An order as the writer sees it: what a step may depend on, and what it may change.
struct Standing {
  std::int64_t row = 0;
  Ulid id;
  OrderKey key;
  Digest payload;
  bool key_from_client = false, shadow = false;
  std::optional<Money> amount;
  std::string upstream;
  Outcome forward = Outcome::not_done;

  State state = State::accepted;
  bool undelivered = false, unresolved = false;
  std::optional<bool> done_after_all;
  std::uint64_t token = 0;
  std::string lease_owner;
  WallTime lease_until{}, listen_until{}, due{};
  int replays = 0;
  std::string upstream_reference;
  std::int64_t settled_minor = 0, exposed_minor = 0;

  Remembered remembered() const { return {id, payload, state, key_from_client}; }
};

/// The tables `orders` and `payloads`, as the writer uses them.
class OrdersTable {
 public:
  explicit OrdersTable(Database& database);

  /// The row of the new order.
  std::int64_t insert(const NewOrder& order, std::int64_t exposed_minor);
  std::optional<Standing> find(const Ulid& id);
  std::optional<Standing> find(std::int64_t row);
  /// Writes what a step may change.
  void update(const Standing& order);
  /// The key is free for another order.
  void supersede(const Standing& order);
  /// Another order at this upstream that carries the reference.
  bool is_taken(const Standing& by, const std::string& upstream_reference);

 private:
  void insert_payload(std::int64_t row, const NewOrder& order);

  Database& database_;
  Statement insert_, insert_payload_, by_id_, by_row_, update_, supersede_, taken_;
};

std::optional<Outcome> parse_outcome(std::string_view text);
std::optional<Cause> parse_cause(std::string_view text);

}  // namespace standin
