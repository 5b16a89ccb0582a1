#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/outcome.h"
#include "base/time.h"

namespace standin {

/// How a client's request was answered.
enum class Answered {
  forwarded,    ///< the upstream's own answer
  accepted,     ///< stood in: yes
  declined,     ///< stood in: no
  recalled,     ///< the answer given before to the same key
  unavailable,  ///< the upstream's own technical failure, said by us
  rejected,     ///< 400, 409, 422 and the like, by us
  cached,       ///< what the cache has kept
  fallback,     ///< a fallback file, while the upstream fails
  redirected,   ///< sent elsewhere, as the configuration says
};
/// The label `answered`.
std::string_view name(Answered answered);

/// Every metric the program has, by what happened. Any thread; never blocks for long. docs/metrics.md lists them; a
/// test compares the two.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void answered(std::string_view route, Answered how, int status, Duration took);
  /// A request was handed to its route, so long after its first byte.
  void received(std::string_view route, Duration took);
  void forwarded(std::string_view route, Outcome outcome, Duration took);
  void stood_in(std::string_view route, Cause cause, bool accepted);
  /// Later it is known whether the upstream had done what we stood in for.
  void stand_in_resolved(std::string_view route, Cause cause, bool upstream_had_done_it);
  /// The facts of a request could not be read (`fact`: its name), on healthy traffic or in stand-in.
  void facts_unreadable(std::string_view route, std::string_view fact, bool standing_in);
  void template_compared(std::string_view route, bool drifted);
  void client_went_away(std::string_view route, bool after_commit);
  /// What was passed on while it came did not come to its end; `by`: "client", "upstream" or "standin".
  void stream_cut(std::string_view route, std::string_view by);
  /// How the cache had to do with a request: "hit", "stale", "revalidated", "stale_if_error", "miss" or "bypass".
  void cache_answered(std::string_view route, std::string_view how);
  /// What the route's cache holds now, after `evicted` more had to make room.
  void cache_holds(std::string_view route, std::size_t bytes, std::size_t answers, std::size_t evicted);
  void late_answer(std::string_view route, Outcome outcome);
  void replay_attempt(std::string_view route, Outcome outcome);
  void replay_paused(std::string_view route, bool paused);
  void journal_commit(Duration took, std::size_t orders);
  void journal_promising(bool promising);
  void pass_through(bool on);
  void journal_queue(std::size_t queued);
  void exposure(const Money& now, const Money& peak);
  void orders_in_state(std::string_view state, std::size_t count);
  void follow_ups_open(std::size_t count);
  void target_sent(std::string_view upstream, std::string_view target, std::string_view end, Duration took);
  /// A new connection to a target was ready: its name was resolved, and TCP and TLS were agreed on.
  void target_connected(std::string_view upstream, std::string_view target, Duration took);
  /// The first byte of its answer came, so long after the first of the request had left.
  void target_first_byte(std::string_view upstream, std::string_view target, Duration took);
  void target_in_flight(std::string_view upstream, std::string_view target, std::size_t count);
  /// `state` is the name of a Breaker::State.
  void breaker_state(std::string_view upstream, std::string_view target, std::string_view state);
  void target_healthy(std::string_view upstream, std::string_view target, bool healthy);
  /// What the health ping says of where the target is; `before`: what it said last, or "". One thread for each target.
  void target_location(std::string_view upstream, std::string_view target, std::string_view before,
                       std::string_view now);
  void scoreboard_errors(std::string_view upstream, std::string_view target, std::size_t count);
  /// Of a target, how many keys' breakers are not closed.
  void breaker_keys_open(std::string_view upstream, std::string_view target, std::size_t count);
  /// Another target is tried; `after`: "not_sent", "not_done" or "unknown", what the attempt before came to.
  void retried(std::string_view upstream, std::string_view after);
  void retry_refused(std::string_view upstream);
  void switches_cut(std::string_view upstream, std::size_t count);
  /// The upstream is not used any more, and nothing of it is cut. Not while another thread says `switches_cut` of it.
  void switches_gone(std::string_view upstream);
  void connections(std::size_t open, std::size_t in_flight);
  /// When the certificate expires that a target showed last.
  void upstream_certificate_expires(std::string_view upstream, std::string_view target, WallTime when);
  /// The target is not used any more: all that was said of it ends. Not while another thread still says something of
  /// it.
  void target_gone(std::string_view upstream, std::string_view target);
  /// When a certificate that the edge shows on `listener` expires; `file`: where it was read.
  void certificate_expires(std::string_view listener, std::string_view file, WallTime when);
  /// It is not shown any more.
  void certificate_gone(std::string_view listener, std::string_view file);
  /// A connection or a request was turned away before it had a route; `why`: name(TurnedAway) of net/door.h.
  void turned_away(std::string_view why);
  /// A trusted proxy said something malformed of where a request came from.
  void origin_ignored();
  /// All of them since the process began, as Log::dropped() tells.
  void log_lines_dropped(std::size_t count);

  /// The Prometheus text exposition format, version 0.0.4.
  std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace standin
