#include "upstream/party.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/planted.h"
#include "net/body.h"
#include "upstream/balance.h"

namespace standin {

struct Party::Shared {
  UpstreamConfig config;
  Clock& clock;
  Transport& transport;
  Executor executor;
  std::shared_ptr<Places> places;
  std::shared_ptr<const Switches> switches;
  std::shared_ptr<PartyClocks> clocks;
  mutable Lots lots;                                  ///< of the Party's loop alone
  std::vector<std::shared_ptr<TargetState>> targets;  ///< one per config.targets, and so are these:
  std::vector<Result<Endpoint>> endpoints;
};

namespace {

using Shared = std::shared_ptr<const Party::Shared>;

/// What one delivery is about. Who began it holds the request.
struct Errand {
  Shared party;
  std::shared_ptr<Delivery> delivery;
  const Request& request;
  Judge judge;
  Deadlines deadlines;
  Sending sending;

  Instant now() const { return party->clock.now(); }
};

/// One try at one target. Stays where it is: its alarm, and whoever sends, refer to it.
struct Attempt {
  const Errand& errand;
  const std::shared_ptr<TargetState>& target;
  TargetBreakers::Clearance clearance;
  bool sent = false;
  WallTime sent_at{};
  bool first_to_send = false;  ///< nothing of the delivery had been sent before
  bool recorded = false;

