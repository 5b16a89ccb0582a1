#include "upstream/breaker.h"

#include <algorithm>

#include "base/result.h"

namespace standin {

Breaker::Permit Breaker::admit(Instant now, bool covered) {
  advance(now);
  switch (state_) {
    case State::closed: return {Permit::Kind::normal, period_, now};
    case State::open: return {};
    case State::half_open:
      if (probing_ || !(covered || anyone_may_probe_)) return {};
      probing_ = true;
      return {Permit::Kind::probe, ++period_, now};
  }
  unreachable();
}

void Breaker::record(const Permit& permit, End end, Instant now) {
  advance(now);
  if (!permit.admitted() || permit.period != period_) return;
  switch (state_) {
    case State::closed: return record_closed(end, now);
    case State::open: return ensure(false, "no permit is given while a breaker is open");
    case State::half_open: return record_probe(end, now);
  }
  unreachable();
}

void Breaker::withdraw(const Permit& permit) {
  if (permit.kind == Permit::Kind::probe && permit.period == period_) probing_ = false;
}

void Breaker::healthy(Instant now) {
  advance(now);
  if (state_ == State::open) enter(State::half_open, now);
}

void Breaker::reconfigure(const BreakerConfig& config) {
  if (config.window != config_.window) window_ = ErrorWindow(config.window);
  config_ = config;
}

Breaker::State Breaker::state(Instant now) const {
  Breaker then = *this;
  then.advance(now);
  return then.state_;
}

bool Breaker::lets_through(Instant now) const {
  if (state_ == State::closed) return true;
  Breaker then = *this;
  return then.admit(now, true).admitted();
}

/// The changes that time alone brings. They are dated to when they were due, so that it does not matter who asks when.
void Breaker::advance(Instant now) {
  if (state_ == State::half_open && now - since_ >= config_.half_open_max) {
    anyone_may_probe_ = true;
    enter(State::open, since_ + config_.half_open_max);
  }
  if (state_ != State::open) return;
  const Duration cycle = std::max(config_.open_for + config_.half_open_max, Duration(1));
  if (const auto cycles = (now - since_) / cycle; cycles > 0) {
    anyone_may_probe_ = true;
    since_ += cycles * cycle;
  }
  if (now - since_ >= config_.open_for) enter(State::half_open, since_ + config_.open_for);
}

void Breaker::enter(State state, Instant since) {
  state_ = state;
  since_ = since;
  ++period_;
  probing_ = false;
  good_probes_ = 0;
  unanswered_in_a_row_ = 0;
  if (state != State::closed) return;
  anyone_may_probe_ = false;
  window_.clear();
}

void Breaker::record_closed(End end, Instant now) {
  window_.add(now, end != End::good);
  switch (end) {
    case End::good: unanswered_in_a_row_ = 0; return;
    case End::timed_out:
    case End::not_sent: ++unanswered_in_a_row_; break;
    case End::error: break;
  }
  if (unanswered_in_a_row_ >= std::max(config_.consecutive, 1u) ||
      window_.reaches(now, config_.minimum, config_.error_rate))
    enter(State::open, now);
}

void Breaker::record_probe(End end, Instant now) {
  if (end != End::good) return enter(State::open, now);
  probing_ = false;
  since_ = now;
  ++period_;
  if (++good_probes_ >= config_.successes) enter(State::closed, now);
}

std::string_view name(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed: return "closed";
    case Breaker::State::open: return "open";
    case Breaker::State::half_open: return "half-open";
  }
  unreachable();
}

std::string_view name(Breaker::End end) {
  switch (end) {
    case Breaker::End::good: return "good";
    case Breaker::End::error: return "error";
    case Breaker::End::timed_out: return "timed_out";
    case Breaker::End::not_sent: return "not_sent";
  }
  unreachable();
}

}  // namespace standin
