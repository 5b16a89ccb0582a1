// The tour's third step: to which party a request goes, what is written down before it goes there, and what its answer
// means.
#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"
#include "journal/consequence.h"
#include "route/protected_route.h"
#include "telemetry/log.h"
#include "upstream/breaker_key.h"

namespace standin {
namespace {

/// `heard`: where the whole judgement is left.
Judge judge_of(std::shared_ptr<const Dialect> dialect, std::shared_ptr<Judgement> heard) {
  return [dialect = std::move(dialect), heard = std::move(heard)](const Response& response) {
    *heard = dialect->judge(response);
    const Judgement& judgement = *heard;
    return Judged{judgement.outcome, judgement.cause, judgement.said_of_order() != judgement.outcome};
  };
}

Forwarded not_sent(Cause cause) { return {.outcome = Outcome::not_done, .cause = cause}; }

bool never_forgets(const UpstreamConfig& party) { return party.duplicates_window == Duration::max(); }

bool recognises_repeats(const UpstreamConfig& party) {
  return party.duplicates == Duplicates::keyed || party.duplicates == Duplicates::folded;
}

}  // namespace

// --- written before it is sent ---

bool ProtectedRoute::is_written_first(const Visit& visit) const {
  const bool amends = visit.amends && !visit.voids;
  const bool is_kept = amends || (setup_.route.journalled && visit.is_charge());
  const bool asks = visit.mode != Mode::forced && visit.mode != Mode::fallback;
  return is_kept && asks && !planted(Bug::intent_not_written);
}

// Without the record only a party that honours keys may be sent it: there a retry cannot charge again.
Task<std::optional<Reply>> ProtectedRoute::write_down(VisitPtr visit, Claim& claim) {
  if (claim.order()) co_return co_await take_up(visit, *claim.order());
  const auto keeping = start_keeping(new_order(*visit, {}, {}, nullptr));
  const auto kept = co_await keeping->wait_until(loop_.clock, visit->answer_by);
  const Forwarded nothing = not_sent(Cause::timed_out_in_queue);
  if (!kept) {
    spawn(loop_.executor, written_too_late(shared_from_this(), visit, std::move(claim), keeping));
    co_return say_unavailable(*visit, nothing);
  }
  switch (*kept) {
    case Kept::kept: visit->written = Lease{visit->id, live_forward_token}; co_return std::nullopt;
    case Kept::over_cap:
    case Kept::not_kept:
      if (!visit->amends && setup_.parties.front().party->config().duplicates == Duplicates::keyed)
        co_return std::nullopt;
      co_return say_unavailable(*visit, nothing);
    case Kept::unknown: claim.leave_in_doubt(); co_return say_unavailable(*visit, nothing);
  }
  unreachable();
}

// A retry of what an earlier request wrote down, and nobody was told of: the same order, at the same party.
Task<std::optional<Reply>> ProtectedRoute::take_up(VisitPtr visit, Ulid order) {
  const auto rows = shared_.journal.orders({.id = order});
  if (!rows || rows->empty()) co_return say_unavailable(*visit, not_sent(Cause::timed_out_in_queue));
  const OrderRow& row = rows->front();
  const auto bound = std::ranges::find_if(
      setup_.parties, [&](const PartyLink& link) { return link.party->config().name == row.upstream; });
  if (bound == setup_.parties.end()) co_return say_unavailable(*visit, not_sent(Cause::timed_out_in_queue));
  const WallTime until = loop_.clock.wall() + std::chrono::ceil<std::chrono::milliseconds>(
                                                  visit->listen_until - loop_.clock.now() + limits::lease_margin);
  const Attempt attempt{.kind = "live", .target = bound->party->config().targets.front(), .started = visit->created};
  const auto lease = co_await shared_.journal.lease(order, "retry", until, attempt);
  if (!lease) co_return tell(*visit, Answered::rejected, refusal(*visit, Refusal::in_progress));
  visit->id = order;
  visit->reference = row.reference;
  const WallTime now = loop_.clock.wall();
  const auto age = age_of(row, now, bound->party->config().finder.has_value());
  visit->created = age ? now - std::chrono::ceil<std::chrono::milliseconds>(*age) : row.created;
  visit->repeat_is_recognised = visit->repeat_is_recognised && (age || never_forgets(bound->party->config()));
  visit->bound_to = static_cast<std::size_t>(bound - setup_.parties.begin());
  visit->party = *visit->bound_to;
  if (planted(Bug::another_party_on_retry)) visit->bound_to = setup_.parties.size() - 1;
  visit->written = *lease;
  visit->taken_up = true;
  co_return std::nullopt;
}

// The client was told "unavailable" before the record was known to be durable: nothing was sent.
Task<> ProtectedRoute::written_too_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim,
                                        Keeping keeping) {
  const Kept kept = co_await keeping->wait();
  if (kept == Kept::unknown) claim.leave_in_doubt();
  if (kept != Kept::kept) co_return;
  visit->written = Lease{visit->id, live_forward_token};
  co_await self->nobody_was_told(self, visit, std::move(claim), not_sent(Cause::timed_out_in_queue));
}

