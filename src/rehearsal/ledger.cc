#include "rehearsal/ledger.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rehearsal/ledger_file.h"

namespace standin::rehearsal {
namespace {

// NORMAL: a commit survives the process, not the machine; a rehearsal kills processes.
constexpr const char* schema = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS orders (
  id TEXT NOT NULL UNIQUE, standin_key TEXT, idempotency_key TEXT, request_id TEXT, cart_id TEXT, customer_id TEXT,
  merchant_id TEXT, total_cents INTEGER NOT NULL, currency TEXT NOT NULL, card_token TEXT,
  state TEXT NOT NULL CHECK (state IN ('placing', 'accepted', 'cancelled', 'cancelling')), created_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS charges (
  id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, standin_key TEXT, cart_id TEXT, total_cents INTEGER NOT NULL,
  currency TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('standing', 'voided')), made_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS charges_order ON charges (order_id);
)";

constexpr const char* the_ledger = "the shop's ledger";

constexpr std::array state_names{"placing", "accepted", "cancelled", "cancelling"};

OrderState state_named(std::string_view name) {
  for (std::size_t at = 0; at < state_names.size(); ++at) {
    if (state_names[at] == name) return static_cast<OrderState>(at);
  }
  unreachable();
}

Money money_of(std::int64_t minor, const std::string& code) {
  const auto currency = Currency::parse(code);
  ensure(currency.has_value(), "a ledger holds only known currencies");
  return {minor, *currency};
}

ShopOrder order_of(const LedgerStatement& row) {
  return {.id = row.text(0),
          .asked = {.standin_key = row.text(1),
                    .idempotency_key = row.text(2),
                    .request_id = row.text(3),
                    .cart_id = row.text(4),
                    .customer_id = row.text(5),
                    .merchant_id = row.text(6),
                    .total = money_of(row.number(7), row.text(8)),
                    .card_token = row.text(9)},
          .state = state_named(row.text(10)),
          .created = wall_time(row.number(11))};
}

Charge charge_of(const LedgerStatement& row) {
  return {.id = row.text(0),
          .order_id = row.text(1),
          .standin_key = row.text(2),
          .cart_id = row.text(3),
          .amount = money_of(row.number(4), row.text(5)),
          .voided = row.text(6) == "voided",
          .made = wall_time(row.number(7))};
}

/// Orders and charges as of one moment, also while the shop writes.
Result<Books> books_of(LedgerFile& file) {
  if (const auto begun = file.execute("BEGIN; SELECT 1 FROM orders, charges LIMIT 1"); !begun) {
    static_cast<void>(file.execute("ROLLBACK"));
    return std::unexpected(begun.error());
  }
  Books books;
  LedgerStatement orders(
      file,
      "SELECT id, standin_key, idempotency_key, request_id, cart_id, customer_id, merchant_id, total_cents, "
      "currency, card_token, state, created_ms FROM orders ORDER BY rowid");
  while (orders.next()) books.orders.push_back(order_of(orders));
  LedgerStatement charges(
      file,
      "SELECT id, order_id, standin_key, cart_id, total_cents, currency, state, made_ms FROM charges "
      "ORDER BY rowid");
  while (charges.next()) books.charges.push_back(charge_of(charges));
  orders.reset();
  charges.reset();
  const auto ended = file.execute("COMMIT");
  if (!ended) return std::unexpected(ended.error());
  return books;
}

}  // namespace

struct Ledger::State {
  explicit State(LedgerFile opened) : file(std::move(opened)) {}

  bool write(const InsertOrder& insert) {
    const ShopOrder& o = insert.order;
    return insert_order.run(o.id, o.asked.standin_key, o.asked.idempotency_key, o.asked.request_id, o.asked.cart_id,
                            o.asked.customer_id, o.asked.merchant_id, o.asked.total.minor,
                            o.asked.total.currency.code(), o.asked.card_token,
                            std::string_view(state_names[static_cast<std::size_t>(o.state)]), unix_ms(o.created));
  }
  bool write(const InsertCharge& insert) {
    const Charge& c = insert.charge;
    return insert_charge.run(c.id, c.order_id, c.standin_key, c.cart_id, c.amount.minor, c.amount.currency.code(),
                             std::string_view(c.voided ? "voided" : "standing"), unix_ms(c.made));
  }
  bool write(const AcceptOrder& accept) { return set_state.run(std::string_view("accepted"), accept.order_id); }
  bool write(const CancelOrder& cancel) {
    return set_state.run(std::string_view("cancelled"), cancel.order_id) && void_charges.run(cancel.order_id);
  }
  bool write(const BeginCancelling& to_be) { return set_state.run(std::string_view("cancelling"), to_be.order_id); }

  LedgerFile file;
  // Without a key NULL: a unique index lets any number of those stand.
  LedgerStatement insert_order{file, "INSERT INTO orders VALUES (?, nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  LedgerStatement insert_charge{file, "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
  LedgerStatement set_state{file, "UPDATE orders SET state = ? WHERE id = ?"};
  LedgerStatement void_charges{file, "UPDATE charges SET state = 'voided' WHERE order_id = ?"};
};

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::open(const std::string& path, bool unique_index) {
  auto file = LedgerFile::open(path, the_ledger, true);
  if (!file) return std::unexpected(file.error());
  if (const auto made = file->execute(schema); !made) return std::unexpected(made.error());
  Ledger ledger(std::make_unique<State>(std::move(*file)));
  if (const auto set = ledger.set_unique_index(unique_index); !set) return std::unexpected(set.error());
  return ledger;
}

Result<void> Ledger::write(std::span<const Write> writes) {
  if (writes.empty()) return {};
  return state_->file.atomically([&] {
    return std::ranges::all_of(writes, [&](const Write& write) {
      return std::visit([&](const auto& change) { return state_->write(change); }, write);
    });
  });
}

Result<Books> Ledger::read() { return books_of(state_->file); }

Result<void> Ledger::set_unique_index(bool unique) {
  return state_->file.execute(unique ? "CREATE UNIQUE INDEX IF NOT EXISTS orders_standin_key ON orders (standin_key)"
                                     : "DROP INDEX IF EXISTS orders_standin_key");
}

Result<Books> read_ledger(const std::string& path) {
  auto file = LedgerFile::open(path, the_ledger, false);
  if (!file) return std::unexpected(file.error());
  return books_of(*file);
}

}  // namespace standin::rehearsal
