#include "journal/order_query.h"

#include <algorithm>
#include <variant>

#include "journal/orders_table.h"

namespace standin {
namespace {

constexpr std::string_view select_orders =
    "SELECT id, order_key, tenant, route, upstream, stand_in, request_id, reference, upstream_reference, "
    "config_version, "
    "amount_minor, currency, merchant, customer, card, order_reference, country, decision, accepted, cause, "
    "done_after_all, "
    "state, shadow, undelivered, created, first_sent, due, token, replays, unresolved, network, behind, answered, "
    "stood_in, run, settled_minor FROM orders";

/// Conditions with their parameters, in the order in which both appear.
class Conditions {
 public:
  using Value = std::variant<std::int64_t, std::string, Ulid>;

  void add(std::string_view condition) { text_.append(condition); }
  void add(std::string_view condition, Value value) {
    text_.append(condition);
    values_.push_back(std::move(value));
  }
  const std::string& text() const { return text_; }
  void bind(Statement& statement) const {
    statement.begin_query();
    for (std::size_t i = 0; i < values_.size(); ++i) {
      std::visit([&](const auto& value) { statement.bind_at(static_cast<int>(i) + 1, value); }, values_[i]);
    }
  }

 private:
  std::string text_{select_orders};
  std::vector<Value> values_;
};

void only_due(Conditions& conditions, WallTime until, WallTime now) {
  conditions.add(" AND due <= ?", unix_ms(until));
  conditions.add(" AND listen_until <= ?", unix_ms(now));
  conditions.add(" AND lease_until <= ?", unix_ms(now));
}

void only_arrived(Conditions& conditions, const OrderFilter& filter) {
  if (filter.since) conditions.add(" AND created >= ?", unix_ms(*filter.since));
  if (filter.until) conditions.add(" AND created <= ?", unix_ms(*filter.until));
}

/// States of the ordinary life of charges: the orders in all others are listed, whoever answered them.
bool may_be_live(State state) {
  return state == State::settled || state == State::declined || state == State::charging || state == State::lapsed ||
         state == State::cancelled;
}

/// The smallest set of rows that has all that are wanted. A name finds whatever has it.
std::string_view those(const OrderFilter& filter) {
  if (filter.due_only || filter.state == State::charging) return where_open;
  if (filter.behind) return " INDEXED BY orders_behind WHERE 1";
  if (filter.id || filter.id_made || filter.state == State::lapsed) return " WHERE 1";
  const bool live_too = filter.include_live && (!filter.state || may_be_live(*filter.state));
  return live_too ? " WHERE 1" : where_listed;
}

std::string_view in_order(const OrderFilter& filter) {
  if (filter.behind) return " ORDER BY id DESC";
  if (filter.id_made) return " ORDER BY id DESC";  // by rows, SQLite would read all of them in that order
  return filter.due_only ? " ORDER BY row" : " ORDER BY row DESC";
}

/// All ids of the millisecond are one range of the index of ids.
void only_made(Conditions& conditions, WallTime at) {
  Ulid first;
  for (int i = 0; i < 6; ++i) first.bytes[i] = static_cast<std::uint8_t>(unix_ms(at) >> (40 - 8 * i));
  Ulid last = first;
  std::fill(last.bytes.begin() + 6, last.bytes.end(), std::uint8_t{0xff});
  conditions.add(" AND id >= ?", first);
  conditions.add(" AND id <= ?", last);
}

Conditions conditions_of(const OrderFilter& filter, WallTime now) {
  Conditions conditions;
  conditions.add(those(filter));
  // The index has the charges that their clients voided, too: few beside the rest.
  if (those(filter) == where_listed) conditions.add(" AND (stood_in = 1 OR state <> 6)");
  if (filter.id) conditions.add(" AND id = ?", *filter.id);
  if (filter.behind) conditions.add(" AND behind = ?", *filter.behind);
  if (filter.id_made) only_made(conditions, *filter.id_made);
  if (filter.state) conditions.add(" AND state = ?", static_cast<std::int64_t>(*filter.state));
  if (!filter.route.empty()) conditions.add(" AND route = ?", filter.route);
  if (!filter.customer.empty()) conditions.add(" AND customer = ?", filter.customer);
  if (filter.due_only) {
    only_due(conditions, filter.until.value_or(now), now);
  } else {
    only_arrived(conditions, filter);
    if (!filter.include_shadow) conditions.add(" AND shadow = 0");
  }
  conditions.add(in_order(filter));
  conditions.add(" LIMIT ?", static_cast<std::int64_t>(filter.limit));
  return conditions;
}

Facts read_facts(const Rows& rows) {
  Facts facts{.merchant = rows.text(12),
              .customer = rows.text(13),
              .card = rows.text(14),
              .reference = rows.text(15),
              .country = rows.text(16),
              .network = rows.text(30)};
  if (!rows.is_null(10)) facts.amount = Money{rows.integer(10), Currency::parse(rows.view(11)).value()};
  return facts;
}

std::optional<Money> read_part(const Rows& rows, const std::optional<Money>& asked) {
  const std::int64_t settled_minor = rows.integer(35);
  if (!asked || settled_minor <= 0 || settled_minor >= asked->minor) return std::nullopt;
  return Money{settled_minor, asked->currency};
}

OrderRow read_order(const Rows& rows, const Runs& runs) {
  OrderRow order{.id = rows.ulid(0),
                 .key = {rows.digest(1)},
                 .tenant = rows.text(2),
                 .route = rows.text(3),
                 .upstream = rows.text(4),
                 .stand_in = rows.text(5),
                 .request_id = rows.text(6),
                 .reference = rows.text(7),
                 .upstream_reference = rows.text(8),
                 .config_version = rows.text(9),
                 .facts = read_facts(rows),
                 .decision = rows.text(17),
                 .accepted = rows.flag(18),
                 .cause = parse_cause(rows.view(19)).value_or(Cause::refused),
                 .state = rows.state(21),
                 .shadow = rows.flag(22),
                 .undelivered = rows.flag(23),
                 .created = rows.time(24),
                 .first_sent = rows.time(25),
                 .due = rows.time(26),
                 .token = static_cast<std::uint64_t>(rows.integer(27)),
                 .attempts = static_cast<int>(rows.integer(28)),
                 .unresolved = rows.flag(29),
                 .answered = rows.flag(32),
                 .earlier = runs.earlier(rows.integer(34)),
                 .stood_in = rows.flag(33)};
  order.part = read_part(rows, order.facts.amount);
  if (!rows.is_null(31)) order.behind = rows.ulid(31);
  if (!rows.is_null(20)) order.done_after_all = rows.flag(20);
  return order;
}

}  // namespace

std::vector<OrderRow> OrderQuery::run(const OrderFilter& filter, WallTime now) {
  const Conditions conditions = conditions_of(filter, now);
  std::unique_ptr<Statement>& statement = prepared_[conditions.text()];
  if (!statement) statement = std::make_unique<Statement>(database_, conditions.text());
  if (database_.failed()) {
    statement.reset();
    return {};
  }
  conditions.bind(*statement);
  std::vector<OrderRow> orders;
  Rows rows = statement->rows();
  while (rows.next()) orders.push_back(read_order(rows, runs_));
  return orders;
}

}  // namespace standin
