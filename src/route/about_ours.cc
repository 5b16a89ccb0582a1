// Voids, captures, refunds and reads that name an order of ours (docs/semantics.md, "Requests about an order that is
// still ours").
#include <algorithm>

#include "base/limits.h"
#include "route/protected_route.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// Where an order is, as far as a request about it is concerned.
enum class Stage {
  open,       ///< said yes, not collected yet
  collected,  ///< the party has it, under its own reference
  withdrawn,  ///< or to be
  nothing,    ///< nothing was, or will be, collected
};

Stage stage_of(State state) {
  switch (state) {
    case State::accepted:
    case State::replaying:
    case State::held: return Stage::open;
    case State::settled:
    case State::matched:
    case State::collected: return Stage::collected;
    case State::cancelling:
    case State::cancelled: return Stage::withdrawn;
    case State::refused:
    case State::written_off:
    case State::declined:
    case State::reversing:
    case State::reversed:
    case State::charging:
    case State::lapsed: return Stage::nothing;
  }
  unreachable();
}

Decision said_already() {
  return {.accept = true,
          .verdicts = {{"order", true, "about an order that was accepted, to be done after it"}},
          .policy_version = ""};
}

}  // namespace

// The order that the request names is followed until it can be answered about: a replay in progress finishes first.
Task<std::optional<Reply>> ProtectedRoute::answer_about_ours(VisitPtr visit, Claim& claim) {
  while (auto order = named_order(*visit)) {
    switch (stage_of(order->state)) {
      case Stage::nothing: co_return tell(*visit, Answered::rejected, refusal(*visit, Refusal::not_found));
      case Stage::collected: co_return pass_to_party(*visit, *order);
      case Stage::withdrawn: co_return co_await answer_as_is(visit, std::move(claim), std::move(*order));
      case Stage::open: break;
    }
    if (visit->operation == Operation::read) co_return co_await answer_as_is(visit, std::move(claim), *order);
    if (visit->operation != Operation::cancel) co_return co_await keep_behind(visit, std::move(claim), *order);
    const Applied withdrawn = co_await withdraw(order->id);
    if (withdrawn == Applied::applied) co_return co_await answer_as_is(visit, std::move(claim), std::move(*order));
    const Instant again = loop_.clock.now() + limits::look_again;
    if (withdrawn == Applied::failed || again >= visit->answer_by) {
      co_return tell(*visit, Answered::rejected, refusal(*visit, Refusal::in_progress));
    }
    co_await loop_.clock.sleep_until(again);
  }
  co_return std::nullopt;
}

/// Of the same tenant alone: nobody can see or undo another's order.
std::optional<OrderRow> ProtectedRoute::named_order(const Visit& visit) {
  if (visit.about.empty() || visit.operation == Operation::charge || visit.operation == Operation::other) return {};
  const auto named = setup_.dialect->own_reference(visit.about);
  if (!named) return {};
  const auto rows = shared_.journal.orders({.id = named->id, .id_made = named->added});
  if (!rows) return {};
  const auto found = std::ranges::find_if(*rows, [&](const OrderRow& row) {
    const bool is_named = named->id || row.reference == visit.about;
    return is_named && !row.shadow && row.tenant == visit.intent.tenant;
  });
  return found == rows->end() ? std::nullopt : std::optional(*found);
}

/// Under the party's own reference, as any other request; nothing to answer here.
std::optional<Reply> ProtectedRoute::pass_to_party(Visit& visit, const OrderRow& order) {
  const auto bound = std::ranges::find_if(
      setup_.parties, [&](const PartyLink& link) { return link.party->config().name == order.upstream; });
  if (bound != setup_.parties.begin() || order.upstream_reference.empty()) {
    return tell(visit, Answered::rejected, refusal(visit, Refusal::not_found));
  }
  visit.request = setup_.dialect->about_upstream(std::move(visit.request), order.upstream_reference);
  visit.about = order.upstream_reference;
  return std::nullopt;
}

Task<Applied> ProtectedRoute::withdraw(Ulid order) {
  co_return co_await shared_.journal.apply(Change{.lease = {order, 0},
                                                  .to = State::cancelling,
                                                  .who = "client",
                                                  .why = "voided by the client",
                                                  .due = loop_.clock.wall()});
}

Result<Response> ProtectedRoute::response_about(const Visit& visit, const OrderRow& order) {
  const auto sealed_request = shared_.journal.request(order.id);
  if (!sealed_request) return std::unexpected(sealed_request.error());
  const auto sealed_answer = shared_.journal.answer(order.id);
  if (!sealed_answer) return std::unexpected(sealed_answer.error());
  const auto request_wire = shared_.vault.open(*sealed_request, request_context(order.id));
  if (!request_wire) return std::unexpected(request_wire.error());
  const auto answer_wire = shared_.vault.open(*sealed_answer, answer_context(order.id));
  if (!answer_wire) return std::unexpected(answer_wire.error());
  const auto request = request_from_wire(*request_wire);
  const auto answer = response_from_wire(*answer_wire);
  if (!request || !answer || !order.facts.amount) return failure("the order cannot be read back", "journal");
  const OwnOrder own{.reference = order.reference,
                     .amount = *order.facts.amount,
                     .request = *request,
                     .answer = *answer,
                     .cancelled = stage_of(order.state) == Stage::withdrawn,
                     .created = order.created};
  auto about = setup_.dialect->answer_about(visit.operation, own, visit.context(loop_.clock.wall()));
  if (!about) return failure("this dialect answers nothing about an order", "dialect");
  return std::move(*about);
}

Task<std::optional<Reply>> ProtectedRoute::answer_as_is(VisitPtr visit, Claim claim, OrderRow order) {
  const auto answer = response_about(*visit, order);
  if (!answer) co_return tell(*visit, Answered::rejected, refusal(*visit, Refusal::answer_gone));
  claim.finish(*answer);
  co_return tell(*visit, Answered::accepted, *answer);
}

// A capture or refund is done after the charge that it is about, when the party's reference is known.
Task<std::optional<Reply>> ProtectedRoute::keep_behind(VisitPtr visit, Claim claim, OrderRow order) {
  const auto answer = response_about(*visit, order);
  if (!answer) co_return tell(*visit, Answered::rejected, refusal(*visit, Refusal::answer_gone));
  if (setup_.dialect->judge(*answer).outcome != Outcome::approved) {
    co_return tell(*visit, Answered::rejected, *answer);
  }
  if (!visit->facts || !visit->facts->amount) {
    visit->facts = visit->facts.value_or(Facts{});
    visit->facts->amount = order.facts.amount;
  }
  NewOrder behind =
      new_order(*visit, {.outcome = Outcome::not_done, .cause = Cause::breaker}, said_already(), &*answer);
  behind.behind = order.id;
  behind.upstream = order.upstream;
  behind.caps.clear();
  const auto keeping = start_keeping(std::move(behind));
  const auto kept = co_await keeping->wait_until(loop_.clock, visit->deadline);
  if (kept == Kept::kept) {
    claim.finish(*answer);
    co_return tell(*visit, Answered::accepted, *answer);
  }
  if (!kept || kept == Kept::unknown) claim.leave_in_doubt();
  co_return say_unavailable(*visit, {.outcome = Outcome::not_done, .cause = Cause::breaker});
}

}  // namespace standin
