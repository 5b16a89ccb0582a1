#include "app/demo_count.h"

#include <algorithm>
#include <set>

namespace standin::demo {
namespace {

using rehearsal::Attempt;
using rehearsal::Ending;
using rehearsal::Told;

/// What one cart's shopper heard, and what the journal has of it.
struct Cart {
  bool yes_from_shop = false;
  bool yes = false;
  bool no = false;
  int kept_accepted = 0;
  int kept_declined = 0;
};

std::map<std::string, Cart> carts_of(const Evidence& evidence) {
  std::set<std::string> own_references;
  std::map<std::string, Cart> carts;
  for (const KeptOrder& order : evidence.kept.orders) own_references.insert(order.reference);
  for (const Attempt& attempt : evidence.attempts) {
    Cart& cart = carts[attempt.cart_id];
    const bool yes = attempt.told == Told::yes;
    cart.yes |= yes;
    cart.yes_from_shop |= yes && !own_references.contains(attempt.reference);
    cart.no |= attempt.told == Told::no;
  }
  for (const KeptOrder& order : evidence.kept.orders) {
    const auto found = carts.find(order.cart);
    if (found == carts.end()) continue;
    ++(order.accepted ? found->second.kept_accepted : found->second.kept_declined);
  }
  return carts;
}

void count_answer(const std::string& name, const Cart& cart, Tally& tally) {
  if (cart.kept_accepted > 0) {
    ++tally.accepted_in_stand_in;
  } else if (cart.yes) {
    ++tally.accepted_by_shop;
  } else if (cart.kept_declined > 0) {
    ++tally.declined_in_stand_in;
  } else if (cart.no) {
    ++tally.declined_by_shop;
  } else {
    ++tally.no_answer;
  }
  // One of two answers may be the shop's: standin journals its own alone, and the shop decides anew each time.
  if (cart.kept_accepted + cart.kept_declined > 1) tally.two_answers.push_back(name);
}

void count_kept(const KeptOrder& order, Tally& tally) {
  tally.order_ids[order.cart] = order.id;
  if (!order.accepted) {
    // Without a reference nothing had stood at the shop.
    tally.undone += order.state == "reversed" && !order.upstream_reference.empty() ? 1 : 0;
    return;
  }
  ++tally.causes[order.cause];
  if (order.state == "settled") {
    // A late answer settles an order before any replay may touch it.
    ++(order.replays == 0 ? tally.by_late_answer : tally.by_replay);
  } else if (order.state == "matched") {
    ++tally.matched;
  } else if (order.state == "refused") {
    ++tally.refused;
  } else {
    ++tally.open;
  }
}

bool is_too_late(const Attempt& attempt, Duration deadline) {
  return attempt.ending == Ending::timed_out || (attempt.ending == Ending::answered && attempt.latency > deadline);
}

void add(const Attempt& attempt, Duration deadline, PhaseTally& phase) {
  phase.counts.add(attempt);
  phase.too_late += is_too_late(attempt, deadline) ? 1 : 0;
  if (attempt.ending == Ending::answered || attempt.ending == Ending::timed_out) phase.latency.add(attempt.latency);
}

bool is_noticed(const Attempt& attempt, Duration deadline) {
  const bool broken = attempt.ending == Ending::connection_error || attempt.ending == Ending::local_limit;
  return broken || attempt.status >= 500 || is_too_late(attempt, deadline);
}

void count_phases(const Evidence& evidence, Tally& tally) {
  tally.total.label = "in all";
  for (const std::string& label : evidence.phases) tally.phases.push_back({.label = label});
  for (const Attempt& attempt : evidence.attempts) {
    const auto phase = std::ranges::find(tally.phases, attempt.phase, &PhaseTally::label);
    if (phase != tally.phases.end()) add(attempt, evidence.deadline, *phase);
    add(attempt, evidence.deadline, tally.total);
    if (is_noticed(attempt, evidence.deadline)) tally.noticed.push_back(attempt.cart_id);
  }
}

}  // namespace

bool Tally::clean() const {
  const bool promises = verdict.yes_not_served.empty() && verdict.served_twice.empty() &&
                        verdict.no_but_served.empty() && two_answers.empty();
  return promises && noticed.empty() && charges.clean();
}

Tally count(const Evidence& evidence) {
  Tally tally;
  tally.verdict = rehearsal::judge(evidence.attempts, evidence.books, evidence.kept.with_a_person);
  tally.exposure_peak_minor = evidence.exposure_peak_minor;
  for (const auto& [name, cart] : carts_of(evidence)) count_answer(name, cart, tally);
  for (const KeptOrder& order : evidence.kept.orders) count_kept(order, tally);
  for (const KeptOrder& charge : evidence.kept.charges) tally.order_ids[charge.cart] = charge.id;
  tally.charges = count_charges(evidence.books, evidence.payments, evidence.kept);
  count_phases(evidence, tally);
  return tally;
}

}  // namespace standin::demo