// --- forward ---

// The next party only when nothing was sent to the one before, and only with what both understand.
Task<Forwarded> ProtectedRoute::forward(VisitPtr visit) {
  if (visit->mode == Mode::forced) co_return not_sent(Cause::forced);
  // A router in front asked the party before it came to us.
  if (visit->mode == Mode::fallback) co_return Forwarded{.outcome = Outcome::unknown, .cause = Cause::fallback};
  Forwarded last = not_sent(Cause::refused);
  const std::size_t begin = visit->bound_to.value_or(0);
  const std::size_t end = may_move(*visit) ? setup_.parties.size() : begin + 1;
  for (std::size_t party = begin; party < end; ++party) {
    const UpstreamConfig& config = setup_.parties[party].party->config();
    if (visit->taken_up && !may_repeat(*visit, config)) break;
    auto request = outbound(*visit, party);
    if (!request) continue;
    const bool bound = co_await binds(visit, party);
    if (!bound) break;
    send(*visit, std::move(*request));
    last = co_await listen(visit);
    if (planted(Bug::unknown_to_another_party) && last.outcome == Outcome::unknown && !visit->unheard) continue;
    if (is_definite(last.outcome) || visit->unheard || visit->delivery->may_have_sent) break;
  }
  co_return understood(*visit, std::move(last));
}

/// Not while an earlier attempt may stand at the first party, nor without the record that says which party was asked.
bool ProtectedRoute::may_move(const Visit& visit) const {
  return visit.written && !visit.bound_to && !shared_.claims.doubted(visit.intent, loop_.clock.now());
}

/// What the party's answer says of the charge. A no to the caller's key, or to a repeat, does not undo what an earlier
/// request may have done, and one to our own key is no word about the card.
Forwarded ProtectedRoute::understood(const Visit& visit, Forwarded&& forwarded) const {
  const Judgement judgement = judged(visit, forwarded);
  const bool own_key = visit.party != 0;
  if (forwarded.outcome == Outcome::declined && (visit.taken_up || own_key)) {
    forwarded.outcome = judgement.said_of_order();
    forwarded.cause = Cause::server_error;
  }
  if (forwarded.outcome == Outcome::approved && visit.is_charge() && is_of_undone(visit, judgement)) {
    forwarded = {.outcome = Outcome::not_done,
                 .cause = Cause::untrustworthy,
                 .error = "folded into " + judgement.upstream_reference + ", which was undone"};
  }
  // What an earlier request may have done is not undone by this one's failing.
  if (visit.taken_up && !is_definite(forwarded.outcome)) forwarded.outcome = Outcome::unknown;
  return forwarded;
}

/// A party that recognises a repeat gives its first answer again, whatever became of that charge since.
bool ProtectedRoute::is_of_undone(const Visit& visit, const Judgement& judgement) const {
  if (!judgement.already_there || judgement.upstream_reference.empty()) return false;
  const auto holder = shared_.journal.holder(party_of(visit).party->config().name, judgement.upstream_reference);
  if (!holder || !*holder || **holder == visit.id) return false;
  const auto rows = shared_.journal.orders({.id = **holder});
  return rows && !rows->empty() && is_undone(rows->front().state);
}

// Who looks for the charge after a crash must ask the party that was sent it.
Task<bool> ProtectedRoute::binds(VisitPtr visit, std::size_t party) {
  const bool moves = visit->party != party;
  visit->party = party;
  if (!moves || !visit->written) co_return true;
  const auto rebound = co_await shared_.journal.rebind(*visit->written, setup_.parties[party].party->config().name);
  co_return rebound == Applied::applied;
}

