#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/outcome.h"
#include "base/party_clocks.h"
#include "base/random.h"
#include "config/config.h"
#include "net/message.h"
#include "upstream/target_states.h"
#include "upstream/transport.h"

namespace standin {

class Client;

/// How an answer counts; given by the route's dialect, so that an error is told from a failure.
struct Judged {
  Outcome outcome = Outcome::unknown;
  Cause cause = Cause::untrustworthy;
  bool of_this_alone = false;  ///< it says nothing of an earlier try of the same request
};
using Judge = std::function<Judged(const Response&)>;

/// How one delivery ended.
struct Forwarded {
  Outcome outcome = Outcome::unknown;
  Cause cause = Cause::refused;      ///< meaningful unless approved or declined
  std::optional<Response> response;  ///< the party's answer, also an untrustworthy one; its `rest` holds the places
  std::string error;                 ///< for logs, when there is no response
};

/// One delivery under way. It runs on after its caller stopped waiting, or dropped it: a late answer still counts.
/// Read on the loop that started it.
struct Delivery {
  std::string target;                              ///< URL last tried; "" before any was chosen
  bool may_have_sent = false;                      ///< a byte may have left, to any target
  WallTime sent_at{};                              ///< of the first byte
  Cause cause_so_far = Cause::timed_out_in_queue;  ///< why, if the caller stops waiting now
  OneShot<Forwarded> result;                       ///< set exactly once, at listen_until at the latest
};

enum class Purpose {
  plain,    ///< a route without stand-in: never a probe
  covered,  ///< a live order that is stood in for if this fails: may probe a half-open breaker
  alone,    ///< of a party that plain routes alone forward to: may probe it, since nobody else will
  replay,   ///< may probe, and goes before live ones
};

/// What the party should know of a request beside its bytes.
struct Sending {
  Purpose purpose = Purpose::plain;
  /// The facts that breakers go by (BreakerConfig::key), joined by "/": their own breaker at every target.
  std::string breaker_key;
  /// The party takes a repeat of this request for one (it keys or folds duplicates, and its window is open): after an
  /// `unknown` at one target, another of the same party may be tried.
  bool repeat_is_recognised = false;
  /// The client that a large answer is passed on to while it comes; nullptr: the answer is awaited whole.
  std::shared_ptr<const Client> streamed_to;
};

struct Deadlines {
  Instant answer_by;     ///< no answer by then is a timeout for the breaker; nothing new is sent after it
  Instant listen_until;  ///< the answer is awaited until then
};

/// One party we forward to: chooses a target, keeps its limits, and tries another where that is safe: nothing was sent,
/// the answer says that nothing happened, or the party recognises a repeat. Several attempts, one layer, and a budget
/// (limits::retry_share): a party that is going down is not met with more. One Party per event loop; what all loops
/// share is in TargetStates. Deliveries under way run on when the Party goes (after a reload): `clock`, `transport` and
/// the loop outlive them.
class Party {
 public:
  Party(const UpstreamConfig& config, Clock& clock, Random& random, Transport& transport, TargetStates& states,
        Executor executor);
  ~Party();

  /// Starts a delivery and returns at once. Called on the Party's own loop.
  ///
  /// Targets are tried one after the other, each at most once, as `balance` prefers them; those that announced
  /// themselves down as a last resort, those whose breaker refuses never. The result is `not_done` only if nothing was
  /// sent, or if every answer said so; once an attempt is `unknown`, whatever comes after it, only a definite answer
  /// that is not of its own try alone ends that. What an operator has cut off (TargetStates::switches) is not tried:
  /// `not_done` because of a breaker.
  ///
  /// A request's `rest` is sent once: no other target is tried when any of it was asked for. How long it takes is its
  /// client's matter: that times nothing out, and a client that breaks off is not held against the target.
  std::shared_ptr<Delivery> start(Request request, Judge judge, Deadlines deadlines, Sending sending);

  /// The same, awaited to its end by a caller on the Party's own loop, who keeps `request` until then.
  Task<Forwarded> deliver(const Request& request, Judge judge, Deadlines deadlines, Sending sending);

  /// Whether a replay with that breaker_key would be sent to any target now: it is not cut off, and a breaker would let
  /// it through. Asking takes no leave.
  bool lets_through(const std::string& breaker_key) const;

  /// How far its clocks are ahead of ours, once it has answered anything.
  std::optional<Lead> lead() const;

  const UpstreamConfig& config() const;

  /// What its deliveries need, also after it is gone.
  struct Shared;

 private:
  std::shared_ptr<const Shared> shared_;
};

}  // namespace standin
