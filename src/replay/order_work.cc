#include "replay/order_work.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/planted.h"
#include "journal/consequence.h"
#include "telemetry/log.h"
#include "upstream/breaker_key.h"

namespace standin {
namespace {

/// A capture or refund looks this often whether its charge is delivered: nobody waits for it.
constexpr Duration wait_for_charge = std::chrono::seconds(3);
/// A delivery that did not leave is tried again after this and up to half as much: the party's breaker and the replay's
/// pace see to it that it is not asked too often.
constexpr Duration unsent_waits = std::chrono::seconds(1);

Worked::Kind worked_as(State state) {
  switch (state) {
    case State::settled: return Worked::Kind::settled;
    case State::matched: return Worked::Kind::matched;
    case State::refused: return Worked::Kind::refused;
    case State::held: return Worked::Kind::held;
    case State::accepted:
    case State::replaying: return Worked::Kind::failed;
    case State::cancelled:
    case State::reversed:
    case State::declined:
    case State::lapsed: return Worked::Kind::undone;
    case State::reversing:
    case State::cancelling:
    case State::charging: return Worked::Kind::idle;
    case State::collected:
    case State::written_off: return Worked::Kind::asked;
  }
  unreachable();
}

Worked failed(std::string why) { return {.kind = Worked::Kind::failed, .why = std::move(why)}; }

bool left(const Forwarded& forwarded) { return forwarded.response || forwarded.outcome != Outcome::not_done; }

std::string said(const Forwarded& forwarded) {
  if (forwarded.response) return fmt::format("status {}", forwarded.response->status);
  return left(forwarded) ? forwarded.error : not_asked(forwarded.error);
}

OrderKind kind_of(Operation operation) {
  switch (operation) {
    case Operation::capture: return OrderKind::capture;
    case Operation::refund: return OrderKind::refund;
    case Operation::charge:
    case Operation::cancel:
    case Operation::read:
    case Operation::other: return OrderKind::charge;
  }
  unreachable();
}

State concluded(State state) {
  if (state == State::cancelling) return State::cancelled;
  return state == State::reversing ? State::reversed : State::lapsed;
}

}  // namespace

Lane OrderWork::lane_of(const OrderRow& order) const {
  const bool by_itself = is_withdrawn(order.state) || is_intent(order);
  const Counterparty* const party = route_.party_of(order);
  const bool listed = party && party->queries->finding() == PartyQueries::Finding::by_listing;
  if (listed && is_intent(order) && !order.behind) return Lane::looking;
  const bool asks = order.unresolved && order.upstream_reference.empty() && !order.behind;
  if (listed && asks) {
    const std::vector<Attempt> none;
    if (by_itself || !repeat_is_recognised({order, none, party->party->config()}, now())) return Lane::looking;
  }
  return by_itself ? Lane::undoing : Lane::delivering;
}

bool OrderWork::is_let_through(const OrderRow& order) const {
  const Counterparty* const party = route_.party_of(order);
  if (!party) return true;
  return party->party->lets_through(breaker_key(party->party->config().breaker.key, order.facts));
}

bool OrderWork::searches_listings() const {
  return std::ranges::any_of(route_.parties, [](const auto& entry) {
    return entry.second.queries->finding() == PartyQueries::Finding::by_listing;
  });
}

Task<Worked> OrderWork::work(OrderRow order, Lane lane) {
  auto gathered = gather(std::move(order));
  if (!gathered) co_return failed(gathered.error().what);
  if (!*gathered) co_return Worked{};
  std::optional<Matter>& matter = *gathered;
  if (!route_.party_of(matter->order)) {
    co_return co_await ask_person(matter->order, "is bound to " + matter->order.upstream +
                                                     ", which its route has no more: look it up there by hand");
  }
  const Step step = next_step(known(*matter), now());
  switch (step.kind) {
    case Step::Kind::replay:
      if (lane != Lane::delivering) co_return Worked{};
      co_return co_await replay(std::move(*matter));
    case Step::Kind::find: co_return co_await find(std::move(*matter));
    case Step::Kind::reverse: co_return co_await reverse(std::move(*matter));
    case Step::Kind::nothing_stands: co_return co_await in_turn(conclude(std::move(matter->order)));
    case Step::Kind::wait_for_retry:
    case Step::Kind::wait_for_charge: co_return Worked{.rest = wait_for_charge};
    case Step::Kind::charge_came_to_nothing: co_return co_await withdraw(std::move(*matter));
    case Step::Kind::ask_person: co_return co_await in_turn(ask_person(std::move(matter->order), step.why));
  }
  unreachable();
}

Result<std::optional<OrderWork::Matter>> OrderWork::gather(OrderRow order) const {
  // Read again: since it was listed, somebody else may have made an attempt that nobody knows the end of. An intent's
  // lease tells, and there may be very many of them.
  if (order.state != State::charging) {
    auto rows = ports_.journal.orders({.id = order.id});
    if (!rows) return std::unexpected(rows.error());
    if (rows->empty() || rows->front().token != order.token) return std::nullopt;
    order = std::move(rows->front());
  }
  auto attempts = ports_.journal.attempts(order.id);
  if (!attempts) return std::unexpected(attempts.error());
  Matter matter{.order = std::move(order), .attempts = std::move(*attempts)};
  if (matter.order.behind) {
    auto rows = ports_.journal.orders({.id = *matter.order.behind});
    if (!rows) return std::unexpected(rows.error());
    if (!rows->empty()) matter.charge = std::move(rows->front());
    if (matter.charge) matter.order.upstream = matter.charge->upstream;
    const auto beside = ports_.journal.orders({.behind = matter.order.behind});
    if (!beside) return std::unexpected(beside.error());
    matter.earlier_waits = std::ranges::any_of(*beside, [&](const OrderRow& other) {
      const bool open = other.state == State::accepted || other.state == State::replaying || other.state == State::held;
      return open && other.id < matter.order.id;
    });
  }
  // A second approval of one order, to be undone, has no request but the first one's.
  const bool sibling = matter.order.behind && matter.order.state == State::reversing;
  matter.kept = read_kept(matter.order.id);
  if (!matter.kept && sibling) matter.kept = read_kept(*matter.order.behind);
  if (!matter.kept || is_intent(matter.order)) return matter;
  const RequestReading reading = route_.dialect->read(*matter.kept);
  matter.repeat_is_recognised = reading.repeat_is_recognised;
  matter.operation = reading.operation;
  const Counterparty* const party = route_.party_of(matter.order);
  const bool rewritten = party && matter.order.behind && matter.order.upstream != route_.route.upstream;
  if (rewritten) matter.repeat_is_recognised = party->party->config().duplicates == Duplicates::keyed;
  if (matter.order.facts.network.empty() && reading.facts) matter.order.facts.network = reading.facts->network;
  return matter;
}

OrderKnown OrderWork::known(const Matter& matter) const {
  return {.order = matter.order,
          .attempts = matter.attempts,
          .party = party_of(matter).party->config(),
          .repeat_is_recognised = matter.repeat_is_recognised,
          .charge = matter.charge ? &*matter.charge : nullptr,
          .earlier_waits = matter.earlier_waits};
}

Task<Worked> OrderWork::replay(Matter matter) {
  auto request = outgoing(matter);
  if (!request) co_return co_await ask_person(std::move(matter.order), "cannot be replayed: " + request.error().what);
  const bool may_repeat = repeat_is_recognised(known(matter), now());
  const Instant begun = ports_.clock.now();
  const auto lease = co_await take(matter.order, "replay");
  if (!lease) co_return Worked{};
  const WallTime started = now();
  const auto dialect = party_of(matter).dialect;
  Judge judge = [dialect](const Response& response) {
    const Judgement judgement = dialect->judge(response);
    return Judged{judgement.outcome, judgement.cause, judgement.said_of_order() != judgement.outcome};
  };
  const Forwarded forwarded = co_await send(matter, begun, std::move(*request), std::move(judge), may_repeat);
  const Judgement judgement = forwarded.response ? dialect->judge(*forwarded.response) : Judgement{};
  // A capture keeps the reference of its hold, which is the hold's.
  const bool is_its_charges = matter.charge && judgement.upstream_reference == matter.charge->upstream_reference;
  AttemptEnd end{.attempt = {.kind = "replay",
                             .target = {},
                             .started = started,
                             .outcome = forwarded.outcome,
                             .detail = said(forwarded)},
                 .already_there = judgement.already_there,
                 .upstream_reference = is_its_charges ? std::string() : judgement.upstream_reference,
                 .now = now(),
                 .kind = kind_of(matter.operation)};
  Worked worked{.pause = judgement.pause_replay, .why = end.attempt.detail};
  // One stale credential must not turn a thousand orders into refusals.
  if (end.attempt.outcome == Outcome::declined) end.attempt.outcome = judgement.said_of_order();
  end.again = later(matter, forwarded);
  ports_.metrics.replay_attempt(matter.order.route, end.attempt.outcome);
  Change change = consequence(*lease, State::replaying, end, ports_.owner);
  if (end.attempt.outcome == Outcome::approved) change.settled_part = judgement.less_than(matter.order.facts.amount);
  worked.kind = worked_as(change.to);
  co_return co_await record(std::move(matter.order), std::move(change), std::move(worked));
}

Task<Worked> OrderWork::conclude(OrderRow order) {
  const auto lease = co_await take(order, "conclusion");
  if (!lease) co_return Worked{};
  Change change{.lease = *lease,
                .to = concluded(order.state),
                .who = ports_.owner,
                .why = "no attempt can have happened",
                .attempt = Attempt{.kind = "conclusion", .started = now(), .outcome = Outcome::not_done}};
  co_return co_await record(std::move(order), std::move(change), Worked{.kind = Worked::Kind::undone});
}

// By way of cancelling, which knows what to do should an attempt have happened after all.
Task<Worked> OrderWork::withdraw(Matter matter) {
  const OrderRow& order = matter.order;
  const std::string what = matter.operation == Operation::refund    ? "a refund"
                           : matter.operation == Operation::capture ? "a capture"
                                                                    : "what was asked about a charge";
  const std::string why = fmt::format(
      "{} was granted, but the charge it is about ended {}: nothing was done, tell the "
      "customer or merchant",
      what, name(matter.charge->state));
  Change change{
      .lease = {order.id, 0}, .to = State::cancelling, .who = ports_.owner, .why = why, .due = now(), .follow_up = why};
  const auto applied = co_await ports_.journal.apply(std::move(change));
  if (applied != Applied::applied) co_return failed("the withdrawal could not be recorded");
  co_return Worked{.kind = Worked::Kind::asked, .why = why};
}

Task<Worked> OrderWork::ask_person(OrderRow order, std::string why) {
  const auto lease = co_await take(order, "conclusion");
  if (!lease) co_return Worked{};
  Change change{.lease = *lease,
                .to = is_withdrawn(order.state) ? order.state : State::held,
                .who = ports_.owner,
                .why = why,
                .attempt = Attempt{.kind = "conclusion", .started = now(), .outcome = Outcome::unknown},
                .due = never_due,
                .follow_up = planted(Bug::held_without_case) ? std::nullopt : std::optional(why)};
  co_return co_await record(std::move(order), std::move(change), Worked{.kind = Worked::Kind::asked, .why = why});
}

Task<Worked> OrderWork::in_turn(Task<Worked> recording) {
  const auto turnstile = ports_.recording;
  co_await turnstile->enter();
  const Entered entered(turnstile);
  co_return co_await std::move(recording);
}

Task<std::optional<Lease>> OrderWork::take(const OrderRow& order, std::string kind) {
  const WallTime begun = now();
  const auto until = begun + std::chrono::ceil<std::chrono::milliseconds>(answer_time(order) + limits::lease_margin);
  const Counterparty* const party = route_.party_of(order);
  const std::string target = party ? party->party->config().targets.front() : std::string();
  co_return co_await ports_.journal.lease(
      order.id, ports_.owner, until,
      Attempt{.kind = std::move(kind), .target = target, .started = begun, .open = true});
}

// From when the lease was asked for: a process that stood still since then may have lost it, and sends nothing any
// more.
Task<Forwarded> OrderWork::send(const Matter& matter, Instant begun, Request request, Judge judge, bool may_repeat) {
  Party& party = *party_of(matter).party;
  if (planted(Bug::sent_after_lease)) begun = ports_.clock.now();
  const Deadlines deadlines{begun + party.config().timeouts.response, begun + answer_time(matter.order)};
  Sending sending{.purpose = Purpose::replay,
                  .breaker_key = breaker_key(party.config().breaker.key, matter.order.facts),
                  .repeat_is_recognised = may_repeat};
  co_return co_await party.deliver(request, std::move(judge), deadlines, std::move(sending));
}

Task<Worked> OrderWork::record(OrderRow order, Change change, Worked worked) {
  const bool was_unknown = order.unresolved && order.accepted;
  const auto outcome = change.attempt->outcome;
  const auto applied = co_await ports_.journal.apply(std::move(change));
  switch (applied) {
    case Applied::applied:
      if (was_unknown && worked.kind == Worked::Kind::matched) {
        ports_.metrics.stand_in_resolved(order.route, order.cause, true);
      }
      co_return worked;
    case Applied::fenced:
      Log::warn("fenced", "order " + order.id.text() + ": somebody else took it over; their record counts");
      co_return Worked{};
    case Applied::reference_taken:
      co_return co_await ask_person(std::move(order), "the party's reference already belongs to another order");
    case Applied::not_allowed:
    case Applied::failed:
      Log::error("not_recorded",
                 fmt::format("order {}: the outcome {} could not be recorded; it will be asked for again",
                             order.id.text(), name(outcome)));
      worked.kind = Worked::Kind::failed;
      co_return worked;
  }
  unreachable();
}

Result<Request> OrderWork::outgoing(const Matter& matter) const {
  if (!matter.kept) return matter.kept;
  const OrderRow& order = matter.order;
  Result<Request> asked = matter.kept;
  if (matter.charge) {
    asked = about_charge(route_, order, *asked, *matter.charge, read_kept(matter.charge->id));
    if (!asked) return asked;
  }
  const bool rewritten = matter.charge && order.upstream != route_.route.upstream;
  auto request = rewritten ? std::move(asked) : on_the_way_out(route_, order, *asked, answer_time(order));
  if (!request) return request;
  request->headers.set("X-Request-Id", order.request_id);
  if (!planted(Bug::replayed_without_key)) request->headers.set("Standin-Key", order.key.text());
  request->headers.set("Standin-Replay", replay_mark(order));
  return request;
}

Result<Request> OrderWork::read_kept(const Ulid& id) const {
  const auto sealed = ports_.journal.request(id);
  if (!sealed) return std::unexpected(sealed.error());
  const auto wire = ports_.vault.open(*sealed, request_context(id));
  if (!wire) return std::unexpected(wire.error());
  auto request = request_from_wire(*wire);
  if (!request) return failure("the kept request cannot be read");
  return std::move(*request);
}

/// docs/formats.md, "Standin-Replay".
std::string OrderWork::replay_mark(const OrderRow& order) const {
  const std::int64_t at = unix_ms(now()) / 1000;
  const std::string signed_text = fmt::format("{}.{}.{}", at, order.id.text(), order.key.text());
  return fmt::format("t={},order={},v1={}", at, order.id.text(), ports_.vault.sign(signed_text));
}

/// A party that recognises a repeated request need not be listened to for longer than it is given to answer.
Duration OrderWork::answer_time(const OrderRow& order) const {
  const Counterparty* const party = route_.party_of(order);
  if (!party) return Duration(0);
  const UpstreamConfig& config = party->party->config();
  const bool keyed = config.duplicates == Duplicates::keyed && config.duplicates_window == Duration::max();
  return keyed ? config.timeouts.response : config.timeouts.listen_late;
}

WallTime OrderWork::later(const Matter& matter, const Forwarded& forwarded) const {
  if (!left(forwarded)) {
    const auto jitter = std::chrono::duration_cast<Duration>(unsent_waits * (ports_.random.fraction() / 2));
    return now() + std::chrono::ceil<std::chrono::milliseconds>(unsent_waits + jitter);
  }
  return later(matter);
}

WallTime OrderWork::later(const Matter& matter) const {
  return now() + std::chrono::ceil<std::chrono::milliseconds>(backoff(matter.attempts, ports_.random.fraction()));
}

}  // namespace standin
