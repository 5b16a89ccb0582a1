#include "telemetry/metrics.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <mutex>

#include "base/result.h"
#include "telemetry/metric_families.h"

namespace standin {
namespace {

/// Labels of bounded cardinality: of a status only its class.
std::string_view status_class(int status) {
  constexpr std::array<std::string_view, 6> classes{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  const int hundreds = status / 100;
  return classes[hundreds >= 1 && hundreds <= 5 ? static_cast<std::size_t>(hundreds) : 0];
}

/// Tells errors, which are technical, from failures, which are the party's business to decide.
std::string_view kind(Outcome outcome) {
  switch (outcome) {
    case Outcome::approved: return "success";
    case Outcome::declined: return "failure";
    case Outcome::not_done:
    case Outcome::unknown: return "error";
  }
  unreachable();
}

double number(bool value) { return value ? 1 : 0; }

/// Seconds since 1970.
double number(WallTime when) {
  return static_cast<double>(std::chrono::floor<std::chrono::seconds>(when.time_since_epoch()).count());
}

}  // namespace

std::string_view name(Answered answered) {
  switch (answered) {
    case Answered::forwarded: return "forwarded";
    case Answered::accepted: return "accepted";
    case Answered::declined: return "declined";
    case Answered::recalled: return "recalled";
    case Answered::unavailable: return "unavailable";
    case Answered::rejected: return "rejected";
    case Answered::cached: return "cached";
    case Answered::fallback: return "fallback";
    case Answered::redirected: return "redirected";
  }
  unreachable();
}

struct Metrics::State : MetricFamilies {
  std::mutex dropped_mutex;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(std::string_view route, Answered how, int status, Duration took) {
  const auto mine = state_->tallies.mine();
  state_->requests.add(mine, {route, name(how), status_class(status)});
  state_->request_seconds.add(mine, {route, name(how)}, seconds(took));
}

void Metrics::received(std::string_view route, Duration took) {
  state_->request_receive_seconds.add(state_->tallies.mine(), {route}, seconds(took));
}

void Metrics::forwarded(std::string_view route, Outcome outcome, Duration took) {
  const auto mine = state_->tallies.mine();
  state_->forwards.add(mine, {route, kind(outcome), name(outcome)});
  state_->forward_seconds.add(mine, {route, kind(outcome)}, seconds(took));
}

void Metrics::stood_in(std::string_view route, Cause cause, bool accepted) {
  state_->stand_ins.add(state_->tallies.mine(), {route, name(cause), accepted ? "accepted" : "declined"});
}

void Metrics::stand_in_resolved(std::string_view route, Cause cause, bool upstream_had_done_it) {
  state_->stand_ins_resolved.add(state_->tallies.mine(), {route, name(cause), upstream_had_done_it ? "yes" : "no"});
}

void Metrics::facts_unreadable(std::string_view route, std::string_view fact, bool standing_in) {
  state_->facts_unreadable.add(state_->tallies.mine(), {route, fact, standing_in ? "stand_in" : "healthy"});
}

void Metrics::template_compared(std::string_view route, bool drifted) {
  state_->templates_compared.add(state_->tallies.mine(), {route, drifted ? "drifted" : "same"});
}

void Metrics::client_went_away(std::string_view route, bool after_commit) {
  state_->clients_gone.add(state_->tallies.mine(), {route, after_commit ? "after_commit" : "before_commit"});
}

void Metrics::stream_cut(std::string_view route, std::string_view by) {
  state_->streams_cut.add(state_->tallies.mine(), {route, by});
}

void Metrics::cache_answered(std::string_view route, std::string_view how) {
  state_->cache_requests.add(state_->tallies.mine(), {route, how});
}

void Metrics::cache_holds(std::string_view route, std::size_t bytes, std::size_t answers, std::size_t evicted) {
  state_->cache_bytes.of({route}).Set(static_cast<double>(bytes));
  state_->cache_answers.of({route}).Set(static_cast<double>(answers));
  if (evicted > 0) state_->cache_evictions.add(state_->tallies.mine(), {route}, static_cast<double>(evicted));
}

void Metrics::late_answer(std::string_view route, Outcome outcome) {
  state_->late_answers.add(state_->tallies.mine(), {route, name(outcome)});
}

void Metrics::replay_attempt(std::string_view route, Outcome outcome) {
  state_->replay_attempts.add(state_->tallies.mine(), {route, kind(outcome), name(outcome)});
}

void Metrics::replay_paused(std::string_view route, bool paused) {
  state_->replay_paused.of({route}).Set(number(paused));
}

void Metrics::journal_commit(Duration took, std::size_t orders) {
  const auto mine = state_->tallies.mine();
  state_->journal_commit_seconds.add(mine, {}, seconds(took));
  state_->journal_committed_orders.add(mine, {}, static_cast<double>(orders));
}

void Metrics::journal_promising(bool promising) { state_->journal_promising.of({}).Set(number(promising)); }

void Metrics::pass_through(bool on) { state_->pass_through.of({}).Set(number(on)); }

void Metrics::journal_queue(std::size_t queued) {
  state_->journal_queued_orders.of({}).Set(static_cast<double>(queued));
}

void Metrics::exposure(const Money& now, const Money& peak) {
  state_->exposure_minor.of({now.currency.code()}).Set(static_cast<double>(now.minor));
  state_->exposure_peak_minor.of({peak.currency.code()}).Set(static_cast<double>(peak.minor));
}

void Metrics::orders_in_state(std::string_view order_state, std::size_t count) {
  state_->orders.of({order_state}).Set(static_cast<double>(count));
}

void Metrics::follow_ups_open(std::size_t count) { state_->follow_ups_open.of({}).Set(static_cast<double>(count)); }

void Metrics::target_sent(std::string_view upstream, std::string_view target, std::string_view end, Duration took) {
  const auto mine = state_->tallies.mine();
  state_->target_requests.add(mine, {upstream, target, end});
  state_->target_seconds.add(mine, {upstream, target, end}, seconds(took));
}

void Metrics::target_connected(std::string_view upstream, std::string_view target, Duration took) {
  state_->target_connect_seconds.add(state_->tallies.mine(), {upstream, target}, seconds(took));
}

void Metrics::target_first_byte(std::string_view upstream, std::string_view target, Duration took) {
  state_->target_first_byte_seconds.add(state_->tallies.mine(), {upstream, target}, seconds(took));
}

void Metrics::target_in_flight(std::string_view upstream, std::string_view target, std::size_t count) {
  state_->target_in_flight.of({upstream, target}).Set(static_cast<double>(count));
}

void Metrics::breaker_state(std::string_view upstream, std::string_view target, std::string_view now) {
  for (const std::string_view state : {"closed", "open", "half-open"}) {
    state_->breaker_state.of({upstream, target, state}).Set(number(state == now));
  }
}

void Metrics::target_healthy(std::string_view upstream, std::string_view target, bool healthy) {
  state_->target_healthy.of({upstream, target}).Set(number(healthy));
}

void Metrics::target_location(std::string_view upstream, std::string_view target, std::string_view before,
                              std::string_view now) {
  if (!before.empty()) state_->target_info.remove({upstream, target, before});
  state_->target_info.of({upstream, target, now}).Set(1);
}

void Metrics::scoreboard_errors(std::string_view upstream, std::string_view target, std::size_t count) {
  state_->scoreboard_errors.of({upstream, target}).Set(static_cast<double>(count));
}

void Metrics::breaker_keys_open(std::string_view upstream, std::string_view target, std::size_t count) {
  state_->breaker_keys_open.of({upstream, target}).Set(static_cast<double>(count));
}

void Metrics::retried(std::string_view upstream, std::string_view after) {
  state_->retries.add(state_->tallies.mine(), {upstream, after});
}

void Metrics::retry_refused(std::string_view upstream) {
  state_->retries_refused.add(state_->tallies.mine(), {upstream});
}

void Metrics::switches_cut(std::string_view upstream, std::size_t count) {
  state_->switches_cut.of({upstream}).Set(static_cast<double>(count));
}

void Metrics::switches_gone(std::string_view upstream) { state_->switches_cut.remove({upstream}); }

void Metrics::connections(std::size_t open, std::size_t in_flight) {
  state_->connections_open.of({}).Set(static_cast<double>(open));
  state_->requests_in_flight.of({}).Set(static_cast<double>(in_flight));
}

void Metrics::turned_away(std::string_view why) { state_->turned_away.add(state_->tallies.mine(), {why}); }

void Metrics::origin_ignored() { state_->origins_ignored.add(state_->tallies.mine(), {}); }

void Metrics::upstream_certificate_expires(std::string_view upstream, std::string_view target, WallTime when) {
  state_->upstream_certificate_expiry.of({upstream, target}).Set(number(when));
}

void Metrics::target_gone(std::string_view upstream, std::string_view target) {
  const LabelValues<2> gone{upstream, target};
  State& all = *state_;
  const auto remove_from_tallied = [&](auto&... families) { (families.remove_all(all.tallies, gone), ...); };
  remove_from_tallied(all.target_requests, all.target_seconds, all.target_connect_seconds,
                      all.target_first_byte_seconds);
  const auto remove_from = [&gone](auto&... families) { (families.remove_all(gone), ...); };
  remove_from(all.upstream_certificate_expiry, all.target_in_flight, all.target_healthy, all.target_info,
              all.scoreboard_errors, all.breaker_state, all.breaker_keys_open);
}

void Metrics::certificate_expires(std::string_view listener, std::string_view file, WallTime when) {
  state_->certificate_expiry.of({listener, file}).Set(number(when));
}

void Metrics::certificate_gone(std::string_view listener, std::string_view file) {
  state_->certificate_expiry.remove({listener, file});
}

void Metrics::log_lines_dropped(std::size_t count) {
  const std::lock_guard lock(state_->dropped_mutex);
  auto& counter = state_->log_lines_dropped.of({});
  const double more = static_cast<double>(count) - counter.Value();
  if (more > 0) counter.Increment(more);
}

std::string Metrics::expose() const {
  state_->hand_over();
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace standin
