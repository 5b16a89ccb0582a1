#include "journal/rebuild.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"
#include "journal/orders_table.h"

namespace standin {
namespace {

constexpr std::string_view all_orders =
    "SELECT row, id, order_key, payload_digest, state, key_from_client, shadow, superseded, amount_minor, currency, "
    "settled_minor, exposed_minor, answered, stood_in, behind, run FROM orders ORDER BY row";
constexpr std::string_view open_orders = where_open.substr(where_open.find("WHERE ") + 6);
/// A clock that is kept right moves by less between two processes.
constexpr auto noticed = std::chrono::seconds(1);
constexpr std::string_view all_transitions = "SELECT order_row, state, at FROM transitions ORDER BY order_row, number";

struct Record {
  std::int64_t row = 0;
  OrderKey key;
  Remembered order;
  bool superseded = false;
  bool shadow = false;
  Owed owed;
  std::int64_t exposed = 0, run = 0;
  bool readable = true;
};

std::optional<Money> read_amount(const Rows& rows, bool& readable) {
  if (rows.is_null(8)) return std::nullopt;
  const auto currency = Currency::parse(rows.view(9));
  readable = readable && currency.has_value();
  return Money{rows.integer(8), currency.value_or(Currency())};
}

Record read_order(const Rows& rows) {
  const auto state = stored_state(rows.integer(4));
  Record record{.row = rows.integer(0),
                .key = {rows.digest(2)},
                .superseded = rows.flag(7),
                .shadow = rows.flag(6),
                .exposed = rows.integer(11),
                .run = rows.integer(15)};
  record.readable = state.has_value();
  record.order = {rows.ulid(1), rows.digest(3), state.value_or(State::held), rows.flag(5), rows.flag(12), {}};
  record.owed = {.state = record.order.state,
                 .promised = rows.flag(13) && !record.shadow && rows.is_null(14),
                 .amount = read_amount(rows, record.readable),
                 .settled_minor = rows.integer(10),
                 .rest_closed = is_rest_closed(record.order.state, record.exposed)};
  return record;
}

/// Walks the transitions beside the orders: both come in the order of rows.
class Histories {
 public:
  explicit Histories(Database& database) : statement_(database, all_transitions), rows_(statement_.query()) { step(); }

  /// The state that the order's transitions lead to; nothing if it has none, or one that the lifecycle does not.
  /// `decided`: set to the time of the first that decided it. An order that was held before anything else was an
  /// intent.
  std::optional<State> last_of(std::int64_t order_row, WallTime& decided) {
    std::optional<State> last;
    bool sound = true;
    bool known = false;
    while (more_ && rows_.integer(0) <= order_row) {
      const auto state = stored_state(rows_.integer(1));
      if (rows_.integer(0) == order_row) {
        sound = sound && state && (last ? may_follow(*last, *state) : may_begin_as(*state));
        last = state;
        if (!known && state && is_decided(*state, false)) {
          known = true;
          decided = rows_.time(2);
        }
      }
      step();
    }
    return sound ? last : std::nullopt;
  }

 private:
  void step() { more_ = rows_.next(); }

  Statement statement_;
  Rows rows_;
  bool more_ = false;
};

std::unexpected<Error> contradiction(const Record& record, std::string_view what, const std::string& path) {
  return failure(
      fmt::format("the journal {} contradicts itself at order {}: {}; restore it, or ask for help before serving", path,
                  record.order.id.text(), what),
      path);
}

Result<void> check(Record& record, Histories& histories, const std::string& path) {
  if (!record.readable) return contradiction(record, "its state or currency is not one that exists", path);
  if (histories.last_of(record.row, record.order.decided) != record.order.state) {
    return contradiction(
        record, fmt::format("its state is {}, and its transitions do not lead there", name(record.order.state)), path);
  }
  if (record.exposed != exposed_minor(record.owed))
    return contradiction(record, "its exposure is not what its state owes", path);
  return {};
}

Result<void> remember(const Record& record, JournalIndex& index, Exposure& exposure, const std::string& path) {
  if (record.exposed > 0) exposure.set(record.order.id, record.owed.amount->currency, record.exposed);
  if (record.shadow || index.add(record.key, record.order, record.superseded)) return {};
  return contradiction(record, "another order has its key", path);
}

/// When the order was decided, by this process's clock: never later than now, however the clock was set.
void tell_by_this_clock(Record& record, const Runs& runs, WallTime now) {
  const auto earlier = runs.earlier(record.run);
  WallTime& decided = record.order.decided;
  if (decided == WallTime{}) return;
  if (earlier && earlier->set_by) decided += *earlier->set_by;
  decided = std::min(decided, now);
}

// No other process listens, by the lock: what was written before it was sent can be looked for. What was promised
// waits, because its replay would be a second request while the first may still be running at the party. What the clock
// before set for later is as far from now as it was, or no further than it may ever be: nobody waits for a clock to
// catch up.
void move_times(Database& database, const Runs& runs, WallTime now) {
  const auto set = [&](std::string_view what, std::string_view which, std::int64_t by) {
    Statement statement(
        database, fmt::format("UPDATE orders INDEXED BY orders_due SET {} WHERE {} AND {}", what, open_orders, which));
    statement.execute(by);
  };
  const std::int64_t now_ms = unix_ms(now);
  const std::string not_for_person = fmt::format("due < {}", unix_ms(never_due));
  set("due = min(created, ?1), listen_until = 0", "state = 14 AND listen_until <> 0", now_ms);
  const auto last = runs.last();
  if (last && last->set_by && std::chrono::abs(*last->set_by) >= noticed) {
    set("listen_until = listen_until + ?1", "listen_until <> 0", last->set_by->count());
    set("due = due + ?1", not_for_person, last->set_by->count());
  } else {
    set("listen_until = ?1 + listen_until - created", "created > ?1 AND listen_until <> 0", now_ms);
  }
  const std::int64_t longest = unix_ms(now + std::chrono::ceil<std::chrono::milliseconds>(limits::replay_backoff_max));
  set("due = ?1", "due > ?1 AND " + not_for_person, longest);
}

}  // namespace

void begin_run(Database& database, const Runs& runs, WallTime now) {
  runs.write_down(database);
  database.execute("UPDATE orders SET lease_until = 0, lease_owner = '' WHERE lease_until <> 0 OR lease_owner <> ''");
  if (planted(Bug::open_attempts_forgotten)) {
    database.execute("DELETE FROM attempts WHERE open = 1");
    database.execute("UPDATE orders SET unresolved = 0");
  }
  move_times(database, runs, now);
}

Result<void> rebuild(Database& database, const std::string& path, const Runs& runs, WallTime now, JournalIndex& index,
                     Exposure& exposure) {
  {
    Histories histories(database);
    Statement orders(database, all_orders);
    Rows rows = orders.query();
    while (rows.next()) {
      Record record = read_order(rows);
      if (auto sound = check(record, histories, path); !sound) return sound;
      tell_by_this_clock(record, runs, now);
      if (auto added = remember(record, index, exposure, path); !added) return added;
    }
  }
  if (const auto failed = database.take_failure()) {
    return failure(fmt::format("cannot read the journal {}: {}", path, failed->what), path);
  }
  exposure.commit();
  index.set_exposure(exposure.totals(), exposure.peaks());
  return {};
}

}  // namespace standin
