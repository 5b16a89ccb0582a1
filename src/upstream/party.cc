#include "upstream/party.h"

#include <fmt/format.h>

#include <algorithm>

#include "upstream/balance.h"

namespace standin {

struct Party::Shared {
  UpstreamConfig config;
  Clock& clock;
  Random& random;
  Transport& transport;
  Executor executor;
  std::shared_ptr<Places> places;
  std::vector<std::shared_ptr<TargetState>> targets;  ///< one per config.targets, and so are these:
  std::vector<Result<Endpoint>> endpoints;
};

namespace {

using Shared = std::shared_ptr<const Party::Shared>;

/// What one delivery is about.
struct Errand {
  Shared party;
  std::shared_ptr<Delivery> delivery;
  Request request;
  Judge judge;
  Deadlines deadlines;
  Purpose purpose;

  Instant now() const { return party->clock.now(); }
};

/// A place among those in flight, given back when the exchange has really ended, or its event loop died.
template <class Counted>
class Held {
 public:
  explicit Held(std::shared_ptr<Counted> counted) : counted_(std::move(counted)) {}
  ~Held() { counted_->leave(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::shared_ptr<Counted> counted_;
};

/// One try at one target.
struct Attempt {
  std::size_t index;
  std::shared_ptr<TargetState> target;
  Breaker::Permit permit;
  bool sent = false;
  bool recorded = false;

  /// The breaker hears of an exchange once: of its end or of its lateness, whichever comes first.
  void record(Breaker::End end, Instant now) {
    if (std::exchange(recorded, true)) return;
    target->record(permit, end, now);
  }
  void record_lateness(Instant now) { record(sent ? Breaker::End::timed_out : Breaker::End::not_sent, now); }
};

Forwarded nothing_sent(Cause cause, std::string why) {
  return {.outcome = Outcome::not_done, .cause = cause, .error = std::move(why)};
}

/// A connection lost before the answer was due is an answer that cannot be read; after that it no longer matters how
/// the silence ended.
Cause cause_of_silence(const Error& error, Instant now, Instant answer_by) {
  return error.sent == Sent::maybe && now >= answer_by ? Cause::timed_out_in_service : Cause::untrustworthy;
}

Breaker::End end_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::approved:
    case Outcome::declined: return Breaker::End::good;
    case Outcome::not_done:
    case Outcome::unknown: return Breaker::End::error;
  }
  unreachable();
}

Breaker::End end_of(Cause cause) {
  return cause == Cause::timed_out_in_service ? Breaker::End::timed_out : Breaker::End::error;
}

bool may_probe(Purpose purpose) {
  switch (purpose) {
    case Purpose::plain: return false;
    case Purpose::covered:
    case Purpose::replay: return true;
  }
  unreachable();
}

/// When the breaker no longer waits for this exchange: a probe has a time of its own.
Instant verdict_by(const Errand& errand, const Breaker::Permit& permit) {
  if (permit.kind != Breaker::Permit::Kind::probe) return errand.deadlines.answer_by;
  return std::min(errand.deadlines.answer_by, permit.given + errand.party->config.breaker.probe_timeout);
}

ExchangeTimes times_of(const Errand& errand) {
  const TimeoutsConfig& timeouts = errand.party->config.timeouts;
  return {.connect = timeouts.connect,
          .write = timeouts.write,
          .send_before = errand.deadlines.answer_by,
          .listen_until = errand.deadlines.listen_until};
}

void note_connecting(Delivery& delivery, const std::string& url) {
  delivery.target = url;
  delivery.cause_so_far = Cause::refused;
}

void note_sending(Delivery& delivery, WallTime wall) {
  if (!std::exchange(delivery.may_have_sent, true)) delivery.sent_at = wall;
  delivery.cause_so_far = Cause::timed_out_in_service;
}

/// The transport is certain that nothing of this try left; nor did anything of an earlier one, or there would be no
/// other.
void note_nothing_sent(Delivery& delivery) {
  delivery.may_have_sent = false;
  delivery.sent_at = {};
  delivery.cause_so_far = Cause::refused;
}

Task<Result<Response>> exchange(const Errand& errand, std::shared_ptr<Attempt> attempt) {
  const auto& endpoint = errand.party->endpoints[attempt->index];
  if (!endpoint) co_return std::unexpected(endpoint.error());
  Clock& clock = errand.party->clock;
  std::function<void()> sending = [attempt, delivery = errand.delivery, &clock] {
    attempt->sent = true;
    note_sending(*delivery, clock.wall());
  };
  const auto too_late =
      clock.at(verdict_by(errand, attempt->permit), [attempt, &clock] { attempt->record_lateness(clock.now()); });
  co_return co_await errand.party->transport.exchange(*endpoint, errand.request, times_of(errand), sending);
}

/// What an answer came to.
Forwarded answered(const Errand& errand, Attempt& attempt, Response response) {
  const Judged judged = errand.judge(response);
  attempt.record(end_of(judged.outcome), errand.now());
  return {.outcome = judged.outcome, .cause = judged.cause, .response = std::move(response)};
}

/// What an exchange without an answer that can be read came to.
Forwarded unanswered(const Errand& errand, Attempt& attempt, const Error& error) {
  std::string why = fmt::format("{}: {}", attempt.target->url(), error.what);
  switch (error.sent) {
    case Sent::nothing:
      attempt.record(Breaker::End::not_sent, errand.now());
      note_nothing_sent(*errand.delivery);
      return nothing_sent(Cause::refused, std::move(why));
    case Sent::maybe:
    case Sent::answered:
      const Cause cause = cause_of_silence(error, errand.now(), errand.deadlines.answer_by);
      attempt.record(end_of(cause), errand.now());
      return {.outcome = Outcome::unknown, .cause = cause, .error = std::move(why)};
  }
  unreachable();
}

struct Tried {
  Forwarded forwarded;
  bool sent = false;
};

Task<Tried> try_target(const Errand& errand, std::size_t index, Breaker::Permit permit) {
  const auto& target = errand.party->targets[index];
  const auto attempt = std::make_shared<Attempt>(index, target, permit);
  target->enter();
  const Held<TargetState> place(target);
  note_connecting(*errand.delivery, target->url());
  auto result = co_await exchange(errand, attempt);
  const bool sent = result || result.error().sent != Sent::nothing;
  if (sent && !attempt->sent) note_sending(*errand.delivery, errand.party->clock.wall());
  co_return Tried{
      result ? answered(errand, *attempt, std::move(*result)) : unanswered(errand, *attempt, result.error()), sent};
}

/// Tries the targets in turn. Once something was sent to one, no other is tried: it may have happened.
Task<Forwarded> try_targets(const Errand& errand) {
  const Party::Shared& party = *errand.party;
  Forwarded last = nothing_sent(Cause::breaker, "no target's breaker lets it through");
  for (const std::size_t index : preference(party.targets, party.config.balance, party.random)) {
    if (errand.now() >= errand.deadlines.answer_by) break;
    const Breaker::Permit permit = party.targets[index]->admit(errand.now(), may_probe(errand.purpose));
    if (!permit.admitted()) continue;
    Tried tried = co_await try_target(errand, index, permit);
    last = std::move(tried.forwarded);
    if (tried.sent) break;
  }
  co_return last;
}

Task<Forwarded> forward(const Errand& errand) {
  const Party::Shared& party = *errand.party;
  if (errand.now() >= errand.deadlines.answer_by)
    co_return nothing_sent(Cause::timed_out_in_queue, "the time to answer had passed before it could be sent");
  if (!party.places->enter(party.config.concurrency))
    co_return nothing_sent(Cause::timed_out_in_queue,
                           fmt::format("{} requests are in flight already", party.config.concurrency));
  const Held<Places> place(party.places);
  co_return co_await try_targets(errand);
}

Task<> run(Errand errand) {
  Forwarded forwarded = co_await forward(errand);
  errand.delivery->cause_so_far = forwarded.cause;
  errand.delivery->result.set(std::move(forwarded));
}

}  // namespace

Party::Party(const UpstreamConfig& config, Clock& clock, Random& random, Transport& transport, TargetStates& states,
             Executor executor) {
  const auto shared = std::make_shared<Shared>(config, clock, random, transport, executor, states.places(config.name));
  for (const std::string& url : config.targets) {
    shared->targets.push_back(states.of(config, url));
    shared->endpoints.push_back(Endpoint::parse(url));
  }
  shared_ = shared;
}

Party::~Party() = default;

std::shared_ptr<Delivery> Party::start(Request request, Judge judge, Deadlines deadlines, Purpose purpose) {
  auto delivery = std::make_shared<Delivery>();
  spawn(shared_->executor, run({shared_, delivery, std::move(request), std::move(judge), deadlines, purpose}));
  return delivery;
}

Task<Forwarded> Party::deliver(Request request, Judge judge, Deadlines deadlines, Purpose purpose) {
  const auto delivery = start(std::move(request), std::move(judge), deadlines, purpose);
  co_return co_await delivery->result.wait();
}

const UpstreamConfig& Party::config() const { return shared_->config; }

}  // namespace standin
