#pragma once

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <variant>

#include "base/clock.h"
#include "base/digest.h"
#include "base/event.h"
#include "journal/journal.h"
#include "net/message.h"

namespace standin {

/// What makes two requests the same.
struct Intent {
  OrderKey key;
  Digest payload;
  std::string tenant;
  bool from_client = false;  ///< the client sent the key itself
  bool repeatable = false;   ///< it has a key at all: another request can be the same intent
};

class Claims;

/// The right to handle one intent, or the reason why not. While it is held, others with the same key wait.
class Claim {
 public:
  enum class Kind {
    ours,           ///< to be handled here; finish it or let it go
    answered,       ///< `answer` was given before, or just now to another request
    other_payload,  ///< the key belongs to another payload: 422
    in_progress,    ///< still in flight elsewhere at our deadline: 409
    unreadable,     ///< answered before, and the answer cannot be read back: 422, never a new order
    withdrawn,      ///< the order was undone because its answer never arrived: not promised again
    unheard,        ///< it was done at the party, and nobody was told yet: the order is `order()`
  };

  Claim(Kind kind, std::optional<Response> answer) : kind_(kind), answer_(std::move(answer)) {}
  Claim(Claims& claims, const Intent& intent) : kind_(Kind::ours), claims_(&claims), intent_(intent) {}
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&&) = delete;
  /// Lets an unfinished claim go: whoever waits may try.
  ~Claim();

  Kind kind() const { return kind_; }
  const Response& answer() const { return *answer_; }
  const Intent& intent() const { return intent_; }
  /// Of a recalled answer, the order if it is held, perhaps for this very retry. Of a claim that is ours, the order
  /// that was written before it was sent, if this is a retry of one that nobody was answered to. Of `unheard`, the
  /// order.
  const std::optional<Ulid>& order() const { return order_; }

  /// Ends the claim: everyone waiting gets `answer`. Whether anyone was.
  bool finish(const Response& answer);
  /// What became of the intent is not known to this process, and will not be: its key stays claimed until a restart.
  void leave_in_doubt() { claims_ = nullptr; }

 private:
  friend class Claims;
  Kind kind_;
  std::optional<Response> answer_;
  std::optional<Ulid> order_;
  Claims* claims_ = nullptr;
  Intent intent_;
};

/// Which intents are in flight, over all threads. In memory: on the edge the application's unique index covers a crash.
class Claims {
 public:
  Claims(Journal& journal, const Vault& vault) : journal_(journal), vault_(vault) {}

  /// One atomic step: recalls the answer to this key, waits for the same key in flight until `deadline`, reports
  /// another payload under it, or reserves it.
  Task<Claim> claim(Intent intent, Clock& clock, Instant deadline);

  /// Keeps the upstream's own definite answer for limits::definite_answer_kept. If its client is gone, the same key's
  /// retry gets it from `claim`; else the retry is forwarded, and gets it only where we would stand in otherwise: a
  /// second decision about an order that was answered could contradict the first.
  void remember(const Intent& intent, const Response& answer, bool client_gone, Instant now);
  /// The upstream's answer to the same intent, if it is kept.
  std::optional<Response> remembered(const Intent& intent, Instant now);

  /// An attempt of this intent may stand at the upstream, and no order in the journal knows of it: nothing was
  /// promised. Kept until there is a definite answer, and no longer than one.
  void doubt(const Intent& intent, Instant now);
  /// Whether an earlier attempt of the intent may stand: a decision made now must be followed up as if it did.
  bool doubted(const Intent& intent, Instant now);

 private:
  friend class Claim;
  using Awaited = OneShot<std::optional<Response>>;
  struct InFlight {
    Digest payload;
    std::shared_ptr<Awaited> answer = std::make_shared<Awaited>();
  };
  struct KeptAnswer {
    Digest payload;
    std::optional<Response> answer;  ///< none: an attempt may stand, and was not heard of
    bool client_gone = false;
    Instant until;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<OrderKey, InFlight, OrderKeyHash> in_flight;
    std::unordered_map<OrderKey, KeptAnswer, OrderKeyHash> kept;
    std::deque<OrderKey> kept_oldest_first;
  };

  Shard& shard(const OrderKey& key) { return shards_[OrderKeyHash{}(key) % shards_.size()]; }
  /// The answer to wait for, or a claim at once.
  std::variant<std::shared_ptr<Awaited>, Claim> try_claim(const Intent& intent, Instant now);
  /// An answer or a refusal to give; nothing if the intent is to be handled. `resumed`: as the order that it became.
  std::optional<Claim> recalled(const Intent& intent, std::optional<Ulid>& resumed);
  Claim answered(const Remembered& known);
  static Claim never_answered(const Remembered& known);
  std::optional<Claim> kept_for_retry(Shard& in, const Intent& intent, Instant now);
  /// The shard's lock is held.
  void keep(Shard& in, const OrderKey& key, KeptAnswer kept);
  /// Whether anyone waited for it.
  bool release(const OrderKey& key, std::optional<Response> answer);

  Journal& journal_;
  const Vault& vault_;
  std::array<Shard, 64> shards_;
};

}  // namespace standin
