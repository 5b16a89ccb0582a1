// The last step of the tour, and what happens to a request after its answer: the commit, the late answer, the client
// that went away.
#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"
#include "journal/consequence.h"
#include "route/protected_route.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// Counts work that outlives its answer, for a graceful stop to wait for.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::atomic<std::size_t>& count_;
};

WallTime wall_at(const Clock& clock, Instant when) {
  return clock.wall() + std::chrono::ceil<std::chrono::milliseconds>(when - clock.now());
}

/// When nothing of its intent is under way any more. `listening`: its own forward is.
WallTime free_at(const Visit& visit, const Clock& clock, bool listening) {
  const Instant own = listening ? visit.listen_until : clock.now();
  return wall_at(clock, visit.doubted ? std::max(own, visit.doubted->heard_by) : own);
}

WallTime first_sent(const Visit& visit) {
  return visit.delivery && visit.delivery->may_have_sent ? visit.delivery->sent_at : WallTime{};
}

/// As NewOrder and Conclusion have it.
WallTime doubted_since(const Visit& visit) { return visit.doubted ? visit.doubted->sent_at : WallTime{}; }

/// In which an order that we answered enters its life.
State state_of(bool accepted, Outcome forward) {
  if (accepted) return State::accepted;
  return forward == Outcome::unknown ? State::reversing : State::declined;
}

/// A no because the charge is voided already is as good as a yes; one to the caller is no word about the charge.
Outcome void_outcome(Outcome outcome, const Judgement& judgement) {
  if (outcome != Outcome::declined) return outcome;
  if (judgement.stands_no_more) return Outcome::approved;
  return judgement.pause_replay ? Outcome::unknown : Outcome::declined;
}

/// A void before the one under way may have been granted, and nobody has looked at the charge since.
bool has_earlier_void_in_doubt(const std::vector<Attempt>& attempts) {
  const auto in_doubt = [](const Attempt& attempt) {
    return attempt.kind == "void" && attempt.outcome == Outcome::unknown;
  };
  const auto earliest = std::ranges::find_if(attempts, in_doubt);
  if (std::ranges::count_if(attempts, in_doubt) < 2) return false;
  return std::ranges::none_of(attempts, [&](const Attempt& attempt) {
    return attempt.kind == "finder" && attempt.outcome != Outcome::unknown && attempt.started >= earliest->started;
  });
}

}  // namespace

Task<Reply> ProtectedRoute::keep(VisitPtr visit, Claim& claim, const Forwarded& forwarded, Decision decision) {
  while (true) {
    if (!decision.accept && may_have_been_told(*visit, forwarded)) {
      co_return promise_nothing(visit, std::move(claim), forwarded);
    }
    const AnswerContext context = visit->context(loop_.clock.wall());
    const auto answer = std::make_shared<const Response>(decision.accept ? setup_.dialect->approve(context)
                                                                         : setup_.dialect->decline(context));
    if (planted(Bug::declines_not_kept) && !decision.accept) co_return tell(*visit, Answered::declined, *answer);
    const auto keeping = start_keeping(*visit, forwarded, decision, *answer);
    if (planted(Bug::answer_before_commit))
      co_return say_kept(visit, std::move(claim), forwarded, decision.accept, answer);
    const auto kept = co_await keeping->wait_until(loop_.clock, visit->deadline);
    if (!kept) {
      spawn(loop_.executor,
            commit_came_late(shared_from_this(), visit, std::move(claim), answer, forwarded, decision.accept, keeping));
      if (planted(Bug::decline_while_commit_in_flight))
        co_return tell(*visit, Answered::declined, setup_.dialect->decline(context));
      co_return say_unavailable(*visit, forwarded);
    }
    if (planted(Bug::unknown_commit_is_a_no) && *kept == Kept::unknown)
      co_return tell(*visit, Answered::declined, setup_.dialect->decline(context));
    switch (*kept) {
      case Kept::kept: co_return say_kept(visit, std::move(claim), forwarded, decision.accept, answer);
      case Kept::over_cap: decision = decline_over_cap(std::move(decision)); break;
      case Kept::not_kept: co_return promise_nothing(visit, std::move(claim), forwarded);
      case Kept::unknown: claim.leave_in_doubt(); co_return say_unavailable(*visit, forwarded);
    }
  }
}

