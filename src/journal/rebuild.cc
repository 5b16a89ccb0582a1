#include "journal/rebuild.h"

#include <fmt/format.h>

namespace standin {
namespace {

constexpr std::string_view all_orders =
    "SELECT row, id, order_key, payload_digest, state, key_from_client, shadow, superseded, amount_minor, currency, "
    "settled_minor, exposed_minor, answered, stood_in, behind FROM orders ORDER BY row";
constexpr std::string_view all_transitions = "SELECT order_row, state FROM transitions ORDER BY order_row, number";

struct Record {
  std::int64_t row = 0;
  OrderKey key;
  Remembered order;
  bool superseded = false;
  bool shadow = false;
  Owed owed;
  std::int64_t exposed = 0;
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
                .exposed = rows.integer(11)};
  record.readable = state.has_value();
  record.order = {rows.ulid(1), rows.digest(3), state.value_or(State::held), rows.flag(5), rows.flag(12)};
  record.owed = {.state = record.order.state,
                 .promised = rows.flag(13) && !record.shadow && rows.is_null(14),
                 .amount = read_amount(rows, record.readable),
                 .settled_minor = rows.integer(10),
                 .rest_closed = record.order.state == State::settled && record.exposed == 0};
  return record;
}

/// Walks the transitions beside the orders: both come in the order of rows.
class Histories {
 public:
  explicit Histories(Database& database) : statement_(database, all_transitions), rows_(statement_.query()) { step(); }

  /// The state that the order's transitions lead to; nothing if it has none, or one that the lifecycle does not.
  std::optional<State> last_of(std::int64_t order_row) {
    std::optional<State> last;
    bool sound = true;
    while (more_ && rows_.integer(0) <= order_row) {
      const auto state = stored_state(rows_.integer(1));
      if (rows_.integer(0) == order_row) {
        sound = sound && state && (last ? may_follow(*last, *state) : may_begin_as(*state));
        last = state;
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

Result<void> check(const Record& record, Histories& histories, const std::string& path) {
  if (!record.readable) return contradiction(record, "its state or currency is not one that exists", path);
  if (histories.last_of(record.row) != record.order.state) {
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

}  // namespace

Result<void> rebuild(Database& database, const std::string& path, JournalIndex& index, Exposure& exposure) {
  database.execute("UPDATE orders SET lease_until = 0, lease_owner = '' WHERE lease_until <> 0 OR lease_owner <> ''");
  // No other process listens, by the lock: what was written before it was sent can be looked for. What was promised
  // waits, because its replay would be a second request while the first may still be running at the party.
  database.execute("UPDATE orders SET due = created, listen_until = 0 WHERE state = 14 AND listen_until <> 0");
  {
    Histories histories(database);
    Statement orders(database, all_orders);
    Rows rows = orders.query();
    while (rows.next()) {
      const Record record = read_order(rows);
      if (auto sound = check(record, histories, path); !sound) return sound;
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
