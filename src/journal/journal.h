#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/event.h"
#include "base/facts.h"
#include "base/outcome.h"
#include "base/party_clocks.h"
#include "base/result.h"
#include "base/task.h"
#include "base/ulid.h"
#include "config/config.h"
#include "journal/lifecycle.h"
#include "risk/decide.h"
#include "vault/vault.h"

namespace standin {

/// What `keep` came to. Once a command has been handed to the writer, only these four are possible, and only `over_cap`
/// and `not_kept` allow telling the customer no.
enum class Kept {
  kept,      ///< on stable storage
  over_cap,  ///< certainly not written: it would have taken exposure over the cap
  not_kept,  ///< certainly not written: the queue or the disk is full, or the journal has stopped promising
  unknown,   ///< may or may not be on the disk; the next claim of its key tells
};

/// An order as it enters the journal, accepted or declined.
struct NewOrder {
  Ulid id;
  OrderKey key;
  Digest payload;                ///< keyed digest of the normalised request
  bool key_from_client = false;  ///< only then is a decline given again
  std::string tenant, route, upstream, stand_in, request_id, reference, config_version;
  Facts facts;
  Decision decision;
  Cause cause = Cause::refused;
  /// accepted, declined or reversing (declined, and an attempt may have happened); or charging: an intent, written
  /// before its first byte is sent. An intent has no decision, cause, caps or answer yet: its `conclude` brings them.
  State state = State::accepted;
  bool shadow = false;                  ///< recorded only: never recalled, replayed, or counted in exposure
  Outcome forward = Outcome::not_done;  ///< of the live forward so far: not_done or unknown
  std::string target;                   ///< of the live forward
  WallTime created{};
  WallTime first_sent{};     ///< of the live forward's first byte; zero if nothing was sent
  WallTime doubted_since{};  ///< see Conclusion
  WallTime due{};            ///< no replay, finder or reversal starts before: the end of late listening
  std::vector<Money> caps;   ///< total exposure caps, checked in the same step as the order is kept
  Sealed request, answer;    ///< wire bytes, sealed in `request_context` and `answer_context`
  /// The charge that this capture or refund is about, while it is still ours: replayed after it, when the party's
  /// reference is known. Such an order adds nothing to exposure.
  std::optional<Ulid> behind;
};

/// What each sealed record is bound to: one cannot be put in another's place.
inline std::string request_context(const Ulid& id) { return id.text() + "/request"; }
inline std::string answer_context(const Ulid& id) { return id.text() + "/answer"; }

/// A known key: what standin answered to it.
struct Remembered {
  Ulid id;
  Digest payload;
  State state = State::accepted;
  bool key_from_client = false;
  bool answered = true;  ///< false: an intent that nobody has been answered to yet
  /// When its client was told, or, of an intent that nobody was answered to, when its end was known; zero until then.
  WallTime decided{};
};

/// Right to act on an order: a fencing token that the transaction recording the outcome checks.
struct Lease {
  Ulid order;
  std::uint64_t token = 0;
};
/// The token of the live forward's own listener, held from the order's creation until `due`.
constexpr std::uint64_t live_forward_token = 1;

/// The `due` of an order that only a person moves on, 9999-12-31: held without a time to look at it again.
constexpr WallTime never_due = WallTime(std::chrono::milliseconds(253'402'214'400'000));

/// Of what an earlier process recorded: this one's wall clock may be set otherwise.
struct Earlier {
  WallTime opened{};  ///< when this process opened the journal, by its own clock: whatever was recorded was before
  /// How much further ahead the clock is set now. Where the machine was suspended meanwhile, that may be in it: the
  /// truth is between nothing and this. Nothing: not known, as the machine was started again.
  std::optional<std::chrono::milliseconds> set_by;
};

/// An attempt's record; opened durably before its first byte is sent, closed with its outcome.
struct Attempt {
  /// "live", "replay", "finder", "reversal"; "void": asked of the party by the client, and granted to nobody yet;
  /// "conclusion" is a lease without a word to the party
  std::string kind;
  std::string target;
  WallTime started{};
  Outcome outcome = Outcome::unknown;  ///< open attempts are unknown
  bool open = false;
  std::string detail;                ///< for a person; never a card number or secret
  std::optional<Lead> lead{};        ///< of the party's clock, as known when it was recorded; set by the journal
  std::optional<Earlier> earlier{};  ///< nothing: by this process
};

/// Its client asked the party for a void of what the party has, and whether it was granted is not known yet.
inline bool is_being_voided(State state, const std::vector<Attempt>& attempts) {
  return state == State::cancelling && std::ranges::find(attempts, "void", &Attempt::kind) != attempts.end();
}

/// A step in an order's life, written in one transaction: the transition, the attempt that led to it, the follow-up it
/// opens.
struct Change {
  Lease lease;  ///< token 0: on a person's word, without a lease; refused while somebody else holds one
  State to = State::held;
  std::string who, why;
  std::optional<Attempt> attempt;        ///< closes the open attempt of its kind, or is added closed
  std::string upstream_reference;        ///< set once known; unique per upstream
  std::optional<WallTime> due;           ///< when to look at it again; to held without one: never_due, else unchanged
  std::optional<std::string> follow_up;  ///< opens a case with this reason
  std::optional<Money> settled_part;     ///< a partial settlement: the remainder stays exposed
};

/// How the live forward of an intent ended, and what its client is told: one step of the journal.
struct Conclusion {
  Lease lease;  ///< of the live forward: the intent's own, or one taken to try it again
  /// settled or declined: the answer is the party's own. accepted, declined or reversing: ours, `answer_is_ours`.
  State to = State::settled;
  bool answer_is_ours = false;
  Decision decision;  ///< of ours
  Cause cause = Cause::refused;
  Outcome forward = Outcome::unknown;  ///< of the live forward so far
  std::string target, detail;
  WallTime first_sent{};
  /// An earlier request of the key, of which no other record tells, may have been sent since then, until the order was
  /// created; zero: none.
  WallTime doubted_since{};
  std::string upstream_reference;     ///< of a settled one
  std::optional<Money> settled_part;  ///< approved for less than was asked, and the client was told so
  WallTime due{};                     ///< of ours: the end of late listening
  std::vector<Money> caps;            ///< of an acceptance
  std::string who, why;
  Sealed answer;
};

enum class Applied {
  applied,
  fenced,       ///< somebody else holds, or held since, the right to act
  not_allowed,  ///< the lifecycle has no such step from where the order is now
  /// Another order already claimed that upstream reference: the attempt is recorded, the lease let go, and no more.
  reference_taken,
  failed,  ///< not written, or not known to be
};

/// An order as it is read back.
struct OrderRow {
  Ulid id;
  OrderKey key;
  std::string tenant, route, upstream, stand_in, request_id, reference, upstream_reference, config_version;
  Facts facts;
  std::string decision;  ///< explained, one line per rule
  bool accepted = false;
  Cause cause = Cause::refused;
  std::optional<Money> part;           ///< the party did less than was asked: this much
  std::optional<bool> done_after_all;  ///< whether the upstream had done it when we stood in, once known
  State state = State::accepted;
  bool shadow = false, undelivered = false;
  WallTime created{}, first_sent{}, due{};
  std::uint64_t token = 0;
  int attempts = 0;            ///< replays so far
  std::optional<Ulid> behind;  ///< see NewOrder
  bool unresolved = false;     ///< an attempt may have happened and nobody knows: the finder goes first
  bool answered = true;        ///< false: an intent that nobody has been answered to, or a second charge to be undone
  std::optional<Earlier> earlier{};  ///< nothing: it was `created` by this process
  bool stood_in = true;  ///< false: the answer, if any, is the party's own; nothing was decided, for no cause
};

/// The same of one that can be looked up: without the party's reference its charge is looked for, and undone.
inline bool is_void_looked_up(const OrderRow& order, const std::vector<Attempt>& attempts) {
  return !order.upstream_reference.empty() && is_being_voided(order.state, attempts);
}

/// How long ago its client came, at most, by this process's clock: a party's window for duplicates is measured by it.
/// Nothing if that is not known and the party can be `searched` instead. Where it cannot, the clocks are taken for
/// right, unless they contradict each other.
std::optional<Duration> age_of(const OrderRow& order, WallTime now, bool searched);

struct TransitionRow {
  State to = State::accepted;
  WallTime at{};
  std::string who, why;
};

struct FollowUpRow {
  std::int64_t id = 0;
  Ulid order;
  std::string reason, state, owner;  ///< state: open, taken, closed
  WallTime opened{};
  std::vector<std::string> notes;
};

struct OrderFilter {
  std::optional<State> state;
  std::string route, customer;
  std::optional<Ulid> id;
  std::optional<Ulid> behind;       ///< those behind this charge
  std::optional<WallTime> id_made;  ///< the millisecond in which its id was made
  std::optional<WallTime> since, until;
  /// Work for the replay: not ended, due by `until` (default: now), neither leased nor listened for; oldest first.
  /// Without it, `since` and `until` bound the time of arrival, and the newest come first.
  bool due_only = false;
  bool include_shadow = false;
  /// Also the ordinary life of charges: settled and declined by their party's own answer, voided after it, under way,
  /// and lapsed. What is asked for by id, by `id_made`, as due, or as charging or lapsed is found all the same.
  bool include_live = false;
  std::size_t limit = 100;
};

struct ModeRow {
  std::string route;
  Mode mode = Mode::automatic;
  WallTime until{};  ///< zero: until changed
  std::string who, why;
};

/// A part of an upstream's traffic that an operator has cut off: nothing is sent, as with an open breaker.
struct SwitchRow {
  std::string upstream;
  std::string key;   ///< the breaker's: values of its facts joined by "/"; "" for the whole upstream
  bool cut = true;   ///< false: restored
  WallTime until{};  ///< zero: until changed
  std::string who, why;
};

struct JournalHealth {
  bool promising = true;  ///< false: stand-in is answered with `unavailable`
  std::string reason;
  std::size_t queued = 0;
};

/// The durable record of orders and attempts, as a port. Free of SQL: the shared journal and the simulator's have the
/// same. Coroutines may be awaited on any event loop and resume on it; the rest may be called from any thread. When a
/// coroutine returns success, what it wrote is on stable storage. Every adapter passes
/// tests/contract/journal_contract.h.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Reserves exposure and writes the order in one step; never waits without bound (limits::journal_queue).
  virtual Task<Kept> keep(NewOrder order) = 0;
  /// Of an intent (state charging): what its live forward came to and what is answered, exposure reserved where we
  /// accept. `over_cap` and `not_kept` have written nothing: the intent is as it was. `not_kept` also where the lease
  /// is no longer the right to act, or where the key's intent has ended otherwise; an approval is then recorded as
  /// evidence, as `apply` does. A decline of ours begins reversing where an earlier attempt may have happened. A
  /// reference that another order has stays there: the client is told what the party said all the same, and unless both
  /// made the same request (the party folded them) a follow-up is opened.
  virtual Task<Kept> conclude(Conclusion conclusion) = 0;
  /// The intent goes to another party, nothing having been sent to the one before. Durable before that party is tried:
  /// who looks for the charge after a crash must ask the right one.
  virtual Task<Applied> rebind(Lease lease, std::string upstream) = 0;