/// Its client may have the party's yes already, whose record was lost: never undone on our word alone.
bool ProtectedRoute::may_have_been_told(const Visit& visit, const Forwarded& forwarded) const {
  if (visit.taken_up) return true;
  const bool would_undo = forwarded.outcome == Outcome::unknown && visit.mode != Mode::fallback;
  if (!would_undo || planted(Bug::forgotten_yes_undone)) return false;
  // With the journal full, a party that honours keys was sent the same request unwritten.
  const bool always_written = visit.written && party_of(visit).party->config().duplicates != Duplicates::keyed;
  return !always_written && shared_.claims.may_have_forgotten(visit.intent, loop_.clock.now());
}

/// Without an answer: an intent, written down before it is sent.
NewOrder ProtectedRoute::new_order(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                                   const Response* answer) const {
  const bool intent = answer == nullptr;
  return NewOrder{
      .id = visit.id,
      .key = visit.intent.key,
      .payload = visit.intent.payload,
      .key_from_client = visit.intent.from_client,
      .tenant = visit.intent.tenant,
      .route = setup_.route.name,
      .upstream = party_of(visit).party->config().name,
      .stand_in = setup_.route.stand_in,
      .request_id = visit.request_id,
      .reference = visit.reference,
      .config_version = setup_.config_version,
      .facts = visit.facts ? *visit.facts : Facts{},
      .decision = decision,
      .cause = forwarded.cause,
      .state = intent ? State::charging : state_of(decision.accept, forwarded.outcome),
      .forward = forwarded.outcome,
      .target = visit.delivery ? visit.delivery->target : std::string(),
      .created = visit.arrived_wall,
      .first_sent = first_sent(visit),
      .doubted_since = doubted_since(visit),
      .due = intent ? wall_at(loop_.clock, visit.listen_until) : free_at(visit, loop_.clock, visit.unheard),
      .caps = setup_.policy.exposure_total,
      .request = shared_.vault.seal(to_wire(setup_.dialect->stripped(visit.request)), request_context(visit.id)),
      .answer = intent ? Sealed{} : shared_.vault.seal(to_wire(*answer), answer_context(visit.id)),
      .behind = visit.amends ? std::optional(visit.amends->charge.id) : std::nullopt,
  };
}

/// What we answered in the party's stead to a request that was written down before it was sent.
Conclusion ProtectedRoute::own_word(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                                    const Response& answer) const {
  return {.lease = *visit.written,
          .to = state_of(decision.accept, forwarded.outcome),
          .answer_is_ours = true,
          .decision = decision,
          .cause = forwarded.cause,
          .forward = forwarded.outcome,
          .target = visit.delivery ? visit.delivery->target : std::string(),
          .detail = forwarded.error,
          .first_sent = first_sent(visit),
          .doubted_since = doubted_since(visit),
          .due = free_at(visit, loop_.clock, visit.unheard),
          .caps = setup_.policy.exposure_total,
          .who = "standin",
          .why = std::string(name(forwarded.cause)),
          .answer = shared_.vault.seal(to_wire(answer), answer_context(visit.id))};
}

/// What the party answered, and the client gets.
Conclusion ProtectedRoute::partys_word(const Visit& visit, const Forwarded& forwarded, const Response& answer) const {
  const Judgement judgement = judged(visit, forwarded);
  const bool approved = forwarded.outcome == Outcome::approved;
  return {.lease = *visit.written,
          .to = approved ? State::settled : State::declined,
          .forward = forwarded.outcome,
          .target = visit.delivery ? visit.delivery->target : std::string(),
          .detail = "status " + std::to_string(forwarded.response->status),
          .first_sent = first_sent(visit),
          .upstream_reference = approved ? judgement.upstream_reference : std::string(),
          .settled_part = approved ? judgement.less_than(visit.asked()) : std::nullopt,
          .due = loop_.clock.wall(),
          .who = party_of(visit).party->config().name,
          .why = approved ? "the party did it" : "the party declined",
          .answer = shared_.vault.seal(to_wire(answer), answer_context(visit.id))};
}

