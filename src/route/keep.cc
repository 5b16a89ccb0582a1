// The last step of the tour, and what happens to a request after its answer: the commit, the late answer, the client
// that went away.
#include "base/limits.h"
#include "journal/consequence.h"
#include "route/problem.h"
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

}  // namespace

Task<Reply> ProtectedRoute::keep(VisitPtr visit, Claim claim, Forwarded forwarded, Decision decision) {
  while (true) {
    const AnswerContext context = visit->context(loop_.clock.wall());
    const Response answer = decision.accept ? setup_.dialect->approve(context) : setup_.dialect->decline(context);
    const auto keeping = start_keeping(new_order(*visit, forwarded, decision, answer));
    const auto kept = co_await keeping->wait_until(loop_.clock, visit->deadline);
    if (!kept) {
      spawn(loop_.executor, commit_came_late(shared_from_this(), visit, std::move(claim), answer, forwarded.cause,
                                             decision.accept, keeping));
      co_return say_unavailable(*visit, forwarded);
    }
    switch (*kept) {
      case Kept::kept: co_return say_kept(visit, std::move(claim), forwarded, decision.accept, answer);
      case Kept::over_cap: decision = decline_over_cap(std::move(decision)); break;
      case Kept::not_kept: co_return promise_nothing(visit, std::move(claim), forwarded);
      case Kept::unknown: claim.leave_in_doubt(); co_return say_unavailable(*visit, forwarded);
    }
  }
}

NewOrder ProtectedRoute::new_order(const Visit& visit, const Forwarded& forwarded, const Decision& decision,
                                   const Response& answer) const {
  const WallTime now = loop_.clock.wall();
  const bool may_stand = forwarded.outcome == Outcome::unknown;
  return NewOrder{
      .id = visit.id,
      .key = visit.intent.key,
      .payload = visit.intent.payload,
      .key_from_client = visit.intent.from_client,
      .tenant = visit.intent.tenant,
      .route = setup_.route.name,
      .upstream = setup_.route.upstream,
      .stand_in = setup_.route.stand_in,
      .request_id = visit.request_id,
      .reference = visit.reference,
      .config_version = setup_.config_version,
      .facts = visit.facts ? *visit.facts : Facts{},
      .decision = decision,
      .cause = forwarded.cause,
      .state = decision.accept ? State::accepted
               : may_stand     ? State::reversing
                               : State::declined,
      .shadow = visit.mode == Mode::shadow,
      .forward = forwarded.outcome,
      .target = visit.delivery ? visit.delivery->target : std::string(),
      .created = visit.arrived_wall,
      .first_sent = visit.delivery && visit.delivery->may_have_sent ? visit.delivery->sent_at : WallTime{},
      .due = visit.unheard ? wall_at(loop_.clock, visit.listen_until) : now,
      .caps = setup_.policy.exposure_total,
      .request = shared_.vault.seal(to_wire(setup_.dialect->stripped(visit.request)), request_context(visit.id)),
      .answer = shared_.vault.seal(to_wire(answer), answer_context(visit.id)),
  };
}

std::shared_ptr<OneShot<Kept>> ProtectedRoute::start_keeping(NewOrder order) {
  auto kept = std::make_shared<OneShot<Kept>>();
  spawn(loop_.executor, keep_durably(shared_from_this(), std::move(order), kept));
  return kept;
}

Task<> ProtectedRoute::keep_durably(std::shared_ptr<ProtectedRoute> self, NewOrder order,
                                    std::shared_ptr<OneShot<Kept>> kept) {
  const Counted counted(self->shared_.listening);
  const Kept result = co_await self->shared_.journal.keep(std::move(order));
  kept->set(result);
}

