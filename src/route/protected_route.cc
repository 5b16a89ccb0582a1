#include "route/protected_route.h"

#include <algorithm>

#include "base/limits.h"
#include "route/identify.h"
#include "route/problem.h"
#include "telemetry/log.h"

namespace standin {
namespace {

bool trustworthy(const Forwarded& forwarded) {
  return forwarded.outcome == Outcome::approved || forwarded.outcome == Outcome::declined;
}

/// What is kept of the deadline for the journal: forwarding gets the rest.
Duration commit_budget(Duration deadline) {
  return std::min<Duration>(limits::commit_budget, deadline / limits::commit_budget_part);
}

/// Counts a request's body among those held in memory.
class HeldBytes {
 public:
  HeldBytes(std::atomic<std::size_t>& total, std::size_t bytes) : total_(total), bytes_(bytes) { total_ += bytes_; }
  HeldBytes(const HeldBytes&) = delete;
  ~HeldBytes() { total_ -= bytes_; }

 private:
  std::atomic<std::size_t>& total_;
  std::size_t bytes_;
};

}  // namespace

ProtectedRoute::ProtectedRoute(Setup setup, SharedPorts shared, LoopPorts loop)
    : setup_(std::move(setup)),
      shared_(shared),
      loop_(loop),
      judge_([dialect = setup_.dialect](const Response& response) {
        const Judgement judgement = dialect->judge(response);
        return Judged{judgement.outcome, judgement.cause};
      }),
      watch_(setup_.route.name, loop.random, shared.metrics) {}

// The tour. Every request to a protected route walks through these five steps, forward only.
Task<Reply> ProtectedRoute::handle(Request request, std::shared_ptr<const Client> client, std::string request_id) {
  const VisitPtr visit = arrive(std::move(request), std::move(client), std::move(request_id));
  const HeldBytes held(shared_.in_flight_bytes, visit->request.body.size());

  // Refuse
  if (auto refusal = refuse(*visit)) co_return std::move(*refusal);

  // Claim: the same key, the same answer
  Claim claim = co_await shared_.claims.claim(visit->intent, loop_.clock, visit->deadline);
  if (claim.kind() != Claim::Kind::ours) co_return answer_claimed(*visit, claim);

  // Forward: a trustworthy answer is passed on unchanged
  Forwarded forwarded = co_await forward(visit);
  if (trustworthy(forwarded)) co_return finish(visit, std::move(claim), forwarded);

  if (auto earlier = shared_.claims.remembered(visit->intent, loop_.clock.now())) {
    co_return tell(*visit, Answered::recalled, std::move(*earlier), &forwarded);
  }
  if (shared_.claims.doubted(visit->intent, loop_.clock.now())) forwarded.outcome = Outcome::unknown;
  if (visit->client->gone()) co_return co_await client_left(visit, std::move(claim), std::move(forwarded));
  if (visit->mode == Mode::off || visit->mode == Mode::shadow) co_return pass_on(visit, forwarded);
  if (!may_promise()) co_return promise_nothing(visit, std::move(claim), forwarded);

  // Decide
  Decision decision = decide_now(*visit);

  // Keep: durable before said
  co_return co_await keep(visit, std::move(claim), std::move(forwarded), std::move(decision));
}

// --- refuse ---

ProtectedRoute::VisitPtr ProtectedRoute::arrive(Request request, std::shared_ptr<const Client> client,
                                                std::string request_id) {
  const Instant now = loop_.clock.now();
  const WallTime wall = loop_.clock.wall();
  const Mode mode = shared_.modes.of(setup_.route, wall);
  const bool answers = mode == Mode::automatic || mode == Mode::forced;
  const Duration deadline = setup_.route.deadline;
  const Duration budget = answers ? commit_budget(deadline) : Duration(0);
  const Duration response = setup_.party->config().timeouts.response;
  const Ulid id = shared_.ulids.make(wall);
  RequestReading reading = setup_.dialect->read(request);
  Intent intent = identify(setup_.route, *setup_.dialect, shared_.vault, request, reading, request_id);
  return std::make_shared<Visit>(Visit{.request = std::move(request),
                                       .client = std::move(client),
                                       .request_id = std::move(request_id),
                                       .id = id,
                                       .reference = "gateway-down-" + id.text(),
                                       .facts = std::move(reading.facts),
                                       .intent = intent,
                                       .mode = mode,
                                       .arrived = now,
                                       .answer_by = now + std::min(response, deadline - budget),
                                       .listen_until = now + setup_.party->config().timeouts.listen_late,
                                       .deadline = now + deadline,
                                       .arrived_wall = wall});
}

std::optional<Reply> ProtectedRoute::refuse(const Visit& visit) {
  if (!setup_.route.key_required) return std::nullopt;
  if (idempotency_key(setup_.route, *setup_.dialect, visit.request, visit.facts)) return std::nullopt;
  return tell(
      visit, Answered::rejected,
      problem(400, "Idempotency key missing", "This endpoint needs an idempotency key; send one and try again."));
}

// --- claim ---

Reply ProtectedRoute::answer_claimed(const Visit& visit, const Claim& claim) {
  switch (claim.kind()) {
    case Claim::Kind::ours: break;
    case Claim::Kind::answered: return give_again(visit, claim);
    case Claim::Kind::other_payload:
      return tell(visit, Answered::rejected,
                  problem(422, "Idempotency key reused", "This key was used with another request; use a new key."));
    case Claim::Kind::in_progress:
      return tell(
          visit, Answered::rejected,
          problem(409, "Request in progress", "The first request with this key is not finished; try again later."));
    case Claim::Kind::unreadable:
      return tell(
          visit, Answered::rejected,
          problem(422, "Answer no longer kept", "This key was answered before; look the order up by its reference."));
    case Claim::Kind::withdrawn:
      return tell(visit, Answered::rejected,
                  problem(409, "Order withdrawn",
                          "The answer to this order did not arrive, and it was undone; order again with a new key."));
  }
  unreachable();
}

// An order that waits for this very retry is on its way again, unless this answer does not arrive either.
Reply ProtectedRoute::give_again(const Visit& visit, const Claim& claim) {
  Reply reply = tell(visit, Answered::recalled, claim.answer());
  if (const auto& id = claim.held_order()) {
    spawn(loop_.executor, release_for_retry(shared_from_this(), *id));
    reply.undelivered = [self = shared_from_this(), id = *id] {
      spawn(self->loop_.executor, self->mark_undelivered(self, id, true));
    };
  }
  return reply;
}

// --- forward ---

Task<Forwarded> ProtectedRoute::forward(VisitPtr visit) {
  if (visit->mode == Mode::forced) co_return Forwarded{.outcome = Outcome::not_done, .cause = Cause::forced};
  const Purpose purpose = visit->mode == Mode::automatic ? Purpose::covered : Purpose::plain;
  visit->delivery = setup_.party->start(outbound(*visit), judge_, {visit->answer_by, visit->listen_until}, purpose);
  auto ended = co_await visit->delivery->result.wait_until(loop_.clock, visit->answer_by);
  if (ended) co_return std::move(*ended);
  visit->unheard = true;
  const Delivery& running = *visit->delivery;
  co_return Forwarded{.outcome = running.may_have_sent ? Outcome::unknown : Outcome::not_done,
                      .cause = running.cause_so_far};
}

Request ProtectedRoute::outbound(const Visit& visit) const {
  Request request = visit.request;
  request.headers.set("X-Request-Id", visit.request_id);
  request.headers.set("Standin-Key", visit.intent.key.text());
  return request;
}

Reply ProtectedRoute::finish(const VisitPtr& visit, Claim claim, const Forwarded& forwarded) {
  const Response& answer = *forwarded.response;
  const bool gone = visit->client->gone();
  if (gone) shared_.metrics.client_went_away(setup_.route.name, false);
  if (is_last_word(visit->intent, answer)) {
    shared_.claims.remember(visit->intent, answer, gone, loop_.clock.now());
  }
  claim.finish(answer);
  watch_.see(*setup_.dialect, answer, visit->context(loop_.clock.wall()), visit->facts);
  Reply reply = tell(*visit, Answered::forwarded, answer, &forwarded);
  // Not the visit: it keeps the connection, which keeps this.
  reply.undelivered = [self = shared_from_this(), intent = visit->intent, answer] {
    self->shared_.metrics.client_went_away(self->setup_.route.name, false);
    self->shared_.claims.remember(intent, answer, true, self->loop_.clock.now());
  };
  return reply;
}

/// Worth giving again to the same key. Not a decline under a key made of facts, which ends its intent; nor "you have it
/// already", which is about an earlier answer; nor an answer about the caller's credentials.
bool ProtectedRoute::is_last_word(const Intent& intent, const Response& answer) const {
  const Judgement judgement = setup_.dialect->judge(answer);
  if (judgement.outcome == Outcome::approved) return !judgement.already_there;
  return judgement.outcome == Outcome::declined && !judgement.pause_replay && intent.from_client;
}

// --- decide ---

/// Whether the journal can be written, only writing tells: a full disk may have room again.
bool ProtectedRoute::may_promise() const { return shared_.in_flight_bytes <= setup_.in_flight_bytes_max; }

Decision ProtectedRoute::decide_now(const Visit& visit) {
  if (!visit.facts) {
    shared_.metrics.facts_unreadable(setup_.route.name, visit.facts.error().where, true);
    Log::warn("declined_unreadable", "route " + setup_.route.name + ": " + visit.facts.error().what);
    return decline_unreadable(visit.facts.error().what, setup_.policy);
  }
  const Counters counters{.exposure = shared_.journal.exposure()};
  return decide(*visit.facts, nullptr, counters, setup_.policy, loop_.clock.wall());
}

// --- the way out ---

Reply ProtectedRoute::tell(const Visit& visit, Answered how, Response response, const Forwarded* forwarded) {
  const Duration took = loop_.clock.now() - visit.arrived;
  shared_.metrics.answered(setup_.route.name, how, response.status, took);
  if (forwarded) shared_.metrics.forwarded(setup_.route.name, forwarded->outcome, took);
  const bool stood_in = how == Answered::accepted || how == Answered::declined || how == Answered::unavailable;
  const std::string client = visit.client->address();
  const std::string order = stood_in && how != Answered::unavailable ? visit.id.text() : std::string();
  Log::access({.at = visit.arrived_wall,
               .route = setup_.route.name,
               .method = visit.request.method,
               .request_id = visit.request_id,
               .order_id = order,
               .answered = name(how),
               .cause = forwarded && stood_in ? name(forwarded->cause) : std::string_view(),
               .outcome = forwarded ? name(forwarded->outcome) : std::string_view(),
               .client = client,
               .status = response.status,
               .took = took});
  return Reply{.response = std::move(response)};
}

Reply ProtectedRoute::say_unavailable(const Visit& visit, const Forwarded& forwarded) {
  return tell(visit, Answered::unavailable, setup_.dialect->unavailable(visit.context(loop_.clock.wall())), &forwarded);
}

}  // namespace standin
