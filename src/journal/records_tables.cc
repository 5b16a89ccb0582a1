#include "journal/records_tables.h"

#include "journal/orders_table.h"

namespace standin {
namespace {

std::optional<std::int64_t> least_ms(const std::optional<Lead>& lead) {
  if (!lead) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(lead->least).count();
}

std::optional<std::int64_t> most_ms(const std::optional<Lead>& lead) {
  if (!lead) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(lead->most).count();
}

}  // namespace

TransitionsTable::TransitionsTable(Database& database)
    : add_(database,
           "INSERT INTO transitions (order_row, number, state, at, who, why) VALUES (?1, (SELECT coalesce(max(number), "
           "0) + 1 "
           "FROM transitions WHERE order_row = ?1), ?2, ?3, ?4, ?5)") {}

void TransitionsTable::add(std::int64_t order_row, State to, WallTime at, std::string_view who, std::string_view why) {
  add_.execute(order_row, to, at, who, why);
}

AttemptsTable::AttemptsTable(Database& database)
    : add_(database,
           "INSERT INTO attempts (order_row, number, kind, target, token, started, open, outcome, ended, detail, "
           "run, lead_least, lead_most) "
           "VALUES (?1, "
           "(SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE order_row = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
           "(SELECT max(id) FROM runs), ?10, ?11)"),
      find_open_(database, "SELECT number FROM attempts WHERE order_row = ? AND kind = ? AND token = ? AND open = 1"),
      close_(database,
             "UPDATE attempts SET open = 0, outcome = ?1, ended = ?2, detail = ?3, target = CASE ?4 WHEN '' THEN "
             "target ELSE ?4 "
             "END WHERE order_row = ?5 AND number = ?6"),
      redirect_(database,
                "UPDATE attempts SET lead_least = ?, lead_most = ? WHERE order_row = ? AND token = ? AND open = 1"),
      all_(database, "SELECT kind, outcome, open, token FROM attempts WHERE order_row = ? ORDER BY number") {}

void AttemptsTable::add(std::int64_t order_row, std::uint64_t token, const Attempt& attempt, WallTime now) {
  const WallTime ended = attempt.open ? WallTime{} : now;
  add_.execute(order_row, attempt.kind, attempt.target, token, attempt.started, attempt.open, name(attempt.outcome),
               ended, attempt.detail, least_ms(attempt.lead), most_ms(attempt.lead));
}

void AttemptsTable::redirect(std::int64_t order_row, std::uint64_t token, const std::optional<Lead>& lead) {
  redirect_.execute(least_ms(lead), most_ms(lead), order_row, token);
}

void AttemptsTable::close(std::int64_t order_row, std::uint64_t token, const Attempt& attempt, WallTime now) {
  std::optional<std::int64_t> number;
  {
    Rows rows = find_open_.query(order_row, attempt.kind, token);
    if (rows.next()) number = rows.integer(0);
  }
  if (number) {
    close_.execute(name(attempt.outcome), now, attempt.detail, attempt.target, order_row, *number);
    return;
  }
  Attempt closed = attempt;
  closed.open = false;
  add(order_row, token, closed, now);
}

// A charge by the live forward or a replay that ended in `unknown` is a question; one that was approved is too, until
// the order's state says so. A finder that has nothing answers all questions before it, as does an answer to a replay
// with the same key; one that has something asks who it belongs to, until the state says so. A client's void is a
// question until the party's yes or no. `not_done` says only that this one attempt did nothing, and a conclusion
// nothing.
bool AttemptsTable::has_open_question(std::int64_t order_row, std::optional<std::uint64_t> but_open_of) {
  bool question = false;
  Rows rows = all_.query(order_row);
  while (rows.next()) {
    const bool own = but_open_of && rows.flag(2) && static_cast<std::uint64_t>(rows.integer(3)) == *but_open_of;
    if (own) continue;
    const std::string_view kind = rows.view(0);
    const Outcome outcome = parse_outcome(rows.view(1)).value_or(Outcome::unknown);
    const bool definite = outcome != Outcome::unknown;
    const bool charges = kind == "live" || kind == "replay";
    if (kind == "finder" && definite) question = outcome == Outcome::approved;
    if (kind == "replay" && (outcome == Outcome::approved || outcome == Outcome::declined)) question = false;
    if (kind == "reversal" && outcome == Outcome::approved) question = false;
    if (kind == "void" && outcome != Outcome::not_done) question = !definite;
    if (charges && (outcome == Outcome::unknown || outcome == Outcome::approved)) question = true;
  }
  return question;
}

FollowUpsTable::FollowUpsTable(Database& database)
    : find_open_(database, "SELECT 1 FROM follow_ups WHERE order_row = ? AND state <> 'closed' AND reason = ?"),
      any_open_(database, "SELECT 1 FROM follow_ups WHERE order_row = ? AND state <> 'closed'"),
      add_(database, "INSERT INTO follow_ups (order_row, reason, state, owner, opened) VALUES (?, ?, 'open', '', ?)"),
      close_(database, "UPDATE follow_ups SET state = 'closed' WHERE order_row = ? AND reason = ?"),
      find_(database, "SELECT order_row, state FROM follow_ups WHERE id = ?"),
      set_(database, "UPDATE follow_ups SET state = ?1, owner = CASE ?2 WHEN '' THEN owner ELSE ?2 END WHERE id = ?3"),
      note_(database,
            "INSERT INTO follow_up_notes (follow_up, number, at, who, text) VALUES (?1, (SELECT coalesce(max(number), "
            "0) + 1 "
            "FROM follow_up_notes WHERE follow_up = ?1), ?2, ?3, ?4)") {}

void FollowUpsTable::open(std::int64_t order_row, std::string_view reason, WallTime now) {
  {
    Rows rows = find_open_.query(order_row, reason);
    if (rows.next()) return;
  }
  add_.execute(order_row, reason, now);
}

void FollowUpsTable::close(std::int64_t order_row, std::string_view reason) { close_.execute(order_row, reason); }

bool FollowUpsTable::has_open(std::int64_t order_row) {
  Rows rows = any_open_.query(order_row);
  return rows.next();
}

std::optional<FollowUpsTable::Case> FollowUpsTable::find(std::int64_t id) {
  Rows rows = find_.query(id);
  if (!rows.next()) return std::nullopt;
  return Case{rows.integer(0), rows.text(1)};
}

void FollowUpsTable::set(std::int64_t id, std::string_view state, std::string_view owner) {
  set_.execute(state, owner, id);
}

void FollowUpsTable::note(std::int64_t id, WallTime at, std::string_view who, std::string_view text) {
  note_.execute(id, at, who, text);
}

ModesTable::ModesTable(Database& database)
    : set_(database,
           "INSERT INTO modes (route, mode, until, who, why, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (route) DO "
           "UPDATE SET "
           "mode = excluded.mode, until = excluded.until, who = excluded.who, why = excluded.why, at = excluded.at") {}

void ModesTable::set(const ModeRow& mode, WallTime now) {
  set_.execute(mode.route, name(mode.mode), mode.until, mode.who, mode.why, now);
}

SwitchesTable::SwitchesTable(Database& database)
    : set_(database,
           "INSERT INTO switches (upstream, key, cut, until, who, why, at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
           "(upstream, key) DO UPDATE SET cut = excluded.cut, until = excluded.until, who = excluded.who, why = "
           "excluded.why, at = excluded.at") {}

void SwitchesTable::set(const SwitchRow& row, WallTime now) {
  set_.execute(row.upstream, row.key, row.cut, row.until, row.who, row.why, now);
}

}  // namespace standin
