#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/outcome.h"
#include "base/random.h"
#include "config/config.h"
#include "net/message.h"
#include "upstream/target_states.h"
#include "upstream/transport.h"

namespace standin {

/// How an answer counts; given by the route's dialect, so that an error is told from a failure.
struct Judged {
  Outcome outcome = Outcome::unknown;
  Cause cause = Cause::untrustworthy;
};
using Judge = std::function<Judged(const Response&)>;

/// How one delivery ended.
struct Forwarded {
  Outcome outcome = Outcome::unknown;
  Cause cause = Cause::refused;        ///< meaningful unless approved or declined
  std::optional<Response> response;    ///< the party's answer, also an untrustworthy one
  std::string error;                   ///< for logs, when there is no response
};

/// One delivery under way. It runs on after its caller stopped waiting: a late answer still counts.
/// Read on the loop that started it.
struct Delivery {
  std::string target;      ///< URL last tried; "" before any was chosen
  bool may_have_sent = false;  ///< a byte may have left, to any target
  WallTime sent_at{};      ///< of the first byte
  Cause cause_so_far = Cause::timed_out_in_queue;  ///< why, if the caller stops waiting now
  OneShot<Forwarded> result;
};

enum class Purpose {
  plain,    ///< a route without stand-in: never a probe
  covered,  ///< a live order that is stood in for if this fails: may probe a half-open breaker
  replay,   ///< may probe, and goes before live ones
};

struct Deadlines {
  Instant answer_by;     ///< no answer by then is a timeout for the breaker; nothing new is sent after it
  Instant listen_until;  ///< the answer is awaited until then
};

/// One party we forward to: chooses a target, keeps its limits, and tries another only when nothing was sent. Several
/// attempts, one layer. One Party per event loop; what all loops share is in TargetStates.
class Party {
 public:
  Party(const UpstreamConfig& config, Clock& clock, Random& random, Transport& transport, TargetStates& states,
        Executor executor);
  ~Party();

  /// Starts a delivery and returns at once.
  std::shared_ptr<Delivery> start(Request request, Judge judge, Deadlines deadlines, Purpose purpose);

  /// Starts one and waits for its end.
  Task<Forwarded> deliver(Request request, Judge judge, Deadlines deadlines, Purpose purpose);

  const UpstreamConfig& config() const { return config_; }

 private:
  UpstreamConfig config_;
};

}  // namespace standin