void ProtectedRoute::send(Visit& visit, Request&& request) {
  const PartyLink& to = party_of(visit);
  const UpstreamConfig& config = to.party->config();
  const bool automatic = visit.mode == Mode::automatic && visit.is_charge();
  Sending sending{.purpose = automatic ? Purpose::covered : Purpose::plain,
                  .breaker_key = visit.facts ? breaker_key(config.breaker.key, *visit.facts) : std::string(),
                  .repeat_is_recognised = may_repeat(visit, config)};
  visit.delivery = to.party->start(std::move(request), judge_of(to.dialect, visit.heard),
                                   {visit.answer_by, visit.listen_until}, std::move(sending));
}

Task<Forwarded> ProtectedRoute::listen(VisitPtr visit) {
  auto ended = co_await visit->delivery->result.wait_until(loop_.clock, visit->answer_by);
  if (ended) co_return std::move(*ended);
  visit->unheard = true;
  const Delivery& running = *visit->delivery;
  co_return Forwarded{.outcome = running.may_have_sent ? Outcome::unknown : Outcome::not_done,
                      .cause = running.cause_so_far};
}

/// The party would take this request, sent again, for the same one.
bool ProtectedRoute::may_repeat(const Visit& visit, const UpstreamConfig& party) const {
  if (!visit.repeat_is_recognised || !recognises_repeats(party)) return false;
  return never_forgets(party) ||
         loop_.clock.wall() + std::chrono::ceil<std::chrono::milliseconds>(visit.deadline - loop_.clock.now()) <
             visit.created + std::chrono::floor<std::chrono::milliseconds>(party.duplicates_window);
}

/// The request as that party is to get it; nothing if it cannot be carried over to it.
std::optional<Request> ProtectedRoute::outbound(Visit& visit, std::size_t party) {
  const PartyLink& to = setup_.parties[party];
  const OutboundContext context{
      .key = visit.intent.key, .reference = visit.reference, .reverse_after = reverse_after(visit, *to.dialect)};
  std::optional<Request> request;
  if (party == 0) {
    request = to.dialect->outbound(visit.request, context);
  } else if (visit.amends) {
    request = to.dialect->write_amendment(visit.amends->what, to.credential, context);
  } else if (visit.is_charge()) {
    const auto charge = setup_.dialect->charge(visit.request);
    if (charge) request = to.dialect->write_charge(*charge, to.credential, context);
  }
  if (!request) return std::nullopt;
  request->headers.set("X-Request-Id", visit.request_id);
  request->headers.set("Standin-Key", visit.intent.key.text());
  return request;
}

// Decided before it is sent: would we accept, a slow approval is adopted; would we not, the party is to undo it. A
// repeat of what may stand, and whose yes its client may have, is undone by nobody.
std::optional<Duration> ProtectedRoute::reverse_after(Visit& visit, const Dialect& party) {
  if (!visit.is_charge() || visit.taken_up || !party.reverses_by_itself()) return std::nullopt;
  const Instant now = loop_.clock.now();
  const bool decides = visit.mode == Mode::automatic && (visit.counted || may_promise());
  if (decides && would_accept(visit)) return visit.listen_until - now;
  return visit.deadline - now - limits::reverse_before_deadline;
}

// --- a definite answer ---

/// Of a definite answer, which is the last one that was heard.
Judgement ProtectedRoute::judged(const Visit& visit, const Forwarded& forwarded) {
  Judgement judgement = forwarded.response ? *visit.heard : Judgement{};
  // A capture keeps the reference of its hold, which is the hold's.
  const bool is_its_charges = visit.amends && judgement.upstream_reference == visit.amends->what.upstream_reference;
  if (is_its_charges) judgement.upstream_reference.clear();
  return judgement;
}

/// The party's answer as the client understands it: its own, unless another party was asked in the first one's place.
Response ProtectedRoute::in_clients_words(const Visit& visit, const Forwarded& forwarded) const {
  if (visit.party == 0) return *forwarded.response;
  if (visit.amends) return amended(visit, forwarded.outcome);
  AnswerContext context = visit.context(loop_.clock.wall());
  const auto meant = party_of(visit).dialect->read_answer(*forwarded.response);
  if (meant) {
    if (auto answer = setup_.dialect->write_answer(*meant, context)) return std::move(*answer);
  }
  context.reference = judged(visit, forwarded).upstream_reference;
  return forwarded.outcome == Outcome::approved ? setup_.dialect->approve(context) : setup_.dialect->decline(context);
}