ProtectedRoute::Keeping ProtectedRoute::start_keeping(const Visit& visit, const Forwarded& forwarded,
                                                      const Decision& decision, const Response& answer) {
  if (visit.written) return start_keeping(own_word(visit, forwarded, decision, answer));
  return start_keeping(new_order(visit, forwarded, decision, &answer));
}

ProtectedRoute::Keeping ProtectedRoute::start_keeping(const Visit& visit, const Forwarded& forwarded,
                                                      const Response& answer) {
  return start_keeping(partys_word(visit, forwarded, answer));
}

ProtectedRoute::Keeping ProtectedRoute::start_keeping(std::variant<NewOrder, Conclusion> what) {
  auto kept = std::make_shared<OneShot<Kept>>();
  spawn(loop_.executor, keep_durably(shared_from_this(), std::move(what), kept));
  return kept;
}

Task<> ProtectedRoute::keep_durably(std::shared_ptr<ProtectedRoute> self, std::variant<NewOrder, Conclusion> what,
                                    Keeping kept) {
  const Counted counted(self->shared_.listening);
  if (auto* order = std::get_if<NewOrder>(&what)) {
    const Kept result = co_await self->shared_.journal.keep(std::move(*order));
    kept->set(result);
  } else {
    const Kept result = co_await self->shared_.journal.conclude(std::move(std::get<Conclusion>(what)));
    kept->set(result);
  }
}

Reply ProtectedRoute::say_kept(const VisitPtr& visit, Claim claim, const Forwarded& forwarded, bool accepted,
                               const AnswerPtr& answer) {
  shared_.metrics.stood_in(setup_.route.name, forwarded.cause, accepted);
  if (visit->unheard) {
    const State state = accepted ? State::accepted : State::reversing;
    spawn(loop_.executor, listen_late(shared_from_this(), visit, state, forwarded.cause));
  }
  DeliveriesPtr deliveries = claim.give(answer, visit->id, true);
  if (visit->taken_up) deliveries.reset();  // an earlier answer may have arrived
  Reply reply = tell(*visit, accepted ? Answered::accepted : Answered::declined, *answer, &forwarded);
  reply.undelivered = [self = shared_from_this(), deliveries = std::move(deliveries)] {
    self->shared_.metrics.client_went_away(self->setup_.route.name, true);
    if (deliveries) self->not_delivered(deliveries);
  };
  return reply;
}

// The client was told "unavailable", neither yes nor no. Until the commit's result is known the key stays claimed, so
// that its retry learns the truth and not a second decision.
Task<> ProtectedRoute::commit_came_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim,
                                        AnswerPtr answer, Forwarded forwarded, bool accepted, Keeping keeping) {
  const Counted counted(self->shared_.listening);
  const Cause cause = forwarded.cause;
  const Kept kept = co_await keeping->wait();
  switch (kept) {
    case Kept::kept: break;
    case Kept::unknown: claim.leave_in_doubt(); co_return;
    case Kept::over_cap:
    case Kept::not_kept: self->let_go(visit, std::move(claim), forwarded); co_return;
  }
  self->shared_.metrics.stood_in(self->setup_.route.name, cause, accepted);
  if (visit->unheard) {
    const State state = accepted ? State::accepted : State::reversing;
    spawn(self->loop_.executor, self->listen_late(self, visit, state, cause));
  }
  if (visit->taken_up) {
    claim.give(answer, visit->id, true);
  } else if (!claim.give_to_waiting(answer, visit->id)) {
    co_await self->mark_undelivered(self, std::move(claim), visit->id);
  }
}

