#include "journal/journal_reader.h"

#include <fmt/format.h>

#include "journal/orders_table.h"

namespace standin {
namespace {

constexpr std::string_view select_request =
    "SELECT request_key_id, request_wrapped_key, request FROM payloads JOIN orders ON row = order_row WHERE id = ?";
/// The answer to an intent came later than its request, and is in a table of its own.
constexpr std::string_view select_answer =
    "SELECT ifnull(key_id, answer_key_id), ifnull(wrapped_key, answer_wrapped_key), ifnull(answers.answer, "
    "payloads.answer) FROM orders JOIN payloads ON payloads.order_row = row LEFT JOIN answers ON answers.order_row = "
    "row "
    "WHERE id = ? AND answered = 1";

constexpr std::string_view select_holder =
    "SELECT id FROM orders WHERE upstream = ? AND upstream_reference = ? AND upstream_reference <> ''";

std::unexpected<Error> no_such_order(const Ulid& id) {
  return failure(fmt::format("the journal has no order {}", id.text()), "journal");
}

std::optional<Lead> lead_in(const Rows& attempt) {
  if (attempt.is_null(7)) return std::nullopt;
  return Lead{std::chrono::milliseconds(attempt.integer(7)), std::chrono::milliseconds(attempt.integer(8))};
}

std::string note_line(const Rows& rows) {
  return fmt::format("{} {}: {}", iso8601(rows.time(0)), rows.view(1), rows.view(2));
}

}  // namespace

Result<std::unique_ptr<JournalReader>> JournalReader::open(const std::string& path, const std::string& vfs, Runs runs) {
  auto database = Database::open(path, {.vfs = vfs, .read_only = true});
  if (!database) return std::unexpected(database.error());
  return std::unique_ptr<JournalReader>(new JournalReader(std::move(*database), std::move(runs)));
}

Result<void> JournalReader::finish(std::string_view what) {
  const auto failed = database_.take_failure();
  if (!failed) return {};
  return failure(fmt::format("cannot read {}: {}", what, failed->what), "journal");
}

Result<std::int64_t> JournalReader::row_of(const Ulid& id) {
  std::optional<std::int64_t> row;
  {
    Statement statement(database_, "SELECT row FROM orders WHERE id = ?");
    Rows rows = statement.query(id);
    if (rows.next()) row = rows.integer(0);
  }
  if (auto done = finish("an order"); !done) return std::unexpected(done.error());
  if (!row) return no_such_order(id);
  return *row;
}

Result<Sealed> JournalReader::sealed(const Ulid& id, Part part) {
  const std::lock_guard lock(mutex_);
  std::optional<Sealed> found;
  {
    Statement statement(database_, part == Part::request ? select_request : select_answer);
    Rows rows = statement.query(id);
    if (rows.next()) found = Sealed{static_cast<std::uint32_t>(rows.integer(0)), rows.text(1), rows.text(2)};
  }
  if (auto done = finish("a sealed record"); !done) return std::unexpected(done.error());
  if (!found) {
    return failure(
        fmt::format("the journal keeps no {} of order {}", part == Part::request ? "request" : "answer", id.text()),
        "journal");
  }
  return std::move(*found);
}

Result<std::vector<OrderRow>> JournalReader::orders(const OrderFilter& filter, WallTime now) {
  const std::lock_guard lock(mutex_);
  auto orders = orders_.run(filter, now);
  if (auto done = finish("orders"); !done) return std::unexpected(done.error());
  return orders;
}

Result<std::vector<TransitionRow>> JournalReader::transitions(const Ulid& id) {
  const std::lock_guard lock(mutex_);
  const auto row = row_of(id);
  if (!row) return std::unexpected(row.error());
  std::vector<TransitionRow> transitions;
  {
    Statement statement(database_, "SELECT state, at, who, why FROM transitions WHERE order_row = ? ORDER BY number");
    Rows rows = statement.query(*row);
    while (rows.next()) transitions.push_back({rows.state(0), rows.time(1), rows.text(2), rows.text(3)});
  }
  if (auto done = finish("transitions"); !done) return std::unexpected(done.error());
  for (std::size_t i = 1; i < transitions.size(); ++i) {
    ensure(may_follow(transitions[i - 1].to, transitions[i].to), "every transition read is one that the lifecycle has");
  }
  return transitions;
}

Result<std::vector<Attempt>> JournalReader::attempts(const Ulid& id) {
  const std::lock_guard lock(mutex_);
  const auto row = row_of(id);
  if (!row) return std::unexpected(row.error());
  std::vector<Attempt> attempts;
  {
    Statement statement(database_,
                        "SELECT kind, target, started, outcome, open, detail, run, lead_least, lead_most FROM attempts "
                        "WHERE order_row = ? ORDER BY number");
    Rows rows = statement.query(*row);
    while (rows.next()) {
      attempts.push_back({.kind = rows.text(0),
                          .target = rows.text(1),
                          .started = rows.time(2),
                          .outcome = parse_outcome(rows.view(3)).value_or(Outcome::unknown),
                          .open = rows.flag(4),
                          .detail = rows.text(5),
                          .lead = lead_in(rows),
                          .earlier = runs_.earlier(rows.integer(6))});
    }
  }
  if (auto done = finish("attempts"); !done) return std::unexpected(done.error());
  return attempts;
}

Result<std::vector<FollowUpRow>> JournalReader::follow_ups(bool open_only) {
  const std::lock_guard lock(mutex_);
  std::vector<FollowUpRow> follow_ups;
  {
    Statement statement(database_,
                        std::string("SELECT follow_ups.id, orders.id, reason, follow_ups.state, owner, opened FROM "
                                    "follow_ups JOIN orders ON row = order_row ") +
                            (open_only ? "WHERE follow_ups.state <> 'closed' " : "") + "ORDER BY follow_ups.id");
    Rows rows = statement.query();
    while (rows.next()) {
      follow_ups.push_back({.id = rows.integer(0),
                            .order = rows.ulid(1),
                            .reason = rows.text(2),
                            .state = rows.text(3),
                            .owner = rows.text(4),
                            .opened = rows.time(5)});
    }
  }
  for (FollowUpRow& follow_up : follow_ups) read_notes(follow_up);
  if (auto done = finish("follow-ups"); !done) return std::unexpected(done.error());
  return follow_ups;
}

void JournalReader::read_notes(FollowUpRow& follow_up) {
  Statement statement(database_, "SELECT at, who, text FROM follow_up_notes WHERE follow_up = ? ORDER BY number");
  Rows rows = statement.query(follow_up.id);
  while (rows.next()) follow_up.notes.push_back(note_line(rows));
}

Result<std::size_t> JournalReader::waiting(const std::string& route) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  {
    Statement statement(
        database_,
        fmt::format("SELECT count(*) FROM orders{} AND state IN (1, 2, 7) AND stood_in = 1 AND route = ?", where_open));
    Rows rows = statement.query(route);
    if (rows.next()) count = static_cast<std::size_t>(rows.integer(0));
  }
  if (auto done = finish("orders that wait"); !done) return std::unexpected(done.error());
  return count;
}

