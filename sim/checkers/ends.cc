// P3: once everything is healed, each order is at its end or with a person, and what stands at a gateway is known.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

/// These may wait for a person's word; who waits for anything else is stuck.
bool is_with_person(const JournalEntry& order) {
  constexpr std::array<std::string_view, 4> waiting = {"refused", "held", "cancelling", "reversing"};
  return order.open_follow_ups > 0 && std::ranges::find(waiting, order.state) != waiting.end();
}

/// A capture or refund waits for its charge for as long as a person has that, and for one before it that a person has.
bool waits_for_one_that_does(const Books& books, const JournalEntry& order) {
  if (order.behind.empty() || (order.state != "accepted" && order.state != "held")) return false;
  const JournalEntry* const charge = books.order(order.behind);
  if (charge && is_with_person(*charge)) return true;
  return std::ranges::any_of(books.evidence().journal, [&](const JournalEntry& other) {
    return other.behind == order.behind && other.id < order.id && is_with_person(other);
  });
}

std::string way_of(const JournalEntry& order) {
  std::string way;
  for (const std::string& state : order.states) way += (way.empty() ? "" : ", ") + state;
  return way;
}

void check_order(const Books& books, const JournalEntry& order, Violations& found) {
  if (order.shadow || is_at_end(order) || is_with_person(order) || waits_for_one_that_does(books, order)) return;
  found.push_back({"P3", order.purchase,
                   fmt::format("order {} of route {} ({} {}, {} as {}) is stuck in {} with {} open cases; it was {}",
                               order.id, order.route, order.amount_minor, order.currency, order.purchase,
                               order.reference, order.state, order.open_follow_ups, way_of(order))});
}

bool says_nothing_stands(const JournalEntry& order) {
  constexpr std::array<std::string_view, 4> undone = {"declined", "reversed", "cancelled", "lapsed"};
  return order.about_another || std::ranges::find(undone, order.state) != undone.end();
}

/// Of what was written down before it was sent, the journal's last word must not be that nothing happened. A party that
/// honours keys can be asked again by its client, and may have been sent what could not be written down.
void check_known(const Matter& matter, Violations& found) {
  const Purchase& purchase = *matter.purchase;
  if (matter.of_shop() || !purchase.honest_key || purchase.repeated || purchase.unrecorded || matter.orders.empty())
    return;
  if (matter.cases() > 0 ||
      !std::ranges::all_of(matter.orders, [](const JournalEntry* order) { return says_nothing_stands(*order); })) {
    return;
  }
  for (const LedgerEntry* charge : matter.standing()) {
    const bool told = std::ranges::any_of(purchase.told, [&](const Told& each) {
      return each.kind == Told::Kind::yes && each.reference == charge->reference;
    });
    if (charge->keyed || told) continue;
    found.push_back({"P3", purchase.name,
                     fmt::format("{} stands at {} and the journal says that nothing does: forgotten. {}",
                                 charge->reference, charge->party, matter.story())});
  }
}

}  // namespace

Violations ends(const Books& books) {
  Violations found;
  if (!books.evidence().healed) return found;
  for (const JournalEntry& order : books.evidence().journal) check_order(books, order, found);
  for (const Matter& matter : books.matters()) check_known(matter, found);
  return found;
}

}  // namespace standin::sim