Task<> ProtectedRoute::listen_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, State state, Cause cause) {
  const Counted counted(self->shared_.listening);
  Forwarded heard = co_await visit->delivery->result.wait();
  Forwarded late = self->understood(*visit, std::move(heard));
  // Of an order that was answered, a no that is not about the order is no end.
  if (late.outcome == Outcome::declined) late.outcome = self->judged(*visit, late).said_of_order();
  if (visit->doubted && !self->ends_doubt(*visit, late.outcome)) late.outcome = Outcome::unknown;
  const std::string& route = self->setup_.route.name;
  self->shared_.metrics.late_answer(route, late.outcome);
  if (late.outcome != Outcome::unknown) {
    self->shared_.metrics.stand_in_resolved(route, cause, late.outcome == Outcome::approved);
  }
  const auto applied = co_await self->record(visit, state, late, "late answer");
  if (applied != Applied::applied) {
    Log::warn("late_answer_not_applied", "order " + visit->id.text() + ": kept as evidence; the replay decides");
  }
}

/// What the live forward came to, as the next step of the order's life.
Task<Applied> ProtectedRoute::record(VisitPtr visit, State from, Forwarded forwarded, std::string who) {
  if (planted(Bug::timeout_is_declined) && forwarded.outcome == Outcome::unknown) forwarded.outcome = Outcome::declined;
  const WallTime now = loop_.clock.wall();
  const Judgement judgement = judged(*visit, forwarded);
  const AttemptEnd end{.attempt = {.kind = "live",
                                   .target = visit->delivery ? visit->delivery->target : std::string(),
                                   .started = visit->delivery ? visit->delivery->sent_at : visit->created,
                                   .outcome = forwarded.outcome,
                                   .detail = forwarded.error},
                       .upstream_reference = judgement.upstream_reference,
                       .now = now,
                       .again = free_at(*visit, loop_.clock, false)};
  const Lease lease = visit->written.value_or(Lease{visit->id, live_forward_token});
  Change change = consequence(lease, from, end, std::move(who));
  if (forwarded.outcome == Outcome::approved) change.settled_part = judgement.less_than(visit->asked());
  co_return co_await shared_.journal.apply(std::move(change));
}

std::shared_ptr<Event> ProtectedRoute::note_void_later(const VisitPtr& visit, const Forwarded& forwarded) {
  const auto noted = std::make_shared<Event>();
  spawn(loop_.executor, note_void(shared_from_this(), visit, forwarded, noted));
  return noted;
}

// Once it is voided, its answer is not to be given again: the same sale rung up once more is a new one. What nobody
// heard of is for the finder.
Task<> ProtectedRoute::note_void(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Forwarded forwarded,
                                 std::shared_ptr<Event> noted) {
  const Counted counted(self->shared_.listening);
  Forwarded end = std::move(forwarded);
  if (visit->unheard) {
    Forwarded late = co_await visit->delivery->result.wait();
    end = self->understood(*visit, std::move(late));
  }
  Outcome outcome = void_outcome(end.outcome, judged(*visit, end));
  // This one did nothing; one before it may have been granted, and then the charge no longer stands.
  const auto attempts = self->shared_.journal.attempts(visit->voids->order);
  if (outcome != Outcome::approved && (!attempts || has_earlier_void_in_doubt(*attempts))) outcome = Outcome::unknown;
  Change change{.lease = *visit->voids,
                .to = State::cancelling,
                .who = "client",
                .why = "asked to be voided, and the answer is not known",
                .attempt = Attempt{.kind = "void",
                                   .target = visit->delivery ? visit->delivery->target : std::string(),
                                   .started = visit->arrived_wall,
                                   .outcome = outcome,
                                   .detail = end.error},
                .due = self->loop_.clock.wall()};
  if (outcome == Outcome::approved) {
    change.to = State::cancelled;
    change.why = "voided at the party by the client";
  } else if (outcome != Outcome::unknown) {
    change.to = State::settled;
    change.why = "it was not voided, and stands";
  }
  const Applied applied = co_await self->shared_.journal.apply(std::move(change));
  if (applied != Applied::applied) Log::error("void_not_noted", "order " + visit->voids->order.text());
  noted->set();
}

void ProtectedRoute::not_delivered(const DeliveriesPtr& deliveries) {
  auto claim = shared_.claims.not_delivered(deliveries);
  if (!claim) return;
  spawn(loop_.executor, mark_undelivered(shared_from_this(), std::move(*claim), deliveries->order));
}