  /// An earlier process used it: what that one remembered, and did not write, is gone.
  virtual bool used_before() const = 0;

  /// From memory, at once. Shadow orders are not remembered.
  virtual std::optional<Remembered> recall(const OrderKey& key) const = 0;
  /// The wire bytes answered to the customer, and the request as kept; sealed. An error if they are gone or unreadable.
  virtual Result<Sealed> answer(const Ulid& id) = 0;
  virtual Result<Sealed> request(const Ulid& id) = 0;

  /// The client never got the answer: the order is marked. One that is still to be delivered, `accepted` or held until
  /// the next try, moves to `to` where that is held (until a person releases it, whatever a late answer that did
  /// nothing says) or cancelling; while a try of it is under way it cannot yet (fenced). Others are marked alone.
  virtual Task<Applied> mark_undelivered(Ulid id, State to, std::string why) = 0;

  /// Takes the order for one attempt: refused (nothing) while listened for, leased by another, ended, or not due.
  /// Opens an attempt of `kind` at `target` durably, as unknown, and moves accepted and held orders to replaying.
  /// An intent stays charging: it is taken by "finder" and "conclusion", and by "live", for its client's retry, which
  /// need not wait until it is due, but until nobody listens or has leased it. One that was held is charging again.
  /// A settled or matched charge is taken by "void" alone, before its client's void is sent, and is cancelling, due at
  /// once: the change of kind "void" that ends it, or the finder's, brings it to cancelled, back to settled, or leaves
  /// it there.
  virtual Task<std::optional<Lease>> lease(Ulid id, std::string owner, WallTime until, Attempt attempt) = 0;
  /// A late `approved` is never lost: where it is fenced or not allowed, it is recorded as an attempt all the same, the
  /// order is `unresolved`, and a follow-up is opened where what we believe says that nothing, or something else,
  /// stands. A second standing approval of one order becomes an order of its own to be undone: reversing, behind the
  /// first, with the second's reference.
  /// Of an intent: it lapses only when no attempt may have happened; told to wait for never_due, it is held; held, only
  /// a person, the finder or an approval moves it on.
  virtual Task<Applied> apply(Change change) = 0;

