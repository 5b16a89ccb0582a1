#include "rehearsal/gateway/gateway_ledger.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace standin::rehearsal {
namespace {

// A judge may be reading while the gateway writes.
constexpr int busy_wait_ms = 5000;

// NORMAL: a commit survives the process, not the machine; a rehearsal kills processes.
constexpr const char* schema = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS payments (
  refnum INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, intent TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
  standing INTEGER NOT NULL, reversed INTEGER NOT NULL, source_key TEXT NOT NULL, country TEXT NOT NULL,
  asked_minor INTEGER NOT NULL, amount_minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL, currency TEXT NOT NULL,
  card TEXT NOT NULL, card_fingerprint TEXT NOT NULL, card_brand TEXT NOT NULL, card_expiry TEXT NOT NULL,
  invoice TEXT NOT NULL, orderid TEXT NOT NULL, description TEXT NOT NULL, metadata TEXT NOT NULL,
  standin_key TEXT NOT NULL, idempotency_key TEXT NOT NULL, auth_code TEXT NOT NULL, error_code TEXT NOT NULL,
  avs TEXT NOT NULL, cvv TEXT NOT NULL, batch INTEGER NOT NULL, settled INTEGER NOT NULL, original INTEGER NOT NULL,
  location INTEGER NOT NULL, made_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS cards (
  reference TEXT PRIMARY KEY, card TEXT NOT NULL, card_fingerprint TEXT NOT NULL, card_brand TEXT NOT NULL,
  card_expiry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, payload TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, made_ms INTEGER NOT NULL);
)";

constexpr const char* save_payment_sql =
    "INSERT OR REPLACE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?, ?, ?, ?, ?)";

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
  void bind(int at, std::string_view value) {
    const char* bytes = value.empty() ? "" : value.data();
    sqlite3_bind_text(statement_.get(), at, bytes, static_cast<int>(value.size()), SQLITE_TRANSIENT);
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
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
  }

 private:
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;
};

Result<Database> open_database(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int outcome = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Database database(opened);
  if (outcome != SQLITE_OK) {
    return failure(fmt::format("the gateway's ledger does not open: {}", sqlite3_errstr(outcome)), path);
  }
  sqlite3_busy_timeout(opened, busy_wait_ms);
  return database;
}

Result<void> execute(sqlite3* database, const char* sql, const std::string& path) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure(fmt::format("the gateway's ledger refuses: {}", sqlite3_errmsg(database)), path);
}

template <class Enum>
Enum named(std::string_view word) {
  for (int value = 0; value < 8; ++value) {
    if (name(static_cast<Enum>(value)) == word) return static_cast<Enum>(value);
  }
  unreachable();
}

Payment payment_of(const Statement& row) {
  const auto currency = Currency::parse(row.text(12));
  ensure(currency.has_value(), "a ledger holds only known currencies");
  return {.refnum = row.number(0),
          .id = row.text(1),
          .intent = row.text(2),
          .kind = named<PaymentKind>(row.text(3)),
          .state = named<PaymentState>(row.text(4)),
          .reversed = row.number(6) != 0,
          .source_key = row.text(7),
          .country = row.text(8),
          .asked_minor = row.number(9),
          .amount = {row.number(10), *currency},
          .refunded_minor = row.number(11),
          .card = {row.text(13), row.text(14), row.text(15), row.text(16)},
          .invoice = row.text(17),
          .orderid = row.text(18),
          .description = row.text(19),
          .metadata = row.text(20),
          .standin_key = row.text(21),
          .idempotency_key = row.text(22),
          .auth_code = row.text(23),
          .error_code = row.text(24),
          .avs = row.text(25),
          .cvv = row.text(26),
          .batch = static_cast<int>(row.number(27)),
          .settled = row.number(28) != 0,
          .original = row.number(29),
          .location = static_cast<std::size_t>(row.number(30)),
          .made = wall_time(row.number(31))};
}

std::vector<Payment> payments_of(sqlite3* database) {
  std::vector<Payment> found;
  Statement rows(database, "SELECT * FROM payments ORDER BY refnum");
  while (rows.next()) found.push_back(payment_of(rows));
  return found;
}