// Under its key's claim: a retry waits for the mark, and gets the answer of an order that is held, or hears that it was
// withdrawn.
Task<> ProtectedRoute::mark_undelivered(std::shared_ptr<ProtectedRoute> self, Claim claim, Ulid id) {
  const Counted counted(self->shared_.listening);
  State to = State::accepted;
  switch (self->setup_.stand_in.undelivered) {
    case Undelivered::hold: to = State::held; break;
    case Undelivered::replay: break;
    case Undelivered::reverse: to = State::cancelling; break;
  }
  // What an earlier process passed on unwritten would be undone with it.
  const bool told_before = self->shared_.claims.may_have_forgotten(claim.intent(), self->loop_.clock.now());
  if (to == State::cancelling && told_before) to = State::held;
  Applied applied = Applied::fenced;
  while (applied == Applied::fenced) {
    applied = co_await self->shared_.journal.mark_undelivered(id, to, "the client did not get the answer");
    if (applied == Applied::fenced)
      co_await self->loop_.clock.sleep_until(self->loop_.clock.now() + limits::look_again);
  }
  if (applied != Applied::failed) co_return;
  Log::error("undelivered_not_marked", "order " + id.text());
  // It may be on the disk all the same: then it is withdrawn after a restart, and nobody may be told yes.
  if (to == State::cancelling) claim.leave_in_doubt();
}

// The same key's retry has the answer now. What was delivered is remembered until the journal has it.
Task<> ProtectedRoute::release_for_retry(std::shared_ptr<ProtectedRoute> self, DeliveriesPtr deliveries) {
  const Counted counted(self->shared_.listening);
  const Ulid id = deliveries->order;
  if (!self->shared_.claims.waits_for_retry(id)) co_return;
  const auto applied = co_await self->shared_.journal.apply(Change{.lease = {id, 0},
                                                                   .to = State::accepted,
                                                                   .who = "standin",
                                                                   .why = "the client's retry was given the answer",
                                                                   .due = self->loop_.clock.wall()});
  if (applied == Applied::failed) Log::error("not_released", "order " + id.text());
}

// Nothing was promised to a client that left before its answer. The forward runs on. Only where the route says so is an
// attempt that may have happened undone.
Task<Reply> ProtectedRoute::client_left(VisitPtr visit, Claim& claim, const Forwarded& forwarded) {
  shared_.metrics.client_went_away(setup_.route.name, false);
  const bool may_stand = forwarded.outcome == Outcome::unknown;
  const bool stands_in = visit->is_charge() && visit->mode == Mode::automatic;
  if (may_stand && stands_in && setup_.stand_in.undelivered == Undelivered::reverse) {
    Decision decision{.verdicts = {{"client", false, "the client left before it was answered"}},
                      .policy_version = setup_.policy.version};
    co_return co_await keep(visit, claim, forwarded, std::move(decision));
  }
  co_return promise_nothing(visit, std::move(claim), forwarded);
}

Reply ProtectedRoute::promise_nothing(const VisitPtr& visit, Claim claim, const Forwarded& forwarded) {
  let_go(visit, std::move(claim), forwarded);
  return say_unavailable(*visit, forwarded);
}

void ProtectedRoute::doubt(const Visit& visit) {
  const Instant now = loop_.clock.now();
  const WallTime sent = first_sent(visit);
  if (visit.doubted) shared_.claims.doubt(visit.intent, *visit.doubted, now);
  shared_.claims.doubt(
      visit.intent,
      {.heard_by = visit.unheard ? visit.listen_until : now, .sent_at = sent == WallTime{} ? visit.arrived_wall : sent},
      now);
}

