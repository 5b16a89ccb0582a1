#include "rehearsal/ledger.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <utility>

namespace standin::rehearsal {
namespace {

// A judge may be reading while the shop writes.
constexpr int busy_wait_ms = 5000;

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

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// A prepared statement that is bound, run and reset.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    sqlite3_stmt* made = nullptr;
    ensure(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) == SQLITE_OK,
           sqlite3_errmsg(database));
    statement_.reset(made);
  }

  void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_.get(), at, value); }
  /// Empty text is NULL: a unique index lets any number of those stand.
  void bind(int at, std::string_view value) {
    if (value.empty()) {
      sqlite3_bind_null(statement_.get(), at);
    } else {
      sqlite3_bind_text(statement_.get(), at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    }
  }
  template <class... Values>
  bool run(const Values&... values) {
    int at = 0;
    (bind(++at, values), ...);
    const int outcome = sqlite3_step(statement_.get());
    sqlite3_reset(statement_.get());
    return outcome == SQLITE_DONE;
  }
  bool next() { return sqlite3_step(statement_.get()) == SQLITE_ROW; }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return bytes == nullptr ? std::string() : std::string(bytes);
  }
  void reset() { sqlite3_reset(statement_.get()); }

 private:
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;
};

Result<Database> open_database(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int outcome = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Database database(opened);
  if (outcome != SQLITE_OK) {
    return failure(fmt::format("the shop's ledger does not open: {}", sqlite3_errstr(outcome)), path);
  }
  sqlite3_busy_timeout(opened, busy_wait_ms);
  return database;
}

Result<void> execute(sqlite3* database, const char* sql, const std::string& path) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure(fmt::format("the shop's ledger refuses: {}", sqlite3_errmsg(database)), path);
}

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

ShopOrder order_of(const Statement& row) {
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

Charge charge_of(const Statement& row) {
  return {.id = row.text(0),
          .order_id = row.text(1),
          .standin_key = row.text(2),
          .cart_id = row.text(3),
          .amount = money_of(row.number(4), row.text(5)),
          .voided = row.text(6) == "voided",
          .made = wall_time(row.number(7))};
}

/// Orders and charges as of one moment, also while the shop writes.
Result<Books> books_of(sqlite3* database, const std::string& path) {
  const auto begun = execute(database, "BEGIN; SELECT 1 FROM orders, charges LIMIT 1", path);
  if (!begun) {
    sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
    return std::unexpected(begun.error());
  }
  Books books;
  Statement orders(
      database,
      "SELECT id, standin_key, idempotency_key, request_id, cart_id, customer_id, merchant_id, total_cents, "
      "currency, card_token, state, created_ms FROM orders ORDER BY rowid");
  while (orders.next()) books.orders.push_back(order_of(orders));
  Statement charges(database,
                    "SELECT id, order_id, standin_key, cart_id, total_cents, currency, state, made_ms FROM charges "
                    "ORDER BY rowid");
  while (charges.next()) books.charges.push_back(charge_of(charges));
  orders.reset();
  charges.reset();
  const auto ended = execute(database, "COMMIT", path);
  if (!ended) return std::unexpected(ended.error());
  return books;
}

}  // namespace

struct Ledger::State {
  State(Database opened, std::string file) : database(std::move(opened)), path(std::move(file)) {}

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

  Database database;
  std::string path;
  Statement begin{database.get(), "BEGIN IMMEDIATE"};
  Statement commit{database.get(), "COMMIT"};
  Statement rollback{database.get(), "ROLLBACK"};
  Statement insert_order{database.get(), "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement insert_charge{database.get(), "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement set_state{database.get(), "UPDATE orders SET state = ? WHERE id = ?"};
  Statement void_charges{database.get(), "UPDATE charges SET state = 'voided' WHERE order_id = ?"};
};

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::open(const std::string& path, bool unique_index) {
  auto database = open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) return std::unexpected(database.error());
  if (const auto made = execute(database->get(), schema, path); !made) return std::unexpected(made.error());
  Ledger ledger(std::make_unique<State>(std::move(*database), path));
  if (const auto set = ledger.set_unique_index(unique_index); !set) return std::unexpected(set.error());
  return ledger;
}

Result<void> Ledger::write(std::span<const Write> writes) {
  if (writes.empty()) return {};
  const auto refused = [this] {
    auto error = failure(fmt::format("the shop's ledger did not commit: {}", sqlite3_errmsg(state_->database.get())),
                         state_->path);
    state_->rollback.run();
    return error;
  };
  if (!state_->begin.run()) return refused();
  for (const Write& write : writes) {
    if (!std::visit([this](const auto& change) { return state_->write(change); }, write)) return refused();
  }
  if (!state_->commit.run()) return refused();
  return {};
}

Result<Books> Ledger::read() { return books_of(state_->database.get(), state_->path); }

Result<void> Ledger::set_unique_index(bool unique) {
  return execute(state_->database.get(),
                 unique ? "CREATE UNIQUE INDEX IF NOT EXISTS orders_standin_key ON orders (standin_key)"
                        : "DROP INDEX IF EXISTS orders_standin_key",
                 state_->path);
}

Result<Books> read_ledger(const std::string& path) {
  // Not read-only: the books of a shop that was killed are partly in the write-ahead log, which a reader must recover.
  auto database = open_database(path, SQLITE_OPEN_READWRITE);
  if (!database) return std::unexpected(database.error());
  return books_of(database->get(), path);
}

}  // namespace standin::rehearsal
