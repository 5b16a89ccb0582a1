#include "replay/order_work.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "journal/consequence.h"
#include "replay/next_step.h"
#include "telemetry/log.h"

namespace standin {
namespace {

Judged judge_by_status(const Response& response) {
  if (response.status < 500) return {Outcome::approved, Cause::untrustworthy};
  return {Outcome::unknown, Cause::server_error};
}

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
    case State::declined: return Worked::Kind::undone;
    case State::reversing:
    case State::cancelling: return Worked::Kind::idle;
    case State::collected:
    case State::written_off: return Worked::Kind::asked;
  }
  unreachable();
}

}  // namespace

Task<Worked> OrderWork::work(OrderRow order) {
  // Read again: since it was listed, somebody else may have made an attempt that nobody knows the end of.
  auto rows = ports_.journal.orders({.id = order.id});
  if (!rows) co_return Worked{.kind = Worked::Kind::failed, .why = rows.error().what};
  if (rows->empty() || rows->front().token != order.token) co_return Worked{};
  order = std::move(rows->front());
  auto attempts = ports_.journal.attempts(order.id);
  if (!attempts) co_return Worked{.kind = Worked::Kind::failed, .why = attempts.error().what};
  const std::size_t tries = attempts->size();
  const Step step = next_step(order, *attempts, route_.party->config(), ports_.clock.wall());
  switch (step.kind) {
    case Step::Kind::replay: co_return co_await replay(std::move(order), tries);
    case Step::Kind::find: co_return co_await find(std::move(order), std::move(*attempts));
    case Step::Kind::reverse: co_return co_await reverse(std::move(order), tries);
    case Step::Kind::nothing_stands: co_return co_await conclude(std::move(order));
    case Step::Kind::ask_person: co_return co_await ask_person(std::move(order), step.why);
  }
  unreachable();
}

Task<Worked> OrderWork::replay(OrderRow order, std::size_t tries) {
  auto request = original(order);
  if (!request) co_return co_await ask_person(std::move(order), "cannot be replayed: " + request.error().what);
  const auto lease = co_await take(order, "replay");
  if (!lease) co_return Worked{};
  const WallTime started = ports_.clock.wall();
  const auto dialect = route_.dialect;
  const Forwarded forwarded = co_await send(std::move(*request), [dialect](const Response& response) {
    const Judgement judgement = dialect->judge(response);
    return Judged{judgement.outcome, judgement.cause};
  });
  const Judgement judgement = forwarded.response ? dialect->judge(*forwarded.response) : Judgement{};
  AttemptEnd end{.attempt = {.kind = "replay",
                             .target = {},
                             .started = started,
                             .outcome = forwarded.outcome,
                             .detail = forwarded.response ? fmt::format("status {}", forwarded.response->status)
                                                          : forwarded.error},
                 .already_there = judgement.already_there,
                 .upstream_reference = judgement.upstream_reference,
                 .now = ports_.clock.wall()};
  Worked worked{.pause = judgement.pause_replay, .why = end.attempt.detail};
  // One stale credential must not turn a thousand orders into refusals.
  if (worked.pause && end.attempt.outcome == Outcome::declined) end.attempt.outcome = Outcome::not_done;
  end.again = later(tries);
  ports_.metrics.replay_attempt(order.route, end.attempt.outcome);
  Change change = consequence(*lease, State::replaying, end, ports_.owner);
  worked.kind = worked_as(change.to);
  co_return co_await record(std::move(order), std::move(change), std::move(worked));
}

Task<Worked> OrderWork::find(OrderRow order, std::vector<Attempt> attempts) {
  const auto lease = co_await take(order, "finder");
  if (!lease) co_return Worked{};
  const WallTime started = ports_.clock.wall();
  const Forwarded forwarded =
      co_await send(route_.queries.finder_request(order.key, order.request_id, order.reference), judge_by_status);
  const Found found = forwarded.response ? route_.queries.read_finder_answer(*forwarded.response) : Found{};
  const WallTime now = ports_.clock.wall();
  AttemptEnd end{.attempt = {.kind = "finder", .started = started, .outcome = Outcome::unknown},
                 .already_there = true,
                 .upstream_reference = found.upstream_reference,
                 .now = now,
                 .again = later(attempts.size())};
  const WallTime counts_from = none_counts_from(order, attempts, route_.party->config());
  std::optional<std::string> follow_up;
  switch (found.kind) {
    case Found::Kind::one:
      end.attempt.outcome = found.standing ? Outcome::approved : Outcome::not_done;
      end.attempt.detail = found.standing ? "the party has it" : "the party had it, and it no longer stands";
      end.again = now;
      if (!found.standing && !is_withdrawn(order.state)) {
        end.attempt.outcome = Outcome::unknown;
        follow_up = "the party had this order and cancelled it: agree with the customer what is owed";
      }
      break;
    case Found::Kind::none:
      end.attempt.outcome = now >= counts_from ? Outcome::not_done : Outcome::unknown;
      end.attempt.detail =
          now >= counts_from ? "the party does not have it" : "the party does not have it yet: too early to count";
      end.again = std::max(now, counts_from);
      break;
    case Found::Kind::several:
      end.attempt.detail = "the party has several that match";
      follow_up = "the party has several orders for this key: find out which stand";
      break;
    case Found::Kind::unreadable: end.attempt.detail = "the finder gave no readable answer"; break;
  }
  const State from = is_withdrawn(order.state) ? order.state : State::replaying;
  Change change = consequence(*lease, from, end, ports_.owner);
  if (follow_up) {
    change.follow_up = follow_up;
    change.due = never_due;
  }
  Worked worked{.kind = follow_up ? Worked::Kind::asked : worked_as(change.to), .why = end.attempt.detail};
  co_return co_await record(std::move(order), std::move(change), std::move(worked));
}