/// Ends a claim that nothing was answered to. A party that would take a retry for a second order must be heard first,
/// and so must the record of what was written down. Whatever is decided about a retry has to reckon with what may stand
/// already.
void ProtectedRoute::let_go(const VisitPtr& visit, Claim claim, const Forwarded& forwarded) {
  if (visit->written) {
    spawn(loop_.executor, nobody_was_told(shared_from_this(), visit, std::move(claim), forwarded));
    return;
  }
  if (forwarded.outcome == Outcome::unknown) doubt(*visit);
  const bool keyed = party_of(*visit).party->config().duplicates == Duplicates::keyed;
  if (forwarded.outcome != Outcome::unknown || keyed || !visit->unheard) return;
  spawn(loop_.executor, hold_until_heard(shared_from_this(), visit, std::move(claim)));
}

// The key stays claimed until the forward is heard of, or given up.
Task<> ProtectedRoute::hold_until_heard(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim) {
  const Counted counted(self->shared_.listening);
  Forwarded heard = co_await visit->delivery->result.wait();
  const Forwarded late = self->understood(*visit, std::move(heard));
  if (!is_definite(late.outcome)) co_return;
  const AnswerPtr answer = self->answer_of(*visit, late);
  if (self->is_last_word(visit->intent, self->judged(*visit, late))) {
    const Claims::PartysWord word{.declined = late.outcome == Outcome::declined,
                                  .client_gone = true,
                                  .ends_doubt = !visit->doubted || self->ends_doubt(*visit, late.outcome)};
    self->shared_.claims.remember(visit->intent, *answer, word, self->loop_.clock.now());
  }
  claim.finish(answer);
}

// It was written down, and nobody has been told what became of it: whoever asks again waits for the party's word, or
// takes the order up where it is left.
Task<> ProtectedRoute::nobody_was_told(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim,
                                       Forwarded forwarded) {
  const Counted counted(self->shared_.listening);
  Forwarded end = std::move(forwarded);
  if (visit->unheard) {
    Forwarded late = co_await visit->delivery->result.wait();
    end = self->understood(*visit, std::move(late));
    self->shared_.metrics.late_answer(self->setup_.route.name, end.outcome);
  }
  if (is_definite(end.outcome)) {
    const AnswerPtr answer = self->answer_of(*visit, end);
    const auto keeping = self->start_keeping(*visit, end, *answer);
    const Kept kept = co_await keeping->wait();
    claim.finish(answer);
    if (kept == Kept::kept) co_return;
  }
  co_await self->record(visit, State::charging, std::move(end), "standin");
}

// Modes off and shadow, and requests that are not charges: the upstream's own error goes to the client.
Reply ProtectedRoute::pass_on(const VisitPtr& visit, Claim claim, const Forwarded& forwarded) {
  if (visit->mode == Mode::shadow && visit->is_charge() && may_promise()) {
    const Decision decision = decide_now(*visit);
    const AnswerContext context = visit->context(loop_.clock.wall());
    const Response answer = decision.accept ? setup_.dialect->approve(context) : setup_.dialect->decline(context);
    NewOrder shadow = new_order(*visit, forwarded, decision, &answer);
    shadow.shadow = true;
    if (visit->written) {  // the intent has the id; the shadow is a record beside it
      shadow.id = shared_.ulids.make(loop_.clock.wall());
      shadow.request =
          shared_.vault.seal(to_wire(setup_.dialect->stripped(visit->request)), request_context(shadow.id));
      shadow.answer = shared_.vault.seal(to_wire(answer), answer_context(shadow.id));
    }
    start_keeping(std::move(shadow));
  }
  if (visit->written) {
    let_go(visit, std::move(claim), forwarded);
  } else if (forwarded.outcome == Outcome::unknown) {
    doubt(*visit);
  }
  if (forwarded.response && visit->party == 0) {
    return tell(*visit, Answered::forwarded, *forwarded.response, &forwarded);
  }
  if (!visit->facts) {
    shared_.metrics.facts_unreadable(setup_.route.name, visit->facts.error().where, false);
    Log::warn("not_stood_in_for", "route " + setup_.route.name + ": " + visit->facts.error().what);
  }
  const Refusal why = forwarded.outcome == Outcome::unknown ? Refusal::no_answer : Refusal::not_reached;
  return tell(*visit, Answered::unavailable, refusal(*visit, why), &forwarded);
}

}  // namespace standin
