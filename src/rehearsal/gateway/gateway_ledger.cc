#include "rehearsal/gateway/gateway_ledger.h"

#include <algorithm>
#include <utility>

#include "rehearsal/ledger_file.h"

namespace standin::rehearsal {
namespace {

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

constexpr const char* whose = "the gateway's ledger";

template <class Enum>
Enum named(std::string_view word) {
  for (int value = 0; value < 8; ++value) {
    if (name(static_cast<Enum>(value)) == word) return static_cast<Enum>(value);
  }
  unreachable();
}

Payment payment_of(const LedgerStatement& row) {
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

std::vector<Payment> payments_of(const LedgerFile& file) {
  std::vector<Payment> found;
  LedgerStatement rows(file, "SELECT * FROM payments ORDER BY refnum");
  while (rows.next()) found.push_back(payment_of(rows));
  return found;
}

std::int64_t flag(bool value) { return value ? 1 : 0; }

}  // namespace

struct GatewayLedger::State {
  explicit State(LedgerFile opened) : file(std::move(opened)) {}

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

  LedgerFile file;
  LedgerStatement save_payment{file, save_payment_sql};
  LedgerStatement save_card{file, "INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?, ?)"};
  LedgerStatement save_answer{file, "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)"};
};

GatewayLedger::GatewayLedger(std::unique_ptr<State> state) : state_(std::move(state)) {}
GatewayLedger::GatewayLedger(GatewayLedger&&) noexcept = default;
GatewayLedger& GatewayLedger::operator=(GatewayLedger&&) noexcept = default;
GatewayLedger::~GatewayLedger() = default;

Result<GatewayLedger> GatewayLedger::open(const std::string& path) {
  auto file = LedgerFile::open(path, whose, true);
  if (!file) return std::unexpected(file.error());
  if (const auto made = file->execute(schema); !made) return std::unexpected(made.error());
  return GatewayLedger(std::make_unique<State>(std::move(*file)));
}

Result<void> GatewayLedger::write(std::span<const GatewayWrite> writes) {
  if (writes.empty()) return {};
  return state_->file.atomically([&] {
    return std::ranges::all_of(writes, [&](const GatewayWrite& write) {
      return std::visit([&](const auto& row) { return state_->write(row); }, write);
    });
  });
}

Result<GatewayRecords> GatewayLedger::read() {
  GatewayRecords records{.payments = payments_of(state_->file)};
  LedgerStatement cards(state_->file, "SELECT * FROM cards");
  while (cards.next()) {
    records.cards.push_back({cards.text(0), {cards.text(1), cards.text(2), cards.text(3), cards.text(4)}});
  }
  LedgerStatement answers(state_->file, "SELECT * FROM answers");
  while (answers.next()) {
    records.answers.push_back({answers.text(0), answers.text(1), static_cast<int>(answers.number(2)), answers.text(3),
                               wall_time(answers.number(4))});
  }
  return records;
}

Result<std::vector<Payment>> read_gateway_payments(const std::string& path) {
  auto file = LedgerFile::open(path, whose, false);
  if (!file) return std::unexpected(file.error());
  if (const auto there = file->execute("SELECT 1 FROM payments LIMIT 1"); !there) {
    return std::unexpected(there.error());
  }
  return payments_of(*file);
}

}  // namespace standin::rehearsal
