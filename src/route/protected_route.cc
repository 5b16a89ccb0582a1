#include "route/protected_route.h"

#include <algorithm>
#include <ranges>

#include "base/limits.h"
#include "route/identify.h"
#include "route/problem.h"
#include "telemetry/log.h"

namespace standin {
namespace {

bool stands_in(Mode mode) { return mode == Mode::automatic || mode == Mode::forced || mode == Mode::fallback; }

bool stands_in(const Visit& visit) { return visit.is_charge() && stands_in(visit.mode); }

/// What is kept of the deadline for the journal: forwarding gets the rest.
Duration commit_budget(Duration deadline) {
  return std::min<Duration>(limits::commit_budget, deadline / limits::commit_budget_part);
}

/// Tells apart orders of one millisecond: UlidMaker counts up within it.
unsigned count_in_millisecond(const Ulid& id) { return id.bytes[14] * 256u + id.bytes[15]; }

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
      own_(shared.journal, shared.vault, setup_.dialect),
      watch_(setup_.route.name, loop.random, shared.metrics) {
  if (setup_.route.fold_duplicates == Duration(0)) return;
  shared_.lookalikes.restore(setup_.route.name, [this] { return restore_lookalikes(); });
}

Task<Reply> ProtectedRoute::handle(Request&& request, std::shared_ptr<const Client> client, std::string request_id) {
  return tour(arrive(std::move(request), std::move(client), std::move(request_id)));
}

// The tour. Every request to a protected route walks through these five steps, forward only.
Task<Reply> ProtectedRoute::tour(VisitPtr visit) {
  const HeldBytes held(shared_.in_flight_bytes, visit->request.body.size());

  // Refuse
  if (auto refusal = refuse(*visit)) co_return std::move(*refusal);

  // Claim: the same key, the same answer
  Claim claim = co_await shared_.claims.claim(visit->intent, loop_.clock, visit->deadline);
  if (claim.kind() != Claim::Kind::ours) co_return answer_claimed(*visit, claim);
  visit->intent = claim.intent();
  send_key(*visit);
  if (visit->client->gone()) co_return left_early(*visit);
  if (!visit->is_charge()) {
    auto about_ours = co_await answer_about_ours(visit, claim);
    if (about_ours) co_return std::move(*about_ours);
    if (auto again = asked_again(*visit)) co_return std::move(*again);
  }

  // Forward: written down first, where the route says so; a trustworthy answer is passed on unchanged
  if (is_written_first(*visit)) {
    auto unwritten = co_await write_down(visit, claim);
    if (unwritten) co_return std::move(*unwritten);
  }
  visit->turn.reset();
  Forwarded forwarded = co_await forward(visit);
  if (is_definite(forwarded.outcome)) co_return co_await finish(visit, claim, forwarded);
  if (visit->voids) note_void_later(visit, forwarded);

  visit->doubted = shared_.claims.doubted(visit->intent, loop_.clock.now());
  if (visit->doubted) forwarded.outcome = Outcome::unknown;
  const auto earlier = shared_.claims.remembered(visit->intent, loop_.clock.now());
  // A no that was passed on says nothing of an attempt after it.
  const bool declined_before = earlier.declined && forwarded.outcome == Outcome::unknown;
  if (earlier.answer && !declined_before) co_return tell(*visit, Answered::recalled, *earlier.answer, &forwarded);
  if (shared_.claims.remembers_another_payload(visit->intent, loop_.clock.now())) {
    co_return reuse_of_key(visit, std::move(claim), forwarded);
  }
  if (visit->client->gone()) co_return co_await client_left(visit, claim, forwarded);
  if (!stands_in(*visit)) co_return pass_on(visit, std::move(claim), forwarded);
  if (!may_promise()) co_return promise_nothing(visit, std::move(claim), forwarded);

  // Decide
  Decision decision = declined_before ? decline_again(setup_.policy) : decide_now(*visit);
  if (decision.accept) reckon_with_forgotten(*visit, forwarded);

  // Keep: durable before said
  co_return co_await keep(visit, claim, forwarded, std::move(decision));
}

// --- refuse ---

ProtectedRoute::VisitPtr ProtectedRoute::arrive(Request&& request, std::shared_ptr<const Client> client,
                                                std::string request_id) {
  const Instant now = loop_.clock.now();
  const WallTime wall = loop_.clock.wall();
  const Mode mode = shared_.modes.of(setup_.route, wall);
  const Duration deadline = setup_.route.deadline;
  const Duration budget = stands_in(mode) || setup_.route.journalled ? commit_budget(deadline) : Duration(0);
  const TimeoutsConfig& timeouts = setup_.parties.front().party->config().timeouts;
  const Ulid id = shared_.ulids.make(wall);
  RequestReading reading = setup_.dialect->read(request);
  const Intent intent = identify(setup_.route, shared_.vault, request, reading, request_id);
  const bool folds = !intent.repeatable && this->folds(reading);
  const Intent taken = folds ? taken_for(intent, reading, now) : taken_about(intent, reading);
  return std::make_shared<Visit>(Visit{.request = std::move(request),
                                       .client = std::move(client),
                                       .request_id = std::move(request_id),
                                       .id = id,
                                       .reference = setup_.dialect->reference(id, count_in_millisecond(id)),
                                       .facts = std::move(reading.facts),
                                       .operation = reading.operation,
                                       .about = std::move(reading.about),
                                       .repeat_is_recognised = reading.repeat_is_recognised,
                                       .intent = taken,
                                       .folds = folds || taken.repeatable != intent.repeatable,
                                       .mode = mode,
                                       .arrived = now,
                                       .answer_by = now + std::min(timeouts.response, deadline - budget),
                                       .listen_until = now + timeouts.listen_late,
                                       .deadline = now + deadline,
                                       .arrived_wall = wall,
                                       .created = wall});
}

/// Docs/semantics.md, "Duplicates without a key". Two that both name no reference may well be two purchases.
Intent ProtectedRoute::taken_for(const Intent& intent, const RequestReading& reading, Instant arrived) {
  const Facts& facts = *reading.facts;
  if (facts.reference.empty() || facts.card.empty() || !facts.amount) return intent;
  std::string looks = setup_.route.name + (reading.hold ? "\nhold" : "");
  for (const std::string& part : {intent.tenant, facts.merchant, facts.card, text(*facts.amount), facts.reference}) {
    looks += "\n" + std::to_string(part.size()) + ":" + part;
  }
  return shared_.lookalikes.first(shared_.vault.payload_digest(looks), intent, arrived, setup_.route.fold_duplicates);
}

bool ProtectedRoute::folds(const RequestReading& reading) const {
  return setup_.route.fold_duplicates > Duration(0) && reading.repeat_is_recognised &&
         reading.operation == Operation::charge && reading.facts;
}

// An order says what it looked like, and its request whether it may be taken for another.
bool ProtectedRoute::restore_lookalikes() {
  const WallTime wall = loop_.clock.wall();
  const WallTime since = wall - std::chrono::ceil<std::chrono::milliseconds>(setup_.route.fold_duplicates);
  auto rows = shared_.journal.orders(
      {.route = setup_.route.name, .since = since, .include_live = true, .limit = limits::lookalikes});
  if (!rows) {
    Log::error("window_not_restored", "route " + setup_.route.name + ": " + rows.error().what);
    return false;
  }
  for (const OrderRow& order : std::views::reverse(*rows)) {
    const auto known = shared_.journal.recall(order.key);
    const auto sealed = known ? shared_.journal.request(order.id) : failure("another order's", "journal");
    const auto wire = sealed ? shared_.vault.open(*sealed, request_context(order.id)) : std::unexpected(sealed.error());
    const auto request = wire ? request_from_wire(*wire) : std::nullopt;
    if (!request) continue;
    RequestReading reading = setup_.dialect->read(*request);
    if (!folds(reading)) continue;
    reading.facts = order.facts;                                                  // of what is not kept, too
    const auto age = std::max(wall - order.created, WallTime::duration::zero());  // the clock may have been set back
    taken_for({.key = order.key, .payload = known->payload, .tenant = order.tenant}, reading, loop_.clock.now() - age);
  }
  return true;
}

std::optional<Reply> ProtectedRoute::refuse(const Visit& visit) {
  if (!setup_.route.key_required || !visit.is_charge() || visit.intent.repeatable) return std::nullopt;
  return tell(visit, Answered::rejected, refusal(visit, Refusal::key_missing));
}

Response ProtectedRoute::refusal(const Visit& visit, Refusal why) const {
  if (auto own = setup_.dialect->refuse(why, visit.context(loop_.clock.wall()))) return std::move(*own);
  switch (why) {
    case Refusal::key_missing:
      return problem(400, "Idempotency key missing", "This endpoint needs an idempotency key; send one and try again.");
    case Refusal::other_payload:
      return problem(422, "Idempotency key reused", "This key was used with another request; use a new key.");
    case Refusal::in_progress:
      return problem(409, "Request in progress", "The first request with this key is not finished; try again later.");
    case Refusal::answer_gone:
      return problem(422, "Answer no longer kept", "This key was answered before; look the order up by its reference.");
    case Refusal::withdrawn:
      return problem(409, "Order withdrawn",
                     "The answer to this order did not arrive, and it was undone; order again with a new key.");
    case Refusal::not_found: return problem(404, "Not found", "There is no such order.");
    case Refusal::ended: return problem(409, "Order withdrawn", "This order was cancelled before.");
    case Refusal::not_yet:
      return problem(409, "Not possible yet", "This cannot be done with this order, or not until it is delivered.");
    case Refusal::refused: return problem(409, "Not possible", "The state of this order does not allow this.");
    case Refusal::not_reached:
      return problem(502, "Bad gateway", "The upstream could not be reached; nothing was sent to it.");
    case Refusal::no_answer:
      return problem(504, "Gateway timeout",
                     "The upstream gave no answer; whether it acted on the request is not known to this proxy.");
  }
  unreachable();
}

// --- claim ---

Reply ProtectedRoute::answer_claimed(const Visit& visit, const Claim& claim) {
  const auto refused = [&](Refusal why) { return tell(visit, Answered::rejected, refusal(visit, why)); };
  switch (claim.kind()) {
    case Claim::Kind::ours: break;
    case Claim::Kind::answered: return give_again(visit, claim);
    case Claim::Kind::unheard: return tell_unheard(visit, *claim.order());
    case Claim::Kind::other_payload: return refused(Refusal::other_payload);
    case Claim::Kind::in_progress: return refused(Refusal::in_progress);
    case Claim::Kind::unreadable: return refused(Refusal::answer_gone);
    case Claim::Kind::withdrawn: return refused(Refusal::withdrawn);
  }
  unreachable();
}

// An order that waits for this very retry is on its way again, unless no answer of it arrives.
Reply ProtectedRoute::give_again(const Visit& visit, const Claim& claim) {
  Response answer = visit.folds ? setup_.dialect->marked_duplicate(claim.answer()) : claim.answer();
  Reply reply = tell(visit, Answered::recalled, std::move(answer));
  const DeliveriesPtr& deliveries = claim.deliveries();
  if (!deliveries) return reply;
  if (claim.order()) spawn(loop_.executor, release_for_retry(shared_from_this(), deliveries));
  reply.undelivered = [self = shared_from_this(), deliveries] { self->not_delivered(deliveries); };
  return reply;
}

// The finder found it at the party after a crash: the party's own answer is gone, its reference is not.
Reply ProtectedRoute::tell_unheard(const Visit& visit, const Ulid& id) {
  const auto rows = shared_.journal.orders({.id = id});
  if (!rows || rows->empty()) return tell(visit, Answered::rejected, refusal(visit, Refusal::answer_gone));
  AnswerContext context = visit.context(rows->front().created);
  context.id = id;
  context.key = rows->front().key;
  const bool elsewhere = rows->front().upstream != setup_.parties.front().party->config().name;
  context.reference = elsewhere ? rows->front().reference : rows->front().upstream_reference;
  return tell(visit, Answered::recalled, setup_.dialect->approve(context));
}

/// The same refund or capture without a key, made by the client's own party or not known to be: docs/semantics.md, "Two
/// that look alike". A void is asked for again.
std::optional<Reply> ProtectedRoute::asked_again(const Visit& visit) {
  if (!visit.folds || visit.amends || visit.operation == Operation::cancel) return std::nullopt;
  const Instant now = loop_.clock.now();
  const auto earlier = shared_.claims.remembered(visit.intent, now);
  if (earlier.answer) return tell(visit, Answered::recalled, setup_.dialect->marked_duplicate(*earlier.answer));
  if (!shared_.claims.doubted(visit.intent, now)) return std::nullopt;
  return tell(visit, Answered::rejected, refusal(visit, Refusal::in_progress));
}

// Nothing was sent: what came late, or waited long, may be something that its client has made good since.
Reply ProtectedRoute::left_early(const Visit& visit) {
  shared_.metrics.client_went_away(setup_.route.name, false);
  return say_unavailable(visit, {.outcome = Outcome::not_done, .cause = Cause::timed_out_in_queue});
}

// Its party answered another payload under this key, and would refuse this one.
Reply ProtectedRoute::reuse_of_key(const VisitPtr& visit, Claim claim, const Forwarded& forwarded) {
  let_go(visit, std::move(claim), forwarded);
  return tell(*visit, Answered::rejected, refusal(*visit, Refusal::other_payload), &forwarded);
}

/// A party that goes by keys gets the order's own where the client sent none: that of the order that the claim found it
/// to be, not that of an earlier one of the same facts.
void ProtectedRoute::send_key(Visit& visit) const {
  const bool has_key = visit.intent.repeatable || visit.folds;
  if (!visit.is_charge() || visit.intent.from_client || !has_key) return;
  visit.request = setup_.dialect->keyed(std::move(visit.request), visit.intent.key);
}

// --- decide ---

/// What an earlier process was asked and did not write down, nobody remembers: what is promised meanwhile is looked for
/// before it is delivered.
void ProtectedRoute::reckon_with_forgotten(Visit& visit, Forwarded& forwarded) {
  const UpstreamConfig& party = setup_.parties.front().party->config();
  const bool recognised = party.duplicates == Duplicates::keyed && party.duplicates_window == Duration::max();
  if (visit.written || recognised || !party.finder) return;
  const Instant now = loop_.clock.now();
  if (!shared_.claims.may_have_forgotten(visit.intent, now)) return;
  constexpr auto remembered_for = std::chrono::ceil<WallTime::duration>(limits::definite_answer_kept);
  visit.doubted = Claims::Doubt{.heard_by = visit.doubted ? visit.doubted->heard_by : now,
                                .sent_at = visit.arrived_wall - remembered_for};
  forwarded.outcome = Outcome::unknown;
}

/// Whether the journal can be written, only writing tells: a full disk may have room again.
bool ProtectedRoute::may_promise() const { return shared_.in_flight_bytes <= setup_.in_flight_bytes_max; }

/// Said to the party, and so what `decide_now` is to come to.
bool ProtectedRoute::would_accept(Visit& visit) {
  if (!visit.facts) return false;
  if (!visit.counted) visit.counted = Counters{.exposure = shared_.journal.exposure()};
  return accepts(*visit.facts, nullptr, *visit.counted, setup_.policy, loop_.clock.wall());
}

Decision ProtectedRoute::decide_now(const Visit& visit) {
  if (!visit.facts) {
    shared_.metrics.facts_unreadable(setup_.route.name, visit.facts.error().where, true);
    Log::warn("declined_unreadable", "route " + setup_.route.name + ": " + visit.facts.error().what);
    return decline_unreadable(visit.facts.error().what, setup_.policy);
  }
  const Counters counters = visit.counted ? *visit.counted : Counters{.exposure = shared_.journal.exposure()};
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