Reply ProtectedRoute::say_kept(const VisitPtr& visit, Claim claim, const Forwarded& forwarded, bool accepted,
                               const Response& answer) {
  shared_.metrics.stood_in(setup_.route.name, forwarded.cause, accepted);
  if (visit->unheard) {
    const State state = accepted ? State::accepted : State::reversing;
    spawn(loop_.executor, listen_late(shared_from_this(), visit, state, forwarded.cause));
  }
  const bool retry_has_it = claim.finish(answer);
  Reply reply = tell(*visit, accepted ? Answered::accepted : Answered::declined, answer, &forwarded);
  reply.undelivered = [self = shared_from_this(), id = visit->id, accepted, retry_has_it] {
    self->shared_.metrics.client_went_away(self->setup_.route.name, true);
    if (!retry_has_it) spawn(self->loop_.executor, self->mark_undelivered(self, id, accepted));
  };
  return reply;
}

// The client was told "unavailable", neither yes nor no. Until the commit's result is known the key stays claimed, so
// that its retry learns the truth and not a second decision.
Task<> ProtectedRoute::commit_came_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim,
                                        Response answer, Cause cause, bool accepted,
                                        std::shared_ptr<OneShot<Kept>> keeping) {
  const Counted counted(self->shared_.listening);
  const Kept kept = co_await keeping->wait();
  if (kept == Kept::unknown) claim.leave_in_doubt();
  if (kept != Kept::kept) co_return;
  self->shared_.metrics.stood_in(self->setup_.route.name, cause, accepted);
  if (visit->unheard) {
    const State state = accepted ? State::accepted : State::reversing;
    spawn(self->loop_.executor, self->listen_late(self, visit, state, cause));
  }
  if (claim.finish(answer)) co_return;
  co_await self->mark_undelivered(self, visit->id, accepted);
}

Task<> ProtectedRoute::listen_late(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, State state, Cause cause) {
  const Counted counted(self->shared_.listening);
  const Forwarded late = co_await visit->delivery->result.wait();
  const std::string& route = self->setup_.route.name;
  const WallTime now = self->loop_.clock.wall();
  AttemptEnd end{.attempt = {.kind = "live",
                             .target = visit->delivery->target,
                             .started = visit->delivery->sent_at,
                             .outcome = late.outcome,
                             .detail = late.error},
                 .now = now,
                 .again = now};
  if (late.outcome == Outcome::approved) {
    end.upstream_reference = self->setup_.dialect->judge(*late.response).upstream_reference;
  }
  self->shared_.metrics.late_answer(route, late.outcome);
  if (late.outcome != Outcome::unknown) {
    self->shared_.metrics.stand_in_resolved(route, cause, late.outcome == Outcome::approved);
  }
  const auto applied =
      co_await self->shared_.journal.apply(consequence({visit->id, live_forward_token}, state, end, "late answer"));
  if (applied != Applied::applied) {
    Log::warn("late_answer_not_applied", "order " + visit->id.text() + ": kept as evidence; the replay decides");
  }
}

Task<> ProtectedRoute::mark_undelivered(std::shared_ptr<ProtectedRoute> self, Ulid id, bool accepted) {
  const Counted counted(self->shared_.listening);
  const std::string why = "the client did not get the answer";
  State to = State::declined;
  if (accepted) {
    switch (self->setup_.stand_in.undelivered) {
      case Undelivered::hold: to = State::held; break;
      case Undelivered::replay: to = State::accepted; break;
      case Undelivered::reverse: to = State::cancelling; break;
    }
  }
  const auto applied = co_await self->shared_.journal.mark_undelivered(id, to, why);
  if (applied == Applied::failed) Log::error("undelivered_not_marked", "order " + id.text());
}

