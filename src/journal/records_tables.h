#pragma once

#include <optional>
#include <string>

#include "journal/journal.h"
#include "journal/sqlite.h"

namespace standin {

/// The append-only history of orders' states.
class TransitionsTable {
 public:
  explicit TransitionsTable(Database& database);
  void add(std::int64_t order_row, State to, WallTime at, std::string_view who, std::string_view why);

 private:
  Statement add_;
};

/// The attempts at the party: rows are added, and an open one is closed once.
class AttemptsTable {
 public:
  explicit AttemptsTable(Database& database);

  /// Adds it as it is, open or closed.
  void add(std::int64_t order_row, std::uint64_t token, const Attempt& attempt, WallTime now);
  /// Closes the open attempt of this kind that the token's holder opened; without one, adds it closed.
  void close(std::int64_t order_row, std::uint64_t token, const Attempt& attempt, WallTime now);
  /// What the token's holder has begun goes to another party, whose clock is another.
  void redirect(std::int64_t order_row, std::uint64_t token, const std::optional<Lead>& lead);
  /// Something may have happened, or did, that no later attempt has accounted for: the finder goes first.
  /// `but_open_of`: not counting what the holder of that token has begun itself and not ended.
  bool has_open_question(std::int64_t order_row, std::optional<std::uint64_t> but_open_of = std::nullopt);

 private:
  Statement add_, find_open_, close_, redirect_, all_;
};

/// Cases for a person, and what they wrote.
class FollowUpsTable {
 public:
  explicit FollowUpsTable(Database& database);

  struct Case {
    std::int64_t order_row = 0;
    std::string state;
  };
  /// A reason that is open for this order already is not opened again.
  void open(std::int64_t order_row, std::string_view reason, WallTime now);
  /// The reason is gone.
  void close(std::int64_t order_row, std::string_view reason);
  bool has_open(std::int64_t order_row);
  std::optional<Case> find(std::int64_t id);
  void set(std::int64_t id, std::string_view state, std::string_view owner);
  void note(std::int64_t id, WallTime at, std::string_view who, std::string_view text);

 private:
  Statement find_open_, any_open_, add_, close_, find_, set_, note_;
};

/// What operators chose in place of the configured modes.
class ModesTable {
 public:
  explicit ModesTable(Database& database);
  void set(const ModeRow& mode, WallTime now);

 private:
  Statement set_;
};

/// What operators have cut off.
class SwitchesTable {
 public:
  explicit SwitchesTable(Database& database);
  void set(const SwitchRow& row, WallTime now);

 private:
  Statement set_;
};

}  // namespace standin
