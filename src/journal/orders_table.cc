#include "journal/orders_table.h"

namespace standin {
namespace {

constexpr std::string_view select_standing =
    "SELECT row, id, order_key, payload_digest, key_from_client, shadow, amount_minor, currency, upstream, forward, "
    "state, "
    "undelivered, unresolved, done_after_all, token, lease_owner, lease_until, listen_until, due, replays, "
    "upstream_reference, settled_minor, exposed_minor, behind, first_sent, accepted, answered, stood_in FROM orders "
    "WHERE ";

constexpr std::string_view insert_order =
    "INSERT INTO orders (id, order_key, payload_digest, key_from_client, shadow, tenant, route, upstream, stand_in, "
    "request_id, reference, config_version, amount_minor, currency, merchant, customer, card, order_reference, "
    "country, "
    "accepted, decision, policy_version, cause, forward, created, first_sent, state, unresolved, token, listen_until, "
    "due, "
    "exposed_minor, network, behind, answered, stood_in, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, "
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT max(id) FROM runs))";

/// Reversing from the beginning: nothing that anybody was promised, due at once.
constexpr std::string_view insert_like =
    "INSERT INTO orders (id, order_key, behind, upstream_reference, created, due, state, key_from_client, shadow, "
    "reference, accepted, answered, stood_in, decision, policy_version, forward, first_sent, unresolved, token, "
    "listen_until, exposed_minor, payload_digest, tenant, route, upstream, stand_in, request_id, config_version, "
    "amount_minor, currency, merchant, customer, card, order_reference, country, network, cause, run) "
    "SELECT ?1, ?2, id, ?3, ?4, ?4, 10, 0, 0, '', 0, 0, 0, '', '', 'not_done', 0, 0, 1, 0, 0, payload_digest, tenant, "
    "route, upstream, stand_in, request_id, config_version, amount_minor, currency, merchant, customer, card, "
    "order_reference, country, network, cause, (SELECT max(id) FROM runs) FROM orders WHERE row = ?5";

constexpr std::string_view insert_order_payload =
    "INSERT INTO payloads (order_row, request_key_id, request_wrapped_key, request, answer_key_id, answer_wrapped_key, "
    "answer) VALUES (?, ?, ?, ?, ?, ?, ?)";

constexpr std::string_view update_order =
    "UPDATE orders SET state = ?, undelivered = ?, unresolved = ?, done_after_all = ?, token = ?, lease_owner = ?, "
    "lease_until = ?, listen_until = ?, due = ?, replays = ?, upstream_reference = ?, settled_minor = ?, exposed_minor "
    "= ?, forward = ?, first_sent = ?, accepted = ?, answered = ?, stood_in = ? WHERE row = ?";

std::string standing_where(std::string_view condition) { return std::string(select_standing).append(condition); }

Standing read_standing(const Rows& rows) {
  Standing order{.row = rows.integer(0),
                 .id = rows.ulid(1),
                 .key = {rows.digest(2)},
                 .payload = rows.digest(3),
                 .key_from_client = rows.flag(4),
                 .shadow = rows.flag(5),
                 .upstream = rows.text(8),
                 .forward = parse_outcome(rows.view(9)).value_or(Outcome::unknown),
                 .first_sent = rows.time(24),
                 .accepted = rows.flag(25),
                 .answered = rows.flag(26),
                 .stood_in = rows.flag(27),
                 .state = rows.state(10),
                 .undelivered = rows.flag(11),
                 .unresolved = rows.flag(12),
                 .token = static_cast<std::uint64_t>(rows.integer(14)),
                 .lease_owner = rows.text(15),
                 .lease_until = rows.time(16),
                 .listen_until = rows.time(17),
                 .due = rows.time(18),
                 .replays = static_cast<int>(rows.integer(19)),
                 .upstream_reference = rows.text(20),
                 .settled_minor = rows.integer(21),
                 .exposed_minor = rows.integer(22)};
  if (!rows.is_null(23)) order.behind = rows.ulid(23);
  if (!rows.is_null(6)) order.amount = Money{rows.integer(6), Currency::parse(rows.view(7)).value()};
  if (!rows.is_null(13)) order.done_after_all = rows.flag(13);
  return order;
}

template <class Value>
std::optional<Standing> find_one(Statement& statement, const Value& value) {
  Rows rows = statement.query(value);
  if (!rows.next()) return std::nullopt;
  return read_standing(rows);
}

std::optional<std::int64_t> minor(const std::optional<Money>& amount) {
  if (!amount) return std::nullopt;
  return amount->minor;
}

std::optional<std::string_view> currency(const std::optional<Money>& amount) {
  if (!amount) return std::nullopt;
  return amount->currency.code();
}

}  // namespace