  virtual Result<std::vector<OrderRow>> orders(const OrderFilter& filter) = 0;
  virtual Result<std::vector<TransitionRow>> transitions(const Ulid& id) = 0;
  virtual Result<std::vector<Attempt>> attempts(const Ulid& id) = 0;
  /// Orders of one route that were promised and not yet delivered.
  virtual Result<std::size_t> waiting(const std::string& route) = 0;
  /// Orders per state, from memory.
  virtual std::map<State, std::size_t> counts() const = 0;

  virtual Result<std::vector<FollowUpRow>> follow_ups(bool open_only) = 0;
  /// `action`: "take", "note", "collected" or "written_off"; the last two close the case, and move the order there
  /// where its life allows. An error says why not: no case is closed while its order is leased, or is to be undone and
  /// due, since what became of a void at the party would not be asked any more.
  virtual Task<Result<void>> update_follow_up(std::int64_t id, std::string action, std::string who,
                                              std::string text) = 0;

  virtual Task<Result<void>> set_mode(ModeRow mode) = 0;
  virtual Result<std::vector<ModeRow>> modes() = 0;
  virtual Task<Result<void>> set_switch(SwitchRow row) = 0;
  /// The cut ones, expired ones too.
  virtual Result<std::vector<SwitchRow>> switches() = 0;

  /// The order of this upstream that carries the party's reference.
  virtual Result<std::optional<Ulid>> holder(const std::string& upstream, const std::string& upstream_reference) = 0;

  /// The sum over exposed orders per currency, and its peak since the journal was opened.
  virtual std::vector<Money> exposure() const = 0;
  virtual std::vector<Money> exposure_peak() const = 0;
  virtual JournalHealth health() const = 0;
};

}  // namespace standin
