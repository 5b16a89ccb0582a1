#include "journal/transaction.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/planted.h"

namespace standin {
namespace {

/// Whether an attempt of this kind may be begun from this state.
bool is_workable(const Standing& order, std::string_view kind) {
  const bool asks = kind == "finder" || kind == "conclusion";
  switch (order.state) {
    case State::held: return asks || (kind == "replay" && order.answered);
    case State::accepted:
    case State::replaying: return asks || kind == "replay";
    case State::charging: return asks || kind == "live";
    case State::reversing: return asks || kind == "reversal";
    case State::cancelling: return asks || kind == "reversal" || kind == "void";
    case State::settled:
    case State::matched: return kind == "void";
    case State::refused:
    case State::cancelled:
    case State::declined:
    case State::reversed:
    case State::collected:
    case State::written_off:
    case State::lapsed: return false;
  }
  unreachable();
}

/// An intent that was held is looked for, never delivered: nobody was promised anything.
State while_leased(const Standing& order) {
  if (order.state == State::held && !order.answered) return State::charging;
  if (is_delivered(order.state)) return State::cancelling;
  return order.state == State::accepted || order.state == State::held ? State::replaying : order.state;
}

/// Nothing stands at the party, and nothing is promised: the intent is over (docs/semantics.md, "Claim"). A client
/// that named its intent gets the same "no" again, if it was told one.
bool ended_without_effect(const Standing& order) {
  if (order.state == State::lapsed) return true;
  if (order.state == State::cancelled) return !order.key_from_client;
  if (order.state != State::declined && order.state != State::reversed) return false;
  return !order.key_from_client || !order.answered;
}

Attempt live_attempt(const NewOrder& order) {
  const bool open = order.state == State::charging || order.forward == Outcome::unknown;
  return {.kind = "live",
          .target = order.target,
          .started = order.first_sent == WallTime{} ? order.created : order.first_sent,
          .outcome = open ? Outcome::unknown : order.forward,
          .open = open};
}

}  // namespace

// --- keep ---

Reply Transaction::operator()(const KeepCommand& command) {
  const NewOrder& order = command.order;
  ensure(may_begin_as(order.state), "an order begins accepted, declined, reversing or charging");
  const bool priced = order.facts.amount || order.behind;
  ensure(order.state != State::accepted || priced, "an accepted order has an amount");
  ensure(order.state != State::charging || !order.shadow, "a shadow is never charged");
  const bool promised = !order.shadow && !order.behind;
  const std::int64_t exposed =
      exposed_minor({.state = order.state, .promised = promised, .amount = order.facts.amount});
  if (exposed > 0 && is_over_cap(order.caps, *order.facts.amount)) return Kept::over_cap;
  if (!order.shadow && !free_key(order.key)) return Kept::not_kept;
  add(order, exposed);
  return Kept::kept;
}

void Transaction::add(const NewOrder& order, std::int64_t exposed) {
  const bool intent = order.state == State::charging;
  const std::int64_t row = tables_.orders.insert(order, exposed);
  tables_.transitions.add(row, order.state, now_, "standin", intent ? std::string_view() : name(order.cause));
  if (order.doubted_since != WallTime{}) add_doubt(row, order.upstream, order.doubted_since);
  const bool tried = intent || order.forward == Outcome::unknown || !order.target.empty();
  if (tried) {
    Attempt live = live_attempt(order);
    live.lead = clocks_.lead(order.upstream);
    tables_.attempts.add(row, live_forward_token, live, now_);
  }
  if (order.shadow) return;
  if (exposed > 0) exposure_.set(order.id, order.facts.amount->currency, exposed);
  kept_here_.insert_or_assign(order.key, order.id);
  const WallTime decided = intent ? WallTime{} : now_;
  changes_.push_back(
      {order.key, {order.id, order.payload, order.state, order.key_from_client, !intent, decided}, std::nullopt});
}

/// A live attempt that began before its order stands for the earlier requests of its key.
void Transaction::add_doubt(std::int64_t row, const std::string& upstream, WallTime since) {
  Attempt doubted{.kind = "live", .started = since, .detail = "an earlier request of the key may have happened"};
  doubted.lead = clocks_.lead(upstream);
  tables_.attempts.add(row, live_forward_token, doubted, now_);
}

bool Transaction::is_over_cap(const std::vector<Money>& caps, const Money& amount) const {
  if (planted(Bug::cap_not_in_transaction)) return false;
  return std::ranges::any_of(caps, [&](const Money& cap) {
    return cap.currency == amount.currency && exposure_.total(amount.currency) + amount.minor > cap.minor;
  });
}

// Claims let one request of an intent through at a time, and recall what was answered: a second order under a key that
// still means something would be a second charge. A decline alone may come to mean something between claim and keep,
// when a late answer says that it happened after all; and an intent that nobody was answered to is whoever's who takes
// it by a lease.
bool Transaction::free_key(const OrderKey& key) {
  const auto id = holder(key);
  const auto order = id ? tables_.orders.find(*id) : std::nullopt;
  if (!order) return true;
  const bool forgotten =
      planted(Bug::skip_recall) || planted(Bug::declines_forgotten) || planted(Bug::answer_before_commit);
  if (ended_without_effect(*order) || forgotten) {
    tables_.orders.supersede(*order);
    return true;
  }
  const bool declined_after_all = !was_accepted(order->state) && !order->key_from_client;
  ensure(declined_after_all || !order->answered,
         "an order key that was answered is never answered again as another order");
  return false;
}

// From memory: a unique index on random keys is a page of the log for each order, and cost two fifths of the
// throughput. Opening the journal checks the same property.
std::optional<Ulid> Transaction::holder(const OrderKey& key) const {
  if (const auto kept = kept_here_.find(key); kept != kept_here_.end()) return kept->second;
  if (const auto known = index_.recall(key)) return known->id;
  return std::nullopt;
}

// --- lease ---

Reply Transaction::operator()(const LeaseCommand& command) {
  std::optional<Lease> none;
  auto order = tables_.orders.find(command.id);
  if (!order || order->shadow || !is_workable(*order, command.attempt.kind)) return none;
  const bool asked_by_client = command.attempt.kind == "live" || command.attempt.kind == "void";
  const bool taken = is_leased(*order) && !planted(Bug::lease_ignored);
  if ((order->due > now_ && !asked_by_client) || order->listen_until > now_ || taken) return none;
  order->token += 1;
  order->lease_owner = command.owner;
  order->lease_until = command.until;
  if (command.attempt.kind == "replay") order->replays += 1;
  if (command.attempt.kind == "void") order->due = now_;
  Attempt opened = command.attempt;
  opened.outcome = Outcome::unknown;
  opened.open = true;
  opened.lead = clocks_.lead(order->upstream);
  tables_.attempts.add(order->row, order->token, opened, now_);
  order->unresolved = tables_.attempts.has_open_question(order->row);
  move(*order, while_leased(*order), command.owner, command.attempt.kind);
  return std::optional<Lease>(Lease{order->id, order->token});
}

// --- undelivered ---

Reply Transaction::operator()(const UndeliveredCommand& command) {
  auto order = tables_.orders.find(command.id);
  if (!order) return Applied::not_allowed;
  const bool wanted = command.to == State::held || command.to == State::cancelling;
  const bool under_way = wanted && order->state == State::replaying && is_leased(*order);
  order->undelivered = true;
  const bool waits_for_try = order->state == State::held && order->due < never_due;
  const bool moves = wanted && (order->state == State::accepted || waits_for_try);
  const bool waits_for_person = moves && command.to == State::held;
  if (waits_for_person) order->due = never_due;
  move(*order, moves ? command.to : order->state, "standin", command.why);
  if (waits_for_person) tables_.follow_ups.open(order->row, undelivered_case, now_);
  return under_way ? Applied::fenced : Applied::applied;
}

// --- what every step ends with ---

void Transaction::move(Standing& order, State to, std::string_view who, std::string_view why) {
  const State from = order.state;
  if (to != from) {
    ensure(may_follow(from, to), "every transition is one that the lifecycle has");
    order.state = to;
    tables_.transitions.add(order.row, to, now_, who, why);
  }
  write(order, from);
}

void Transaction::write(Standing& order, State from) {
  const std::int64_t exposed = exposed_minor(order.owed(is_rest_closed(from, order.exposed_minor)));
  if (exposed != order.exposed_minor) exposure_.set(order.id, order.amount->currency, exposed);
  order.exposed_minor = exposed;
  tables_.orders.update(order);
  if (order.shadow || from == order.state) return;
  changes_.push_back({order.key, order.remembered(), from});
  if (is_decided(order.state, order.answered)) changes_.back().order.decided = now_;
}

// --- cases and modes ---

Reply Transaction::operator()(const FollowUpCommand& command) {
  using Done = Result<void>;
  const auto found = tables_.follow_ups.find(command.id);
  if (!found) return Done(failure("there is no such follow-up", "journal"));
  if (found->state == "closed") return Done(failure("this follow-up is closed", "journal"));
  if (command.action == "collected" || command.action == "written_off") {
    return close_follow_up(found->order_row, *parse_state(command.action), command);
  }
  if (command.action != "take" && command.action != "note") {
    return Done(failure("a follow-up can be taken, noted, collected or written_off", "journal"));
  }
  if (command.action == "take") tables_.follow_ups.set(command.id, "taken", command.who);
  tables_.follow_ups.note(command.id, now_, command.who,
                          command.action == "take" ? "taken " + command.text : command.text);
  return Done();
}

// Standin still asks the party: to close would end that, and nobody would learn whether the void was done. A person who
// is to look it up themselves is asked by a case, and then nothing is due any more.
Result<void> Transaction::close_follow_up(std::int64_t order_row, State to, const FollowUpCommand& command) {
  auto order = tables_.orders.find(order_row);
  if (!order) return failure("the follow-up's order is gone", "journal");
  if (is_leased(*order)) return failure("the order is being worked on; try again in a moment", "journal");
  if (is_withdrawn(order->state) && order->due < never_due) {
    return failure(fmt::format("order {0} is being voided, and what stands of it at its party is not known yet: close "
                               "this once `standin orders show {0}` says cancelled, reversed or settled, or once a "
                               "case asks to look it up by hand",
                               order->id.text()),
                   "journal");
  }
  if (order->state == State::accepted || order->state == State::replaying) {
    return failure(fmt::format("order {0} is still to be delivered, and its party would charge it as well: close this "
                               "once `standin orders show {0}` says held, refused or settled",
                               order->id.text()),
                   "journal");
  }
  tables_.follow_ups.set(command.id, "closed", command.who);
  tables_.follow_ups.note(command.id, now_, command.who, command.action + " " + command.text);
  // Nobody was told yes: what stands of it is undone, and its retry is not told so either.
  const bool withdraws = to == State::written_off && order->state == State::held && order->undelivered;
  if (withdraws) {
    order->due = now_;
    move(*order, State::cancelling, command.who, command.text);
  } else if (may_follow(order->state, to)) {
    order->due = never_due;
    move(*order, to, command.who, command.text);
  } else if (is_delivered(order->state) && order->exposed_minor > 0 && !tables_.follow_ups.has_open(order_row)) {
    exposure_.set(order->id, order->amount->currency, 0);
    order->exposed_minor = 0;
    tables_.orders.update(*order);
  }
  return {};
}

Reply Transaction::operator()(const ModeCommand& command) {
  tables_.modes.set(command.mode, now_);
  return Result<void>();
}

Reply Transaction::operator()(const SwitchCommand& command) {
  tables_.switches.set(command.row, now_);
  return Result<void>();
}

}  // namespace standin