// Held since its answer did not arrive, and by nothing else: the same key's retry has the answer now.
Task<> ProtectedRoute::release_for_retry(std::shared_ptr<ProtectedRoute> self, Ulid id) {
  const Counted counted(self->shared_.listening);
  const auto rows = self->shared_.journal.orders({.id = id});
  if (!rows || rows->empty()) co_return;
  const OrderRow& order = rows->front();
  const bool never_tried = order.token == live_forward_token;
  if (order.state != State::held || !order.undelivered || !never_tried || order.due < never_due) co_return;
  const auto applied = co_await self->shared_.journal.apply(Change{.lease = {id, 0},
                                                                   .to = State::accepted,
                                                                   .who = "standin",
                                                                   .why = "the client's retry was given the answer",
                                                                   .due = self->loop_.clock.wall()});
  if (applied == Applied::failed) Log::error("not_released", "order " + id.text());
}

// Nothing was promised to a client that left before its answer. The forward runs on. Only where the route says so is an
// attempt that may have happened undone.
Task<Reply> ProtectedRoute::client_left(VisitPtr visit, Claim claim, Forwarded forwarded) {
  shared_.metrics.client_went_away(setup_.route.name, false);
  const bool may_stand = forwarded.outcome == Outcome::unknown;
  if (may_stand && visit->mode == Mode::automatic && setup_.stand_in.undelivered == Undelivered::reverse) {
    Decision decision{.verdicts = {{"client", false, "the client left before it was answered"}},
                      .policy_version = setup_.policy.version};
    co_return co_await keep(visit, std::move(claim), std::move(forwarded), std::move(decision));
  }
  co_return promise_nothing(visit, std::move(claim), forwarded);
}

Reply ProtectedRoute::promise_nothing(const VisitPtr& visit, Claim claim, const Forwarded& forwarded) {
  let_go(visit, std::move(claim), forwarded.outcome);
  return say_unavailable(*visit, forwarded);
}

/// Ends a claim that nothing was answered to. A party that would take a retry for a second order must be heard first.
/// Whatever is decided about a retry has to reckon with what may stand already.
void ProtectedRoute::let_go(const VisitPtr& visit, Claim claim, Outcome forwarded) {
  if (forwarded == Outcome::unknown) shared_.claims.doubt(visit->intent, loop_.clock.now());
  const bool keyed = setup_.party->config().duplicates == Duplicates::keyed;
  if (forwarded != Outcome::unknown || keyed || !visit->unheard) return;
  spawn(loop_.executor, hold_until_heard(shared_from_this(), visit, std::move(claim)));
}

// The key stays claimed until the forward is heard of, or given up.
Task<> ProtectedRoute::hold_until_heard(std::shared_ptr<ProtectedRoute> self, VisitPtr visit, Claim claim) {
  const Counted counted(self->shared_.listening);
  const Forwarded late = co_await visit->delivery->result.wait();
  if (late.outcome != Outcome::approved && late.outcome != Outcome::declined) co_return;
  self->shared_.claims.remember(visit->intent, *late.response, true, self->loop_.clock.now());
  claim.finish(*late.response);
}

// Modes off and shadow: the upstream's own error goes to the client.
Reply ProtectedRoute::pass_on(const VisitPtr& visit, const Forwarded& forwarded) {
  if (forwarded.outcome == Outcome::unknown) shared_.claims.doubt(visit->intent, loop_.clock.now());
  if (visit->mode == Mode::shadow && may_promise()) {
    const Decision decision = decide_now(*visit);
    const AnswerContext context = visit->context(loop_.clock.wall());
    const Response answer = decision.accept ? setup_.dialect->approve(context) : setup_.dialect->decline(context);
    start_keeping(new_order(*visit, forwarded, decision, answer));
  }
  if (forwarded.response) return tell(*visit, Answered::forwarded, *forwarded.response, &forwarded);
  const bool timed_out = forwarded.outcome == Outcome::unknown;
  return tell(*visit, Answered::unavailable,
              problem(timed_out ? 504 : 502, timed_out ? "Gateway timeout" : "Bad gateway",
                      "The upstream gave no answer; whether it acted on the request is not known to this proxy."),
              &forwarded);
}

}  // namespace standin
