#pragma once

#include <optional>
#include <string>

#include "journal/exposure.h"
#include "journal/journal.h"
#include "journal/sqlite.h"

namespace standin {

/// Reads open orders alone; to be followed by further conditions. The index is named, because SQLite would rather read
/// all orders in their order than sort the few that are open; a query that cannot use it fails. The words are those of
/// the partial index.
constexpr std::string_view where_open =
    " INDEXED BY orders_due WHERE shadow = 0 AND (state = 1 OR state = 2 OR state = 7 OR state = 8 OR state = 10 OR "
    "state "
    "= 14)";

/// Reads what is listed when nobody asks for more: all but the charges that parties answered themselves, those under
/// way, and those that came to nothing. The words are those of the partial index, and it is named, as above.
constexpr std::string_view where_listed =
    " INDEXED BY orders_listed WHERE (stood_in = 1 OR (state <> 3 AND state <> 9 AND state <> 14 AND state <> 15))";

/// An order as the writer sees it: what a step may depend on, and what it may change.
struct Standing {
  std::int64_t row = 0;
  Ulid id;
  OrderKey key;
  Digest payload;
  bool key_from_client = false, shadow = false;
  std::optional<Money> amount;
  std::optional<Ulid> behind;

  std::string upstream;
  Outcome forward = Outcome::not_done;
  WallTime first_sent{};
  bool accepted = false;  ///< the customer was told yes, by us or the party
  bool answered = true;   ///< the customer was told something
  bool stood_in = true;   ///< by us
  State state = State::accepted;
  bool undelivered = false, unresolved = false;
  std::optional<bool> done_after_all;
  std::uint64_t token = 0;
  std::string lease_owner;
  WallTime lease_until{}, listen_until{}, due{};
  int replays = 0;
  std::string upstream_reference;
  std::int64_t settled_minor = 0, exposed_minor = 0;

  Remembered remembered() const { return {id, payload, state, key_from_client, answered}; }
  /// Whether the party had done what we stood in for is not known yet.
  bool asks_of_forward() const { return stood_in && !done_after_all && forward == Outcome::unknown; }
  /// The attempt says it.
  bool is_told_of_forward(const Attempt& attempt) const {
    if (attempt.outcome == Outcome::unknown) return false;
    return attempt.kind == "live" || (attempt.kind == "finder" && replays == 0);
  }
  Owed owed(bool rest_closed) const {
    return {state, stood_in && !shadow && !behind, amount, settled_minor, rest_closed};
  }
};

/// The tables `orders` and `payloads`, as the writer uses them.
class OrdersTable {
 public:
  explicit OrdersTable(Database& database);

  /// The row of the new order.
  std::int64_t insert(const NewOrder& order, std::int64_t exposed_minor);
  std::optional<Standing> find(const Ulid& id);
  std::optional<Standing> find(std::int64_t row);
  /// An order without a payload that another stands `behind`, like it in what it is about.
  std::int64_t insert_sibling(const Standing& first, const Ulid& id, const OrderKey& key,
                              const std::string& upstream_reference, WallTime now);
  /// Writes what a step may change.
  void update(const Standing& order);
  /// What standin itself decided of an intent.
  void decide(const Standing& order, const Decision& decision, Cause cause);
  /// What an intent's customer was told.
  void answer(const Standing& order, const Sealed& answer);
  void rebind(const Standing& order, const std::string& upstream);
  /// The key is free for another order.
  void supersede(const Standing& order);
  /// The row of another order at this upstream that carries the reference.
  std::optional<std::int64_t> taken_by(const Standing& than, const std::string& upstream_reference);

 private:
  void insert_payload(std::int64_t row, const NewOrder& order);

  Database& database_;
  Statement insert_, insert_payload_, insert_sibling_, by_id_, by_row_, update_, decide_, answer_, rebind_, supersede_,
      taken_;
};

std::optional<Outcome> parse_outcome(std::string_view text);
std::optional<Cause> parse_cause(std::string_view text);

}  // namespace standin
