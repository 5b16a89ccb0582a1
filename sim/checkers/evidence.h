#pragma once

// What the checkers judge by: plain values, gathered by the actors and read back from the journal. The checkers
// include no header of src/, so that no mistake there can hide itself here.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace standin::sim {

/// One answer that a shopper was told, whole.
struct Told {
  enum class Kind : std::uint8_t {
    yes,
    no,       ///< a definite decline
    neither,  ///< technical failure, still in progress, another payload, not understood
  };
  std::int64_t at_ms = 0;  ///< of the world
  std::int64_t asked_ms = 0;
  Kind kind = Kind::neither;
  std::string what;       ///< "sale", "void", "refund", "capture", "read": what was asked
  std::string reference;  ///< given in the answer
  /// Stood in: the reference is standin's own, or it is a decline in standin's words (its template's, where the world's
  /// configuration makes them differ from the party's).
  bool ours = false;
  std::int64_t amount_minor = 0;  ///< of the request
  std::string key;                ///< the client's idempotency key; "" where the route makes its key of facts
  int status = 0;
  std::string content_type, body;  ///< as received
};

/// One thing that a shopper wants to pay for, once: the unit of every check.
struct Purchase {
  std::string name;  ///< the merchant's own reference, unique in a run: in the ledgers and in the journal's facts too
  std::string side;  ///< "shop" or "till"
  std::string customer, card_last4;
  std::int64_t amount_minor = 0;
  std::string currency;
  bool honest_key = true;  ///< every try was sent with the same key (or facts) and the same payload
  std::vector<Told> told;  ///< in the order in which the answers arrived
  int tries = 0;
  std::int64_t began_ms = 0, last_try_ms = 0;  ///< when the first and the last request for the charge were sent
  std::int64_t unheard_until_ms = 0;  ///< when the last of those ended that got no answer; 0: all of them got one
  /// Something in between sent one of its requests twice, to standin or to a party: what comes of the copy is told to
  /// nobody.
  bool repeated = false;
  /// One of its tries came while standin had said that its journal could not be written: such a charge is forwarded all
  /// the same to a party that honours keys, and a crash forgets it.
  bool unrecorded = false;
  bool void_sent = false;
  std::int64_t refund_sent_minor = 0;  ///< every sending counts
  std::int64_t refund_granted_minor = 0;
  bool hung_up = false;  ///< at least once, before an answer
};

/// A charge in a party's own books.
struct LedgerEntry {
  std::string party;      ///< "shop", "cardgate", "backupgate"
  std::string reference;  ///< the party's
  std::string purchase;   ///< the merchant's own reference, as the party was told it
  std::string key;        ///< Standin-Key or idempotency key, as the party was told it
  std::int64_t amount_minor = 0, refunded_minor = 0;
  std::string currency;
  bool approved = true;
  bool voided = false;
  bool repeated = false;  ///< made by a copy that something in between made of a request: nobody sent it
  bool keyed = false;     ///< the party would take the same request, sent again, for this one
  std::int64_t at_ms = 0;
};

/// An order in standin's journal.
struct JournalEntry {
  std::string id, route, state, purchase, reference, upstream, upstream_reference;
  std::int64_t amount_minor = 0;
  std::string currency;
  bool accepted = false, stood_in = false, shadow = false, undelivered = false, unresolved = false, answered = true;
  bool about_another = false;  ///< a capture, refund or second charge that is behind another order
  std::string behind;          ///< that order's id; "" if there is none. `purchase` is then that order's
  int open_follow_ups = 0, follow_ups = 0;
  int closed_by_person = 0;         ///< follow-ups that an operator closed, as collected or written off
  std::vector<std::string> states;  ///< every state it went through, in order
};

/// An attempt of standin's to deliver a charge, as the party saw it arrive: no void, search, read or reversal, and a
/// refund or capture only where it is a replay.
struct Delivery {
  std::string purchase, party;
  std::string mark;  ///< the whole Standin-Replay, where it carries one: "t=...,order=ULID,v1=..."
  std::int64_t began_ms = 0;
  std::int64_t ended_ms = 0;  ///< answered, or let go of by standin (closed, died), whichever came first
  bool repeated = false;      ///< a copy that something in between made of a delivery before it
};

/// What standin had promised and not yet delivered, at one moment: after each commit that changed it.
struct ExposureSample {
  std::int64_t at_ms = 0;
  std::string currency;
  /// Added up from the journal's rows: amount less what is settled of all that standin accepted and that is accepted,
  /// replaying, refused, held or cancelling, and the rest of a partial settlement while its case is open. Not its own
  /// `exposed_minor`, which a mistake may have written.
  std::int64_t sum_minor = 0;
  std::int64_t cap_minor = 0;
};

/// The promises that the journal had made by the time of a crash, and what it read back afterwards.
struct CrashRecord {
  std::int64_t at_ms = 0;
  std::vector<std::string> promised;  ///< references of ours that shoppers had been told yes with
  std::vector<std::string> found;     ///< references in the journal at the next start
};

struct Evidence {
  std::vector<Purchase> purchases;
  std::vector<LedgerEntry> ledger;
  std::vector<JournalEntry> journal;
  std::vector<Delivery> deliveries;
  std::vector<ExposureSample> exposure;
  std::vector<CrashRecord> crashes;
  std::vector<std::int64_t> stood_still_ms;  ///< when the route began to stand still: it lets go of nothing meanwhile
  /// The longest lease: after it somebody else may act on an order. 0: not known, and overlaps are not judged.
  std::int64_t lease_ms = 0;
  bool healed = false;         ///< the liveness phase is over: everything must have reached its end
  bool careless_shop = false;  ///< the shop keeps no unique index: what it does twice by itself is not standin's
};

}  // namespace standin::sim
