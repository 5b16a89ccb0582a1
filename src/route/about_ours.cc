// Voids, captures, refunds and reads that name an order of ours (docs/semantics.md, "Requests about an order that is
// still ours"), and voids of what a party answered itself.
#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"
#include "route/protected_route.h"
#include "telemetry/log.h"

namespace standin {
namespace {

Decision said_already() {
  return {.accept = true,
          .verdicts = {{"order", true, "about an order that was accepted, to be done after it"}},
          .policy_version = ""};
}

/// The party has it, under a name: its void is written down and asked for.
bool can_be_voided(const OrderRow& order) {
  return order.state != State::collected && !order.upstream_reference.empty();
}

/// Of what is committed only after its client was told "unavailable": the next about the charge, and the retry, wait
/// for the commit.
Task<> kept_late(std::shared_ptr<Visit> visit, Claim claim, Response answer, std::shared_ptr<OneShot<Kept>> keeping) {
  const Kept kept = co_await keeping->wait();
  visit->turn.reset();
  if (kept == Kept::kept) claim.finish(std::make_shared<const Response>(std::move(answer)));
  if (kept == Kept::unknown) claim.leave_in_doubt();
}

bool takes_turns(Operation operation) { return operation == Operation::capture || operation == Operation::refund; }

}  // namespace

/// Two that look alike are one: a client that did not hear of its refund asks for it again.
Intent ProtectedRoute::taken_about(Intent intent, const RequestReading& reading) const {
  const bool ours = setup_.dialect->own_reference(reading.about).has_value();
  if (intent.repeatable || !ours || !amendment_kind(reading.operation)) return intent;
  intent.key = shared_.vault.order_key(intent.tenant, setup_.route.name, "about " + intent.payload.hex());
  intent.repeatable = true;
  intent.window = limits::definite_answer_kept;
  return intent;
}

// The order that the request names is followed until it can be answered about: a replay in progress finishes first, and
// so does another request's void.
Task<std::optional<Reply>> ProtectedRoute::answer_about_ours(VisitPtr visit, Claim& claim) {
  while (true) {
    const auto named = named_order(*visit);
    if (!named) co_return reject(*visit, Refusal::in_progress);
    if (!*named && own_.is_named(*visit)) co_return reject(*visit, Refusal::not_found);
    if (!*named) co_return std::nullopt;
    const auto& [order, stage] = **named;
    const bool cancels = visit->operation == Operation::cancel && !order.behind;
    if (cancels && stage == Stage::open) {
      const Applied withdrawn = co_await withdraw(order.id);
      if (withdrawn == Applied::applied) co_return co_await answer_as_is(visit, std::move(claim), order);
      if (withdrawn == Applied::failed) co_return reject(*visit, Refusal::in_progress);
    } else if (cancels && (stage == Stage::collected || stage == Stage::voiding) && can_be_voided(order)) {
      const bool begun = co_await begin_void(visit, order);
      if (begun) co_return pass_void(visit, order);
    } else {
      co_return co_await answer_at_stage(visit, claim, order, stage);
    }
    const Instant again = loop_.clock.now() + limits::look_again;
    if (again >= visit->answer_by) co_return reject(*visit, Refusal::in_progress);
    co_await loop_.clock.sleep_until(again);
  }
}

/// By our reference, or, for a void, by the first party's of what it has. What else names its own is its to answer.
Result<std::optional<ProtectedRoute::Named>> ProtectedRoute::named_order(const Visit& visit) const {
  const bool ours = own_.is_named(visit);
  if (!ours && visit.operation != Operation::cancel) return std::nullopt;
  const std::string& first = setup_.parties.front().party->config().name;
  auto order = ours ? own_.named(visit) : own_.named_as_at(first, visit);
  if (!order) return std::unexpected(order.error());
  if (!*order) return std::nullopt;
  const auto stage = own_.stage(**order);
  if (!stage) return std::unexpected(stage.error());
  if (!ours && *stage != Stage::collected && *stage != Stage::voiding) return std::nullopt;
  return Named{std::move(**order), *stage};
}

Task<std::optional<Reply>> ProtectedRoute::answer_at_stage(VisitPtr visit, Claim& claim, OrderRow order, Stage stage) {
  const bool unknown = visit->operation == Operation::other;
  const bool asks_about_request = order.behind && visit->operation != Operation::read;
  switch (stage) {
    case Stage::nothing: co_return reject(*visit, Refusal::not_found);
    case Stage::voiding:
      if (visit->operation != Operation::read) co_return reject(*visit, Refusal::in_progress);
      order.state = State::settled;
      co_return co_await answer_collected(visit, claim, std::move(order));
    case Stage::collected: co_return co_await answer_collected(visit, claim, std::move(order));
    case Stage::withdrawn:
      if (unknown) co_return reject(*visit, Refusal::ended);
      co_return co_await answer_as_is(visit, std::move(claim), std::move(order));
    case Stage::open: break;
  }
  if (unknown || asks_about_request) co_return reject(*visit, Refusal::not_yet);
  if (visit->operation == Operation::read) co_return co_await answer_as_is(visit, std::move(claim), std::move(order));
  const bool turn = co_await take_turn(visit, order);
  if (!turn) co_return reject(*visit, Refusal::in_progress);
  co_return co_await keep_behind(visit, std::move(claim), std::move(order));
}

// Its party counts what it has done itself; what it has not had yet, and what is done at a party that the client does
// not know, is counted here.
Task<std::optional<Reply>> ProtectedRoute::answer_collected(VisitPtr visit, Claim& claim, OrderRow order) {
  const bool elsewhere = order.upstream != setup_.parties.front().party->config().name;
  const bool reads = visit->operation == Operation::read;
  if (elsewhere && reads) co_return co_await answer_as_is(visit, std::move(claim), std::move(order));
  if (elsewhere && !takes_turns(visit->operation)) co_return reject(*visit, Refusal::not_yet);
  if (takes_turns(visit->operation)) {
    const bool turn = co_await take_turn(visit, order);
    const auto waits = own_.any_waits(order);
    if (!turn || !waits) co_return reject(*visit, Refusal::in_progress);
    if (claim.order()) visit->id = *claim.order();  // asked again: its own order is not counted
    if (elsewhere || *waits) {
      const auto answer = own_.answer(*visit, order, loop_.clock.wall());
      if (!answer) co_return reject(*visit, Refusal::answer_gone);
      const bool granted = setup_.dialect->judge(*answer).outcome == Outcome::approved;
      if (!granted) co_return tell(*visit, Answered::rejected, *answer);
    }
  }
  co_return pass_to_party(*visit, order);
}

/// Under the party's own reference, in its own words; nothing to answer here.
std::optional<Reply> ProtectedRoute::pass_to_party(Visit& visit, const OrderRow& order) {
  const auto bound = std::ranges::find_if(
      setup_.parties, [&](const PartyLink& link) { return link.party->config().name == order.upstream; });
  if (bound == setup_.parties.end() || order.upstream_reference.empty()) return reject(visit, Refusal::not_found);
  if (bound == setup_.parties.begin()) {
    if (own_.is_named(visit)) {
      visit.request = setup_.dialect->about_upstream(std::move(visit.request), order.upstream_reference);
    }
    visit.about = order.upstream_reference;
    return std::nullopt;
  }
  auto amendment = own_.amendment(visit, order);
  if (!amendment) {
    Log::warn("not_amended", "order " + order.id.text() + ": " + amendment.error().what);
    return reject(visit, Refusal::answer_gone);
  }
  visit.facts = visit.facts.value_or(Facts{});
  visit.facts->amount = amendment->amount;
  visit.amends = std::make_unique<Visit::Amends>(order, std::move(*amendment));
  visit.party = static_cast<std::size_t>(bound - setup_.parties.begin());
  visit.bound_to = visit.party;
  visit.repeat_is_recognised = bound->party->config().duplicates == Duplicates::keyed;
  return std::nullopt;
}

// What two ask about one charge at once is counted one after the other, until it is durable.
Task<bool> ProtectedRoute::take_turn(VisitPtr visit, OrderRow order) {
  const Intent turn{.key = shared_.vault.order_key(order.tenant, "", "about " + order.id.text()),
                    .tenant = order.tenant};
  Claim claim = co_await shared_.claims.claim(turn, loop_.clock, visit->deadline);
  if (claim.kind() != Claim::Kind::ours) co_return false;
  visit->turn = std::make_unique<Claim>(std::move(claim));
  co_return true;
}

// Written down before it is sent: after a crash its sale is not approved again before it is known whether it stands.
Task<bool> ProtectedRoute::begin_void(VisitPtr visit, OrderRow order) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(visit->listen_until - loop_.clock.now() + limits::lease_margin);
  const WallTime now = loop_.clock.wall();
  const Attempt attempt{.kind = "void", .target = order.upstream, .started = now, .open = true};
  visit->voids = co_await shared_.journal.lease(order.id, "client", now + left, attempt);
  co_return visit->voids.has_value();
}