/// What was done elsewhere is answered as if it had been done by a yes of ours.
Response ProtectedRoute::amended(const Visit& visit, Outcome outcome) const {
  if (outcome == Outcome::declined) return refusal(visit, Refusal::refused);
  auto answer = own_.answer(visit, visit.amends->charge, loop_.clock.wall());
  return answer ? std::move(*answer) : setup_.dialect->approve(visit.context(loop_.clock.wall()));
}

AnswerPtr ProtectedRoute::answer_of(const Visit& visit, const Forwarded& forwarded) const {
  return std::make_shared<const Response>(in_clients_words(visit, forwarded));
}

// The party's own word is passed on whatever becomes of its record: without it, the finder brings the record up to
// date.
Task<Reply> ProtectedRoute::finish(VisitPtr visit, Claim& claim, const Forwarded& forwarded) {
  const AnswerPtr answer = answer_of(*visit, forwarded);
  if (visit->voids) {
    const auto noted = note_void_later(visit, forwarded);
    co_await noted->wait_until(loop_.clock, visit->deadline);
  }
  const bool gone = visit->client->gone();
  if (gone) shared_.metrics.client_went_away(setup_.route.name, false);
  std::optional<Kept> kept;
  if (visit->written) {
    const auto keeping = start_keeping(*visit, forwarded, *answer);
    kept = co_await keeping->wait_until(loop_.clock, visit->deadline);
  }
  co_return say_partys_word(visit, claim, forwarded, answer, gone, kept == Kept::kept);
}

Reply ProtectedRoute::say_partys_word(const VisitPtr& visit, Claim& claim, const Forwarded& forwarded,
                                      const AnswerPtr& answer, bool gone, bool recorded) {
  const Judgement judgement = judged(*visit, forwarded);
  const bool remembers = !recorded && is_last_word(visit->intent, judgement);
  const bool declined = forwarded.outcome == Outcome::declined;
  const std::uint64_t number =
      remembers ? shared_.claims.remember(
                      visit->intent, *answer,
                      {.declined = declined, .client_gone = gone, .ends_doubt = ends_doubt(*visit, forwarded.outcome)},
                      loop_.clock.now())
                : 0;
  // A no to the caller may come from something in between, after the party did it.
  const bool of_caller = forwarded.outcome == Outcome::declined && judgement.pause_replay;
  if (of_caller && !visit->written && visit->is_charge()) doubt(*visit);
  claim.finish(answer);
  if (visit->party == 0 && visit->is_charge()) {
    watch_.see(*setup_.dialect, *answer, visit->context(loop_.clock.wall()), visit->facts);
  }
  Reply reply = tell(*visit, Answered::forwarded, *answer, &forwarded);
  // Not the visit: it keeps the connection, which keeps this.
  reply.undelivered = [self = shared_from_this(), intent = visit->intent, answer, declined, number] {
    self->shared_.metrics.client_went_away(self->setup_.route.name, false);
    self->shared_.claims.not_received(intent, number, *answer, declined, self->loop_.clock.now());
  };
  return reply;
}

/// What was not done says nothing of an earlier attempt, and a party that takes a repeat for another charge declines
/// that one alone.
bool ProtectedRoute::ends_doubt(const Visit& visit, Outcome outcome) const {
  if (outcome != Outcome::declined) return outcome == Outcome::approved;
  return recognises_repeats(party_of(visit).party->config());
}

/// Worth giving again to the same key. Not a decline under a key made of facts, which ends its intent; nor an answer
/// about the caller's credentials, nor a no because the party has it. "You have it already" as a yes is one, but never
/// in place of the first.
bool ProtectedRoute::is_last_word(const Intent& intent, const Judgement& judgement) const {
  if (judgement.already_there && judgement.outcome != Outcome::approved) return false;
  if (judgement.already_there) return !shared_.claims.remembered(intent, loop_.clock.now()).answer;
  if (judgement.outcome == Outcome::approved) return true;
  return judgement.outcome == Outcome::declined && !judgement.pause_replay && intent.from_client;
}

}  // namespace standin
