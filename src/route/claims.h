#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <variant>

#include "base/clock.h"
#include "base/digest.h"
#include "base/event.h"
#include "base/limits.h"
#include "journal/journal.h"
#include "net/message.h"
#include "route/kept_answers.h"

namespace standin {

/// What makes two requests the same.
struct Intent {
  OrderKey key;  ///< the order's, as the journal and the parties know it
  Digest payload;
  std::string tenant;
  bool from_client = false;  ///< the client sent the key itself
  bool repeatable = false;   ///< it has a key at all: another request can be the same intent
  /// For so long after its order was decided, a key made of facts means that order (RouteConfig::key_window).
  Duration window = Duration::max();
  /// The key that the facts make, where an earlier order had it and its window has passed.
  std::optional<OrderKey> first_key = std::nullopt;

  /// Under which those that may be the same wait for each other, whichever order they turn out to be.
  const OrderKey& claimed() const { return first_key ? *first_key : key; }
};

/// An answer that more than one may be given.
using AnswerPtr = std::shared_ptr<const Response>;

class Claims;

/// The answers that were given to one order of ours and have not failed: one whose writing did not fail counts as
/// delivered. Shared by those that may yet turn out not to have arrived, and gone with the last of them: from then on
/// only an order that the journal holds for its client's retry may be marked undelivered.
struct Deliveries {
  Intent intent;
  Ulid order;
  std::size_t believed = 0;  ///< guarded by its shard's lock
};
using DeliveriesPtr = std::shared_ptr<Deliveries>;

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

  Claim(Kind kind, AnswerPtr answer) : kind_(kind), answer_(std::move(answer)) {}
  Claim(Claims& claims, Intent intent) : kind_(Kind::ours), claims_(&claims), intent_(std::move(intent)) {}
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&&) = delete;
  /// Lets an unfinished claim go: whoever waits may try.
  ~Claim();

  Kind kind() const { return kind_; }
  const Response& answer() const { return *answer_; }
  /// As which order the intent is to be handled: the key of a claim that is ours may be another than was claimed.
  const Intent& intent() const { return intent_; }
  /// Of a recalled answer, the order if it is held for this very retry. Of a claim that is ours, the order that was
  /// written before it was sent, if this is a retry of one that nobody was answered to. Of `unheard`, the order.
  const std::optional<Ulid>& order() const { return order_; }
  /// Of a recalled answer, whom to tell if it does not arrive; nothing where an earlier one is believed to have.
  const DeliveriesPtr& deliveries() const { return deliveries_; }

  /// Ends the claim: everyone waiting gets `answer`.
  void finish(AnswerPtr answer);
  /// The same with an answer to an order of ours. `told`: this request's client gets it too, or may know it already.
  DeliveriesPtr give(AnswerPtr answer, Ulid order, bool told);
  /// The same where another request waits for it and will get it; else false, and the claim is still held.
  bool give_to_waiting(AnswerPtr answer, Ulid order);
  /// What became of the intent is not known to this process, and will not be: its key stays claimed until a restart.
  void leave_in_doubt() { claims_ = nullptr; }

 private:
  friend class Claims;
  Kind kind_;
  AnswerPtr answer_;
  std::optional<Ulid> order_;
  DeliveriesPtr deliveries_;
  Claims* claims_ = nullptr;
  Intent intent_;
};

/// Which intents are in flight, over all threads. In memory: on the edge the application's unique index covers a crash.
class Claims {
 public:
  /// `now`: what an earlier process remembered is gone.
  Claims(Journal& journal, const Vault& vault, Instant now);

  /// One atomic step: recalls the answer to this key, waits for the same key in flight until `deadline`, reports
  /// another payload under it, or reserves it. `intent` outlives the call.
  Task<Claim> claim(const Intent& intent, Clock& clock, Instant deadline);

  /// An answer certainly did not arrive. A claim if none of the order's is believed to have: the order is to be marked
  /// undelivered under it, so that a retry meets it as marked and is not told yes in between.
  std::optional<Claim> not_delivered(const DeliveriesPtr& deliveries);
  /// Held since its answer did not arrive, and by nothing else.
  bool waits_for_retry(const Ulid& order) const;

  struct PartysWord {
    bool declined = false;
    bool client_gone = false;
    bool ends_doubt = true;  ///< it says what became of earlier attempts, too
  };
  /// Keeps the upstream's own definite answer for limits::definite_answer_kept. If its client is gone, the same key's
  /// retry gets it from `claim`; else the retry is forwarded, and gets it only where we would stand in otherwise: a
  /// second decision about an order that was answered could contradict the first. Its number, for `not_received`; 0:
  /// not kept.
  std::uint64_t remember(const Intent& intent, const Response& answer, const PartysWord& word, Instant now);
  /// The client of the answer that got that number did not get it after all. Nothing, where another is remembered.
  void not_received(const Intent& intent, std::uint64_t number, const Response& answer, bool declined, Instant now);
  /// The upstream's answer to the same intent, if it is kept; `answer` is nullptr if it is not.
  struct Earlier {
    AnswerPtr answer;
    bool declined = false;
  };
  Earlier remembered(const Intent& intent, Instant now);