std::int64_t flag(bool value) { return value ? 1 : 0; }

}  // namespace

struct GatewayLedger::State {
  State(Database opened, std::string file) : database(std::move(opened)), path(std::move(file)) {}

  bool write(const Payment& p) {
    return save_payment.run(p.refnum, p.id, p.intent, name(p.kind), name(p.state), flag(p.stands()), flag(p.reversed),
                            p.source_key, p.country, p.asked_minor, p.amount.minor, p.refunded_minor,
                            p.amount.currency.code(), p.card.masked, p.card.fingerprint, p.card.brand, p.card.expiry,
                            p.invoice, p.orderid, p.description, p.metadata, p.standin_key, p.idempotency_key,
                            p.auth_code, p.error_code, p.avs, p.cvv, std::int64_t{p.batch}, flag(p.settled), p.original,
                            static_cast<std::int64_t>(p.location), unix_ms(p.made));
  }
  bool write(const SavedCard& saved) {
    const SeenCard& card = saved.card;
    return save_card.run(saved.reference, card.masked, card.fingerprint, card.brand, card.expiry);
  }
  bool write(const SavedAnswer& answer) {
    return save_answer.run(answer.key, answer.payload, std::int64_t{answer.status}, answer.body, unix_ms(answer.made));
  }

  Database database;
  std::string path;
  Statement begin{database.get(), "BEGIN IMMEDIATE"};
  Statement commit{database.get(), "COMMIT"};
  Statement rollback{database.get(), "ROLLBACK"};
  Statement save_payment{database.get(), save_payment_sql};
  Statement save_card{database.get(), "INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?, ?)"};
  Statement save_answer{database.get(), "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)"};
};

GatewayLedger::GatewayLedger(std::unique_ptr<State> state) : state_(std::move(state)) {}
GatewayLedger::GatewayLedger(GatewayLedger&&) noexcept = default;
GatewayLedger& GatewayLedger::operator=(GatewayLedger&&) noexcept = default;
GatewayLedger::~GatewayLedger() = default;

Result<GatewayLedger> GatewayLedger::open(const std::string& path) {
  auto database = open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) return std::unexpected(database.error());
  if (const auto made = execute(database->get(), schema, path); !made) return std::unexpected(made.error());
  return GatewayLedger(std::make_unique<State>(std::move(*database), path));
}

Result<void> GatewayLedger::write(std::span<const GatewayWrite> writes) {
  if (writes.empty()) return {};
  bool good = state_->begin.run();
  for (const GatewayWrite& write : writes) {
    good = good && std::visit([this](const auto& row) { return state_->write(row); }, write);
  }
  if (good && state_->commit.run()) return {};
  auto error = failure(fmt::format("the gateway's ledger did not commit: {}", sqlite3_errmsg(state_->database.get())),
                       state_->path);
  state_->rollback.run();
  return error;
}

Result<GatewayRecords> GatewayLedger::read() {
  GatewayRecords records{.payments = payments_of(state_->database.get())};
  Statement cards(state_->database.get(), "SELECT * FROM cards");
  while (cards.next()) {
    records.cards.push_back({cards.text(0), {cards.text(1), cards.text(2), cards.text(3), cards.text(4)}});
  }
  Statement answers(state_->database.get(), "SELECT * FROM answers");
  while (answers.next()) {
    records.answers.push_back({answers.text(0), answers.text(1), static_cast<int>(answers.number(2)), answers.text(3),
                               wall_time(answers.number(4))});
  }
  return records;
}

Result<std::vector<Payment>> read_gateway_payments(const std::string& path) {
  // Not read-only: the books of a gateway that was killed are partly in the write-ahead log, which a reader recovers.
  auto database = open_database(path, SQLITE_OPEN_READWRITE);
  if (!database) return std::unexpected(database.error());
  if (const auto there = execute(database->get(), "SELECT 1 FROM payments LIMIT 1", path); !there) {
    return std::unexpected(there.error());
  }
  return payments_of(database->get());
}

}  // namespace standin::rehearsal