Task<Worked> OrderWork::reverse(OrderRow order, std::size_t tries) {
  const auto lease = co_await take(order, "reversal");
  if (!lease) co_return Worked{};
  const WallTime started = ports_.clock.wall();
  const Forwarded forwarded = co_await send(
      route_.queries.reversal_request(order.key, order.request_id, order.reference, order.upstream_reference),
      judge_by_status);
  const bool done = forwarded.response && route_.queries.reversal_done(*forwarded.response);
  const State undone = order.state == State::cancelling ? State::cancelled : State::reversed;
  Change change{.lease = *lease,
                .to = done ? undone : order.state,
                .who = ports_.owner,
                .why = done ? "reversed at the party" : "the reversal was not confirmed",
                .attempt = Attempt{.kind = "reversal",
                                   .started = started,
                                   .outcome = done ? Outcome::approved : Outcome::unknown,
                                   .detail = forwarded.error},
                .due = later(tries)};
  Worked worked{.kind = worked_as(change.to), .why = change.why};
  co_return co_await record(std::move(order), std::move(change), std::move(worked));
}

Task<Worked> OrderWork::conclude(OrderRow order) {
  const auto lease = co_await take(order, "conclusion");
  if (!lease) co_return Worked{};
  Change change{.lease = *lease,
                .to = order.state == State::cancelling ? State::cancelled : State::reversed,
                .who = ports_.owner,
                .why = "no attempt can have happened",
                .attempt = Attempt{.kind = "conclusion", .started = ports_.clock.wall(), .outcome = Outcome::not_done}};
  co_return co_await record(std::move(order), std::move(change), Worked{.kind = Worked::Kind::undone});
}

Task<Worked> OrderWork::ask_person(OrderRow order, std::string why) {
  const auto lease = co_await take(order, "conclusion");
  if (!lease) co_return Worked{};
  Change change{.lease = *lease,
                .to = is_withdrawn(order.state) ? order.state : State::held,
                .who = ports_.owner,
                .why = why,
                .attempt = Attempt{.kind = "conclusion", .started = ports_.clock.wall(), .outcome = Outcome::unknown},
                .due = never_due,
                .follow_up = why};
  co_return co_await record(std::move(order), std::move(change), Worked{.kind = Worked::Kind::asked, .why = why});
}

Task<std::optional<Lease>> OrderWork::take(const OrderRow& order, std::string kind) {
  const WallTime now = ports_.clock.wall();
  const auto until = now + std::chrono::ceil<std::chrono::milliseconds>(answer_time() + limits::lease_margin);
  const std::string target = route_.party->config().targets.front();
  co_return co_await ports_.journal.lease(
      order.id, ports_.owner, until, Attempt{.kind = std::move(kind), .target = target, .started = now, .open = true});
}

Task<Forwarded> OrderWork::send(Request request, Judge judge) {
  const Instant now = ports_.clock.now();
  const Deadlines deadlines{now + route_.party->config().timeouts.response, now + answer_time()};
  co_return co_await route_.party->deliver(std::move(request), std::move(judge), deadlines, Purpose::replay);
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

Result<Request> OrderWork::original(const OrderRow& order) const {
  const auto sealed = ports_.journal.request(order.id);
  if (!sealed) return std::unexpected(sealed.error());
  const auto wire = ports_.vault.open(*sealed, request_context(order.id));
  if (!wire) return std::unexpected(wire.error());
  auto request = request_from_wire(*wire);
  if (!request) return failure("the kept request cannot be read");
  request->headers.set("X-Request-Id", order.request_id);
  request->headers.set("Standin-Key", order.key.text());
  request->headers.set("Standin-Replay", replay_mark(order));
  if (const auto& line = route_.stand_in.replay_credential) {
    const auto colon = line->find(':');
    request->headers.set(trim(std::string_view(*line).substr(0, colon)),
                         trim(std::string_view(*line).substr(std::min(line->size(), colon + 1))));
  }
  return std::move(*request);
}

/// docs/formats.md, "Standin-Replay".
std::string OrderWork::replay_mark(const OrderRow& order) const {
  const std::int64_t at = unix_ms(ports_.clock.wall()) / 1000;
  const std::string signed_text = fmt::format("{}.{}.{}", at, order.id.text(), order.key.text());
  return fmt::format("t={},order={},v1={}", at, order.id.text(), ports_.vault.sign(signed_text));
}

/// A party that recognises a repeated request need not be listened to for longer than it is given to answer.
Duration OrderWork::answer_time() const {
  const UpstreamConfig& party = route_.party->config();
  const bool keyed = party.duplicates == Duplicates::keyed && party.duplicates_window == Duration::max();
  return keyed ? party.timeouts.response : party.timeouts.listen_late;
}

WallTime OrderWork::later(std::size_t tries) const {
  return ports_.clock.wall() + std::chrono::ceil<std::chrono::milliseconds>(backoff(tries, ports_.random.fraction()));
}

}  // namespace standin