  /// Another payload was answered under its key: what is decided about this one would be a second order.
  bool remembers_another_payload(const Intent& intent, Instant now);

  /// An attempt of this intent may stand at the upstream, and no order in the journal knows of it: nothing was
  /// promised. Kept until there is a definite answer, and no longer than one.
  struct Doubt {
    Instant heard_by;    ///< until then it may be under way
    WallTime sent_at{};  ///< no earlier
  };
  void doubt(const Intent& intent, const Doubt& doubt, Instant now);
  /// An earlier attempt of the intent may stand: a decision made now must be followed up as if it did.
  std::optional<Doubt> doubted(const Intent& intent, Instant now);
  /// It may have happened before, and an answer been passed on, that no record tells of: in an earlier process, or
  /// among more doubts than are kept.
  bool may_have_forgotten(const Intent& intent, Instant now);

 private:
  friend class Claim;
  struct Given {
    AnswerPtr answer;
    DeliveriesPtr deliveries;  ///< none where the answer is the upstream's own
  };
  using Awaited = OneShot<std::optional<Given>>;
  struct InFlight {
    Digest payload;
    std::shared_ptr<Awaited> answer;  ///< made for the first that waits
  };
  struct Doubted {
    OrderKey key;
    Digest payload;
    Doubt doubt;
    Instant until;
  };
  static constexpr std::size_t shard_count = 64;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<OrderKey, InFlight, OrderKeyHash> in_flight;
    KeptAnswers received{limits::definite_answers / shard_count};
    KeptAnswers missed{limits::definite_answers / shard_count};  ///< by their clients, who were gone
    std::vector<Doubted> doubts;                                 ///< the oldest first
    Instant forgotten_until = Instant::min();                    ///< there were more doubts than places
    std::uint64_t answers_kept = 0;
    std::unordered_map<OrderKey, std::weak_ptr<Deliveries>, OrderKeyHash> deliveries;
    std::size_t deliveries_swept_at = 64;
  };

  /// What the disk says of a known order: read under no lock, and told as long as the order is where it was then.
  struct Record {
    Ulid order;
    State state = State::accepted;
    AnswerPtr answer;           ///< none: it cannot be read back
    bool waits = false;         ///< its order waits for this very retry
    bool being_voided = false;  ///< as its client asked
  };
  /// What a known key comes to; nothing of it: the intent is to be handled.
  struct Recalled {
    std::optional<Claim> claim;         ///< an answer or a refusal to give
    std::optional<Ulid> resumed;        ///< to be handled as the order that it became
    std::optional<Remembered> to_read;  ///< nothing can be said before its record is read
  };

  Shard& shard(const Intent& intent) { return shards_[OrderKeyHash{}(intent.claimed()) % shards_.size()]; }
  /// The answer to wait for, a claim at once, or what is to be read first.
  std::variant<std::shared_ptr<Awaited>, Claim, Remembered> try_claim(const Intent& intent, const Clock& clock,
                                                                      const std::optional<Record>& record);
  /// The intent under the key that its facts mean now.
  Intent as_of(Intent intent, WallTime now) const;
  Recalled recalled(Shard& in, const Intent& intent, const std::optional<Record>& record);
  Claim answered(Shard& in, const Intent& intent, const Record& record);
  Record read(const Remembered& known) const;
  static Claim never_answered(const Remembered& known);
  std::optional<Claim> kept_for_retry(Shard& in, const Intent& intent, Instant now);
  // With the shard's lock held:
  std::uint64_t keep(Shard& in, const Intent& intent, const Response& answer, bool declined, bool client_gone,
                     Instant now);
  static const KeptAnswers::Kept* kept_of(const KeptAnswers& among, const Intent& intent, Instant now);
  static bool answered_another_payload(const KeptAnswers& among, const Intent& intent, Instant now);
  static Doubted* doubt_of(Shard& in, const Intent& intent, Instant now);
  static void remember_deliveries(Shard& in, const DeliveriesPtr& deliveries);
  /// The shard's lock is held. The order's deliveries, one more believed; nothing where an earlier one arrived.
  static DeliveriesPtr one_more(Shard& in, const Intent& intent, const Ulid& order, bool waits);
  /// False, and nothing is done, if it is `only_awaited` and nobody waits.
  bool release(const Intent& intent, std::optional<Given> given, bool only_awaited = false);
  /// What came of it, if anything did until now.
  std::optional<std::optional<Given>> stop_waiting(const Intent& intent, std::shared_ptr<Awaited> awaited);

  Journal& journal_;
  const Vault& vault_;
  const Instant forgotten_until_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace standin
