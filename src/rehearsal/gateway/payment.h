#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/money.h"
#include "base/time.h"

namespace standin::rehearsal {

enum class PaymentKind : std::uint8_t { sale, hold, credit, refund, check };

enum class PaymentState : std::uint8_t {
  pending,     ///< asked for and not authorized: an intent that was not confirmed
  authorized,  ///< money is held
  captured,    ///< money moves with its batch
  voided,
  refunded,  ///< in full
  declined,
};

/// A card or account, as much of it as anybody but the issuer may keep.
struct SeenCard {
  std::string masked;       ///< "4000xxxxxxxx2224"
  std::string fingerprint;  ///< equal for the same number, 16 hexadecimal characters
  std::string brand;        ///< "visa", "mastercard", "amex", "discover", "unknown"; empty for a bank account
  std::string expiry;       ///< MMYY
};

/// One row of the simulated gateway's ledger: an authorization or a refund, with who asked for it.
struct Payment {
  std::int64_t refnum = 0;  ///< its place in the ledger, and UMrefNum
  std::string id;           ///< "ch_..." or "re_..." on the Stripe side, else the transaction's key
  std::string intent;       ///< "pi_...", if it belongs to one
  PaymentKind kind = PaymentKind::sale;
  PaymentState state = PaymentState::pending;
  bool reversed = false;   ///< voided by the gateway itself, because it came after the client's deadline
  std::string source_key;  ///< of the merchant that asked
  std::string country;     ///< of the merchant
  std::int64_t asked_minor = 0;
  Money amount;  ///< authorized, or captured
  std::int64_t refunded_minor = 0;
  SeenCard card;
  std::string invoice;
  std::string orderid;
  std::string description;
  std::string metadata;  ///< a JSON object
  std::string standin_key;
  std::string idempotency_key;
  std::string auth_code;
  std::string error_code;  ///< of a decline
  std::string avs;
  std::string cvv;
  int batch = 0;
  bool settled = false;       ///< its batch is closed
  std::int64_t original = 0;  ///< of a refund: what it gives back
  std::size_t location = 0;   ///< from 0
  WallTime made;

  /// The customer pays, or will: what may exist once for one intent.
  bool stands() const {
    const bool charge = kind != PaymentKind::refund && kind != PaymentKind::credit;
    return charge && (state == PaymentState::authorized || state == PaymentState::captured);
  }
};

/// A card kept for later under a reference (UMcardRef).
struct SavedCard {
  std::string reference;
  SeenCard card;
};

/// The first answer to an idempotency key, given again for as long as it is kept.
struct SavedAnswer {
  std::string key;      ///< merchant and idempotency key
  std::string payload;  ///< digest of what was asked
  int status = 200;
  std::string body;
  WallTime made;
};

/// A row as it is to be on disk: new, or in place of the one with the same refnum, reference or key.
using GatewayWrite = std::variant<Payment, SavedCard, SavedAnswer>;

/// Everything the gateway has written down, oldest first.
struct GatewayRecords {
  std::vector<Payment> payments;
  std::vector<SavedCard> cards;
  std::vector<SavedAnswer> answers;
};

std::string_view name(PaymentKind kind);
std::string_view name(PaymentState state);

}  // namespace standin::rehearsal