std::optional<Outcome> parse_outcome(std::string_view text) {
  for (const Outcome outcome : {Outcome::approved, Outcome::declined, Outcome::not_done, Outcome::unknown}) {
    if (name(outcome) == text) return outcome;
  }
  return std::nullopt;
}

std::optional<Cause> parse_cause(std::string_view text) {
  for (const Cause cause : {Cause::refused, Cause::timed_out_in_queue, Cause::timed_out_in_service, Cause::server_error,
                            Cause::untrustworthy, Cause::breaker, Cause::forced, Cause::fallback}) {
    if (name(cause) == text) return cause;
  }
  return std::nullopt;
}

OrdersTable::OrdersTable(Database& database)
    : database_(database),
      insert_(database, insert_order),
      insert_payload_(database, insert_order_payload),
      insert_sibling_(database, insert_like),
      by_id_(database, standing_where("id = ?")),
      by_row_(database, standing_where("row = ?")),
      update_(database, update_order),
      decide_(database, "UPDATE orders SET decision = ?, policy_version = ?, cause = ? WHERE row = ?"),
      answer_(database, "INSERT INTO answers (order_row, key_id, wrapped_key, answer) VALUES (?, ?, ?, ?)"),
      rebind_(database, "UPDATE orders SET upstream = ? WHERE row = ?"),
      supersede_(database, "UPDATE orders SET superseded = 1 WHERE row = ?"),
      taken_(
          database,
          "SELECT row FROM orders WHERE upstream = ? AND upstream_reference = ? AND upstream_reference <> '' AND row "
          "<> ?") {}

std::int64_t OrdersTable::insert(const NewOrder& order, std::int64_t exposed_minor) {
  const Facts& facts = order.facts;
  const std::string decision = explain(order.decision);
  const bool intent = order.state == State::charging;
  insert_.execute(order.id, order.key, order.payload, order.key_from_client, order.shadow, order.tenant, order.route,
                  order.upstream, order.stand_in, order.request_id, order.reference, order.config_version,
                  minor(facts.amount), currency(facts.amount), facts.merchant, facts.customer, facts.card,
                  facts.reference, facts.country, order.decision.accept, decision, order.decision.policy_version,
                  intent ? std::string_view() : name(order.cause), name(intent ? Outcome::unknown : order.forward),
                  order.created, order.first_sent, order.state, intent || order.forward == Outcome::unknown,
                  live_forward_token, order.due, order.due, exposed_minor, facts.network, order.behind, !intent,
                  !intent);
  const std::int64_t row = database_.last_row();
  insert_payload(row, order);
  return row;
}

void OrdersTable::insert_payload(std::int64_t row, const NewOrder& order) {
  insert_payload_.execute(row, order.request.key_id, Blob{order.request.wrapped_key}, Blob{order.request.ciphertext},
                          order.answer.key_id, Blob{order.answer.wrapped_key}, Blob{order.answer.ciphertext});
}

std::int64_t OrdersTable::insert_sibling(const Standing& first, const Ulid& id, const OrderKey& key,
                                         const std::string& upstream_reference, WallTime now) {
  insert_sibling_.execute(id, key, upstream_reference, now, first.row);
  return database_.last_row();
}

std::optional<Standing> OrdersTable::find(const Ulid& id) { return find_one(by_id_, id); }

std::optional<Standing> OrdersTable::find(std::int64_t row) { return find_one(by_row_, row); }

void OrdersTable::update(const Standing& order) {
  update_.execute(order.state, order.undelivered, order.unresolved, order.done_after_all, order.token,
                  order.lease_owner, order.lease_until, order.listen_until, order.due, order.replays,
                  order.upstream_reference, order.settled_minor, order.exposed_minor, name(order.forward),
                  order.first_sent, order.accepted, order.answered, order.stood_in, order.row);
}

void OrdersTable::decide(const Standing& order, const Decision& decision, Cause cause) {
  const std::string explained = explain(decision);
  decide_.execute(explained, decision.policy_version, name(cause), order.row);
}

void OrdersTable::answer(const Standing& order, const Sealed& answer) {
  answer_.execute(order.row, answer.key_id, Blob{answer.wrapped_key}, Blob{answer.ciphertext});
}

void OrdersTable::rebind(const Standing& order, const std::string& upstream) { rebind_.execute(upstream, order.row); }

void OrdersTable::supersede(const Standing& order) { supersede_.execute(order.row); }

std::optional<std::int64_t> OrdersTable::taken_by(const Standing& than, const std::string& upstream_reference) {
  Rows rows = taken_.query(than.upstream, upstream_reference, than.row);
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

}  // namespace standin