std::optional<Reply> ProtectedRoute::pass_void(VisitPtr visit, OrderRow order) {
  order.state = State::settled;
  auto refused = pass_to_party(*visit, order);
  if (refused) note_void_later(visit, {.outcome = Outcome::not_done});
  return refused;
}

Task<Applied> ProtectedRoute::withdraw(Ulid order) {
  co_return co_await shared_.journal.apply(Change{.lease = {order, 0},
                                                  .to = State::cancelling,
                                                  .who = "client",
                                                  .why = "voided by the client",
                                                  .due = loop_.clock.wall()});
}

Task<std::optional<Reply>> ProtectedRoute::answer_as_is(VisitPtr visit, Claim claim, OrderRow order) {
  const auto answer = own_.answer(*visit, order, loop_.clock.wall());
  if (!answer) co_return reject(*visit, Refusal::answer_gone);
  claim.finish(std::make_shared<const Response>(*answer));
  co_return tell(*visit, Answered::accepted, *answer);
}

// A capture or refund is done after the charge that it is about, when the party's reference is known.
Task<std::optional<Reply>> ProtectedRoute::keep_behind(VisitPtr visit, Claim claim, OrderRow order) {
  const auto answer = own_.answer(*visit, order, loop_.clock.wall());
  if (!answer) co_return reject(*visit, Refusal::answer_gone);
  if (setup_.dialect->judge(*answer).outcome != Outcome::approved) {
    co_return tell(*visit, Answered::rejected, *answer);
  }
  const auto amendment = own_.amendment(*visit, order);
  if (!amendment) co_return reject(*visit, Refusal::answer_gone);
  visit->facts = visit->facts.value_or(Facts{});
  visit->facts->amount = amendment->amount;
  NewOrder behind =
      new_order(*visit, {.outcome = Outcome::not_done, .cause = Cause::breaker}, said_already(), &*answer);
  behind.shadow = planted(Bug::refund_kept_as_shadow) && visit->mode == Mode::shadow;
  behind.behind = order.id;
  behind.upstream = order.upstream;
  behind.caps.clear();
  const auto keeping = start_keeping(std::move(behind));
  const auto kept = co_await keeping->wait_until(loop_.clock, visit->deadline);
  if (kept == Kept::kept) {
    claim.finish(std::make_shared<const Response>(*answer));
    co_return tell(*visit, Answered::accepted, *answer);
  }
  if (kept == Kept::unknown) claim.leave_in_doubt();
  if (!kept) spawn(loop_.executor, kept_late(visit, std::move(claim), *answer, keeping));
  co_return say_unavailable(*visit, {.outcome = Outcome::not_done, .cause = Cause::breaker});
}

Reply ProtectedRoute::reject(const Visit& visit, Refusal why) {
  return tell(visit, Answered::rejected, refusal(visit, why));
}

}  // namespace standin
