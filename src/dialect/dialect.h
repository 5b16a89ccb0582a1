#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/facts.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/ulid.h"
#include "config/config.h"
#include "dialect/charge.h"
#include "net/message.h"

namespace standin {

class Vault;

/// What one answer of the party means.
struct Judgement {
  Outcome outcome = Outcome::unknown;
  Cause cause = Cause::untrustworthy;  ///< when standing in because of it: server_error or untrustworthy
  std::string upstream_reference;      ///< the party's own name for the order, when the answer gives one
  bool already_there = false;          ///< proof that the party had it before this request (`have_it`)
  /// A replay of the whole route would fail alike: 401, 403, 404, 408, 429, or untrustworthy but for a bare 409.
  bool pause_replay = false;
  /// Approved for less than was asked: this much. An answer that names no currency means the one that was asked for.
  std::optional<Money> part;
  bool stands_no_more = false;  ///< a no that proves the charge it names to be voided or given back already

  /// What the answer says of the order, where another request for it may have been made before. A no about the caller's
  /// credentials is about this one request; a no because the party has had it leaves open what became of that.
  Outcome said_of_order() const {
    if (outcome != Outcome::declined) return outcome;
    if (already_there) return Outcome::unknown;
    return pause_replay ? Outcome::not_done : Outcome::declined;
  }

  /// What was approved, if that is less than was asked.
  std::optional<Money> less_than(const std::optional<Money>& asked) const {
    if (!part || !asked) return std::nullopt;
    const Money meant = same_number(*part, asked->currency);
    return meant.minor < asked->minor ? std::optional(meant) : std::nullopt;
  }
};

/// What became of the order is anyone's guess.
inline Judgement untrustworthy(bool pause_replay = true) {
  return {.outcome = Outcome::unknown,
          .cause = Cause::untrustworthy,
          .upstream_reference = {},
          .pause_replay = pause_replay,
          .part = {}};
}

/// Everything a template may name.
struct AnswerContext {
  const Request& request;
  const Facts& facts;
  std::string reference;  ///< ours, as `Dialect::reference` made it; or the party's, once it is known
  std::string request_id;
  OrderKey key;
  Ulid id;
  WallTime now;
};

/// What a dialect may say of ours in a request on its way to a party.
struct OutboundContext {
  OrderKey key;
  std::string reference;  ///< ours
  /// The party undoes by itself what it approves later than this. Only with a request that `read` understood.
  std::optional<Duration> reverse_after;
};

/// What a request asks for.
enum class Operation {
  charge,   ///< money, or a hold on it: what standin stands in for
  capture,  ///< these four are about an earlier charge
  cancel,   ///< or void: it is not to stand
  refund,
  read,
  other,  ///< passed on as it is, and never answered with a yes of ours
};

/// Nothing for what changes no charge.
constexpr std::optional<Amendment::Kind> amendment_kind(Operation operation) {
  switch (operation) {
    case Operation::cancel: return Amendment::Kind::cancel;
    case Operation::capture: return Amendment::Kind::capture;
    case Operation::refund: return Amendment::Kind::refund;
    case Operation::charge:
    case Operation::read:
    case Operation::other: return std::nullopt;
  }
  return std::nullopt;
}

/// The text of one field of a request, by JSON Pointer or by the dialect's own name for it; nothing if it is absent, or
/// the body cannot be read.
using FieldFinder = std::function<std::optional<std::string>(std::string_view selector)>;

/// What a route needs to know of a request.
struct RequestReading {
  Result<Facts> facts;     ///< or an error that names the fact and what is wrong with it, never its value
  std::string normalised;  ///< what makes two requests the same payload: method, path and fields in a fixed order,
                           ///< without what is stripped, security data and what differs with each call
  Operation operation = Operation::charge;
  bool hold = false;  ///< a charge that is captured later
  std::string about;  ///< the reference of the earlier charge that it names
  /// A party that keys or folds duplicates takes a repeat of this very request for one. False where the request
  /// forbids it (UMignoreDuplicate), or lacks what the party goes by.
  bool repeat_is_recognised = true;
  /// Any other field of it. Only while the request is as it was.
  FieldFinder field = [](std::string_view) { return std::nullopt; };
};

/// Why standin answers without a decision about money.
enum class Refusal {
  key_missing,    ///< this route needs an idempotency key
  other_payload,  ///< the key belongs to another request
  in_progress,    ///< the first request with this key is not finished
  answer_gone,    ///< answered before, and the answer is not kept any more
  withdrawn,      ///< the order was undone because its answer never arrived
  not_found,      ///< names a charge that does not exist, or that was never collected
  ended,          ///< names a charge that is cancelled already
  not_yet,        ///< cannot be asked about a charge that is not at the client's own party, or not yet
  refused,        ///< the party that has the charge said no, in words that the client would not know
  not_reached,    ///< nothing was sent to the party
  no_answer,      ///< the party gave no answer: it may have acted on the request
};

/// One of our references, as far as it tells where to look.
struct OwnReference {
  std::optional<Ulid> id;         ///< the order
  std::optional<WallTime> added;  ///< or the millisecond in which its id was made
};

/// An order of ours that a later request names.
struct OwnOrder {
  std::string reference;          ///< ours
  Money amount;                   ///< that was asked
  const Request& request;         ///< the charge, as kept
  const Response& answer;         ///< ours to it
  bool cancelled = false;         ///< withdrawn, or to be
  Money refunded;                 ///< given back, or to be, as far as is known
  std::optional<Money> part;      ///< the party approved less than was asked: this much
  std::optional<Money> captured;  ///< of a hold: what was captured since, or is to be
  /// What the very request that is answered meant when it was made first, where it names no amount.
  std::optional<Money> meant;
  WallTime created{};