Result<std::vector<ModeRow>> JournalReader::modes() {
  const std::lock_guard lock(mutex_);
  std::vector<ModeRow> modes;
  bool known = true;
  {
    Statement statement(database_, "SELECT route, mode, until, who, why FROM modes ORDER BY route");
    Rows rows = statement.query();
    while (rows.next()) {
      const auto mode = parse_mode(rows.view(1));
      known = known && mode;
      modes.push_back({rows.text(0), mode.value_or(Mode::off), rows.time(2), rows.text(3), rows.text(4)});
    }
  }
  if (auto done = finish("modes"); !done) return std::unexpected(done.error());
  if (!known) return failure("the journal holds a mode that does not exist", "journal");
  return modes;
}

Result<std::vector<SwitchRow>> JournalReader::switches() {
  const std::lock_guard lock(mutex_);
  std::vector<SwitchRow> switches;
  {
    Statement statement(database_,
                        "SELECT upstream, key, until, who, why FROM switches WHERE cut = 1 ORDER BY upstream, key");
    Rows rows = statement.query();
    while (rows.next()) {
      switches.push_back({.upstream = rows.text(0),
                          .key = rows.text(1),
                          .until = rows.time(2),
                          .who = rows.text(3),
                          .why = rows.text(4)});
    }
  }
  if (auto done = finish("switches"); !done) return std::unexpected(done.error());
  return switches;
}

Result<std::optional<Ulid>> JournalReader::holder(const std::string& upstream, const std::string& upstream_reference) {
  const std::lock_guard lock(mutex_);
  std::optional<Ulid> id;
  {
    Statement statement(database_, select_holder);
    Rows rows = statement.query(upstream, upstream_reference);
    if (rows.next()) id = rows.ulid(0);
  }
  if (auto done = finish("who holds a reference"); !done) return std::unexpected(done.error());
  return id;
}

}  // namespace standin