  /// The breaker hears of an exchange once: of its end or of its lateness, whichever comes first.
  void record(Breaker::End end, Instant now) {
    if (std::exchange(recorded, true)) return;
    target->record(clearance, end, now);
  }
  void withdraw() {
    if (!std::exchange(recorded, true)) target->withdraw(clearance);
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
    case Purpose::alone:
    case Purpose::replay: return true;
  }
  unreachable();
}

/// When the breaker no longer waits for this exchange: a probe has a time of its own.
Instant verdict_by(const Errand& errand, const TargetBreakers::Clearance& clearance) {
  if (!clearance.is_probe()) return errand.deadlines.answer_by;
  return std::min(errand.deadlines.answer_by, clearance.given() + errand.party->config.breaker.probe_timeout);
}

ExchangeTimes times_of(const Errand& errand, ExchangeFindings& findings) {
  const TimeoutsConfig& timeouts = errand.party->config.timeouts;
  return {.connect = timeouts.connect,
          .write = timeouts.write,
          .send_before = errand.deadlines.answer_by,
          .listen_until = errand.deadlines.listen_until,
          .findings = &findings};
}

void note_connecting(Delivery& delivery, const std::string& url) {
  delivery.target = url;
  if (!delivery.may_have_sent) delivery.cause_so_far = Cause::refused;
}

void note_sending(Attempt& attempt) {
  Delivery& delivery = *attempt.errand.delivery;
  attempt.sent = true;
  attempt.sent_at = attempt.errand.party->clock.wall();
  if (!std::exchange(delivery.may_have_sent, true)) {
    attempt.first_to_send = true;
    delivery.sent_at = attempt.sent_at;
  }
  delivery.cause_so_far = Cause::timed_out_in_service;
}

/// The transport is certain that nothing of this try left; what an earlier one sent stays sent.
void note_nothing_sent(Delivery& delivery, const Attempt& attempt) {
  if (!attempt.first_to_send) return;
  delivery.may_have_sent = false;
  delivery.sent_at = {};
}

/// While its client is still sending, the time that passes is not the target's.
bool sends_body_of(const Errand& errand) { return errand.request.rest && errand.request.upgrade.empty(); }

/// Where the exchange goes on after its verdict is due; else its end is early enough.
std::unique_ptr<Alarm> verdict_alarm(Attempt& attempt) {
  const Errand& errand = attempt.errand;
  const Instant verdict = verdict_by(errand, attempt.clearance);
  if (verdict >= errand.deadlines.listen_until || sends_body_of(errand)) return nullptr;
  return errand.party->clock.at(verdict, [&attempt] { attempt.record_lateness(attempt.errand.now()); });
}

/// `attempt` and `times` outlive it.
Task<Result<Response>> exchange(Attempt& attempt, const Endpoint& endpoint, const ExchangeTimes& times) {
  const Errand& errand = attempt.errand;
  const auto sending = [&attempt] { note_sending(attempt); };
  return errand.party->transport.exchange(endpoint, errand.request, times, sending, errand.sending.streamed_to);
}

struct Tried {
  Forwarded forwarded;
  bool sent = false;
  bool of_this_alone = false;  ///< as Judged has it
};

/// Only the party's own word tells its clock: what stands before it may have another. Where nothing is ever looked for,
/// nobody asks.
void hear_clock(const Party::Shared& party, const Attempt& attempt, const Response& response) {
  if (attempt.errand.sending.purpose == Purpose::alone) return;
  const auto lead = lead_of(response.headers.find("Date").value_or(""), attempt.sent_at, party.clock.wall());
  if (lead) party.clocks->heard(party.config.name, attempt.target->url(), *lead);
}

/// What an answer came to.
Tried answered(Attempt& attempt, Response&& response) {
  const Errand& errand = attempt.errand;
  const Judged judged = errand.judge(response);
  attempt.record(end_of(judged.outcome), errand.now());
  if (attempt.sent && judged.outcome != Outcome::unknown) hear_clock(*errand.party, attempt, response);
  return {.forwarded = {.outcome = judged.outcome, .cause = judged.cause, .response = std::move(response)},
          .sent = true,
          .of_this_alone = judged.of_this_alone};
}

/// What an exchange without an answer that can be read came to.
Forwarded unanswered(Attempt& attempt, const Error& error) {
  const Errand& errand = attempt.errand;
  std::string why = fmt::format("{}: {}", attempt.target->url(), error.what);
  switch (error.sent) {
    case Sent::nothing:
      attempt.record(Breaker::End::not_sent, errand.now());
      note_nothing_sent(*errand.delivery, attempt);
      return nothing_sent(Cause::refused, std::move(why));
    case Sent::maybe:
    case Sent::answered:
      const Cause cause = cause_of_silence(error, errand.now(), errand.deadlines.answer_by);
      const bool client_broke_off = sends_body_of(errand) && errand.request.rest->failure();
      client_broke_off ? attempt.withdraw() : attempt.record(end_of(cause), errand.now());
      if (planted(Bug::silence_is_not_done)) return nothing_sent(cause, std::move(why));
      return {.outcome = Outcome::unknown, .cause = cause, .error = std::move(why)};
  }
  unreachable();
}

/// A target, and its leave to be sent to.
struct Choice {
  std::size_t index;
  TargetBreakers::Clearance clearance;
};

/// `body`, with a place that is given back when it goes.
template <class Counted>
std::shared_ptr<BodySource> with_place(std::shared_ptr<BodySource> body, Held<Counted> place) {
  struct Both {
    Held<Counted> place;
    std::shared_ptr<BodySource> body;
  };
  BodySource* const source = body.get();
  return {std::make_shared<Both>(Both{std::move(place), std::move(body)}), source};
}

/// What is still to come of an answer is in flight until it has come.
template <class Counted>
void keep_place(std::optional<Response>& response, Held<Counted> place) {
  if (response && response->rest) response->rest = with_place(std::move(response->rest), std::move(place));
}

/// The best target not tried yet that lets the request through; those looked at are marked as tried.
std::optional<Choice> next_target(const Errand& errand, std::vector<bool>& tried) {
  const Party::Shared& party = *errand.party;
  while (const auto index = choose(party.targets, tried, party.config.balance, errand.now(), party.lots)) {
    tried[*index] = true;
    auto clearance =
        party.targets[*index]->admit(errand.now(), may_probe(errand.sending.purpose), errand.sending.breaker_key);
    if (clearance.admitted()) return Choice{*index, std::move(clearance)};
  }
  return std::nullopt;
}

Task<Tried> try_target(const Errand& errand, Choice choice) {
  const auto& target = errand.party->targets[choice.index];
  Attempt attempt{.errand = errand, .target = target, .clearance = std::move(choice.clearance)};
  target->enter();
  Held<TargetState> place(target);
  note_connecting(*errand.delivery, target->url());
  const auto& endpoint = errand.party->endpoints[choice.index];
  if (!endpoint) co_return Tried{.forwarded = unanswered(attempt, endpoint.error())};
  ExchangeFindings findings;
  const ExchangeTimes times = times_of(errand, findings);
  std::unique_ptr<Alarm> alarm = verdict_alarm(attempt);
  Result<Response> result = co_await exchange(attempt, *endpoint, times);
  alarm.reset();
  // Before what it came to: an answer that began and then hung is late all the same.
  if (!sends_body_of(errand) && errand.now() >= verdict_by(errand, attempt.clearance)) {
    attempt.record_lateness(errand.now());
  }
  const bool lost = !result && result.error().sent == Sent::maybe && errand.now() < errand.deadlines.answer_by;
  if (planted(Bug::sent_again_after_a_loss) && lost) result = co_await exchange(attempt, *endpoint, times);
  target->found(findings);
  const bool sent = result || result.error().sent != Sent::nothing;
  if (sent && !attempt.sent) note_sending(attempt);
  if (result) {
    Tried tried = answered(attempt, std::move(*result));
    keep_place(tried.forwarded.response, std::move(place));
    co_return tried;
  }
  co_return Tried{.forwarded = unanswered(attempt, result.error()), .sent = sent};
}

/// What the attempts so far came to together.
struct Progress {
  Forwarded so_far = nothing_sent(Cause::breaker, "no target's breaker lets it through");
  std::string_view last;  ///< attempt: "" for none, "not_sent", "not_done" or "unknown"
  bool sent = false;
  bool in_doubt = false;  ///< one is unknown, and none since was definite