  /// What the party approved of it, or is to approve, and of a hold that was captured what was: no more is given back.
  Money taken() const {
    const Money approved = part.value_or(amount);
    return captured && captured->minor < approved.minor ? *captured : approved;
  }
};

/// What a message means in one party's wire format. Pure: no I/O, no clock; one instance is shared by all threads.
class Dialect {
 public:
  virtual ~Dialect() = default;

  // --- requests ---
  virtual RequestReading read(const Request& request) const = 0;
  /// The request without what may not be kept.
  virtual Request stripped(Request request) const = 0;
  /// A charge whose order key is made of facts, so that the party goes by that key too: a client's own may be another
  /// at each try.
  virtual Request keyed(Request request, const OrderKey&) const { return request; }
  /// The request as it goes to a party of this dialect: unchanged but for what its documentation names.
  virtual Request outbound(Request request, const OutboundContext&) const { return request; }
  /// The party can undo by itself what it approves too late (OutboundContext::reverse_after).
  virtual bool reverses_by_itself() const { return false; }

  // --- answers ---
  virtual Judgement judge(const Response& response) const = 0;
  virtual Response approve(const AnswerContext& context) const = 0;
  virtual Response decline(const AnswerContext& context) const = 0;
  virtual Response unavailable(const AnswerContext& context) const = 0;
  /// Nothing: the route answers problem+json.
  virtual std::optional<Response> refuse(Refusal, const AnswerContext&) const { return std::nullopt; }
  /// The answer given to the first of two requests, marked as such where the dialect has a mark.
  virtual Response marked_duplicate(Response answer) const { return answer; }
  /// Differences in shape (status, content type, fields and their types) between the party's real answer and the
  /// configured one to the same request, each as a sentence; empty when they agree. Approvals are compared with
  /// `approve`, declines with `decline`; other answers have none.
  virtual std::vector<std::string> drift(const Response& real, const AnswerContext& context) const = 0;

  // --- references ---
  /// The reference that a stand-in approval gives, in the dialect's own form; resolved for ever. `count` tells apart
  /// orders of one millisecond.
  virtual std::string reference(const Ulid& id, unsigned count) const;
  /// Nothing if it cannot be one of ours.
  virtual std::optional<OwnReference> own_reference(std::string_view reference) const;
  /// A capture, void, refund or read that names our reference, as one that names the party's.
  virtual Request about_upstream(Request request, std::string_view upstream_reference) const;
  /// The answer to a request about an order that is still ours: a void is granted, a refund or capture is taken down to
  /// be done after the charge, a read shows it. Only from dialects whose requests have other operations than charge.
  virtual std::optional<Response> answer_about(Operation, const OwnOrder&, const AnswerContext&) const {
    return std::nullopt;
  }

  /// The amount of such a refund or capture; nothing if it cannot be read. Where it names none, what it meant first, or
  /// else all that is left.
  virtual std::optional<Money> amount_about(const Request&, const OwnOrder&) const { return std::nullopt; }

  // --- from one party's format to another's ---
  /// The charge that the request asks for; nothing where it holds what no other party can use, such as a token.
  virtual std::optional<Charge> charge(const Request&) const { return std::nullopt; }
  /// The charge as a request to a party of this dialect, authenticated by `credential` (a name in the party's
  /// credentials_file, and its secret); nothing if it cannot be expressed.
  virtual std::optional<Request> write_charge(const Charge&, const Credential&, const OutboundContext&) const {
    return std::nullopt;
  }
  /// The same of what is to be done about a charge that this party has. A cancellation is the same request each time.
  virtual std::optional<Request> write_amendment(const Amendment&, const Credential&, const OutboundContext&) const {
    return std::nullopt;
  }
  /// What the party said of a charge; nothing unless approved or declined.
  virtual std::optional<ChargeAnswer> read_answer(const Response&) const { return std::nullopt; }
  virtual std::optional<Response> write_answer(const ChargeAnswer&, const AnswerContext&) const { return std::nullopt; }
};

/// Builds the dialect of one `[stand_in.NAME]`; an error names what is wrong with a template or fact, `where` is the
/// template's own place. The vault must outlive the dialect, the configuration need not.
Result<std::shared_ptr<const Dialect>> make_dialect(const StandInConfig& config, const Vault& vault);
/// Builds a party's own dialect, of a gateway: "usaepay" or "stripe".
Result<std::shared_ptr<const Dialect>> make_party_dialect(const UpstreamConfig& upstream, const Vault& vault);

}  // namespace standin