  /// An answer that nothing happened speaks for its own attempt alone, and so may a no: neither clears an earlier
  /// doubt.
  void add(Tried&& tried) {
    const Outcome outcome = tried.forwarded.outcome;
    const bool definite = is_definite(outcome) && !(in_doubt && tried.of_this_alone);
    const bool unknown = outcome == Outcome::unknown;
    if (definite || unknown || (!in_doubt && (tried.sent || !sent))) so_far = std::move(tried.forwarded);
    in_doubt = !definite && (in_doubt || unknown);
    sent = sent || tried.sent;
    last = tried.sent ? name(outcome) : "not_sent";
  }
};

/// Whether what the attempts came to allows another.
bool may_go_on(const Errand& errand, const Progress& progress) {
  if (is_definite(progress.so_far.outcome)) return false;
  return !progress.in_doubt || errand.sending.repeat_is_recognised;
}

bool is_cut_off(const Errand& errand) {
  const Party::Shared& party = *errand.party;
  return party.switches->stops(party.config.name, errand.sending.breaker_key, party.clock.wall());
}

/// Why it is not even tried.
std::optional<Forwarded> refused(const Errand& errand) {
  const Party::Shared& party = *errand.party;
  if (errand.now() >= errand.deadlines.answer_by)
    return nothing_sent(Cause::timed_out_in_queue, "the time to answer had passed before it could be sent");
  if (is_cut_off(errand)) return nothing_sent(Cause::breaker, "cut off by an operator");
  if (!party.places->enter(party.config.concurrency))
    return nothing_sent(Cause::timed_out_in_queue,
                        fmt::format("{} requests are in flight already", party.config.concurrency));
  return std::nullopt;
}

/// Tries the targets in turn. An attempt is followed by another only when it has ended: one that is merely slow keeps
/// its time, and is listened to.
Task<Forwarded> forward(Errand errand) {
  if (auto refusal = refused(errand)) co_return std::move(*refusal);
  const Party::Shared& party = *errand.party;
  Held<Places> place(party.places);
  Progress progress;
  std::vector<bool> tried(party.targets.size());
  while (may_go_on(errand, progress) && errand.now() < errand.deadlines.answer_by) {
    if (std::ranges::find(tried, false) == tried.end() || is_cut_off(errand)) break;
    const HeldRetry retry(progress.sent, party.places);
    if (retry.refused()) break;
    auto choice = next_target(errand, tried);
    if (!choice) break;
    if (!progress.last.empty()) party.places->count_retry(progress.last);
    Tried one = co_await try_target(errand, std::move(*choice));
    progress.add(std::move(one));
    errand.delivery->cause_so_far = progress.so_far.cause;
  }
  keep_place(progress.so_far.response, std::move(place));
  co_return std::move(progress.so_far);
}

Task<> run(Shared party, std::shared_ptr<Delivery> delivery, Request request, Judge judge, Deadlines deadlines,
           Sending sending) {
  Errand errand{std::move(party), delivery, request, std::move(judge), deadlines, std::move(sending)};
  Forwarded forwarded = co_await forward(std::move(errand));
  delivery->cause_so_far = forwarded.cause;
  delivery->result.set(std::move(forwarded));
}

}  // namespace

Party::Party(const UpstreamConfig& config, Clock& clock, Random& random, Transport& transport, TargetStates& states,
             Executor executor) {
  const auto shared = std::make_shared<Shared>(config, clock, transport, executor, states.places(config.name),
                                               states.switches(), states.clocks(), Lots(random));
  for (const std::string& url : config.targets) {
    shared->targets.push_back(states.of(config, url));
    shared->endpoints.push_back(Endpoint::parse(url));
  }
  shared_ = shared;
}

Party::~Party() = default;

std::shared_ptr<Delivery> Party::start(Request request, Judge judge, Deadlines deadlines, Sending sending) {
  auto delivery = std::make_shared<Delivery>();
  spawn(shared_->executor, run(shared_, delivery, std::move(request), std::move(judge), deadlines, std::move(sending)));
  return delivery;
}

Task<Forwarded> Party::deliver(const Request& request, Judge judge, Deadlines deadlines, Sending sending) {
  Errand errand{shared_, std::make_shared<Delivery>(), request, std::move(judge), deadlines, std::move(sending)};
  return forward(std::move(errand));
}

bool Party::lets_through(const std::string& breaker_key) const {
  const Shared& party = *shared_;
  if (party.switches->stops(party.config.name, breaker_key, party.clock.wall())) return false;
  return std::ranges::any_of(party.targets,
                             [&](const auto& target) { return target->lets_through(party.clock.now(), breaker_key); });
}

std::optional<Lead> Party::lead() const { return shared_->clocks->lead(shared_->config.name); }

const UpstreamConfig& Party::config() const { return shared_->config; }

}  // namespace standin
