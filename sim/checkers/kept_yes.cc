// Who was told yes has it: one charge stands, for the right amount, and is that purchase's own; unless the shopper had
// it undone, or a person has it.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

/// A void that was asked for and whose answer was lost may have been done.
bool was_undone_at_request(const Matter& matter) {
  const Purchase& purchase = *matter.purchase;
  const bool voided = std::ranges::any_of(matter.charges, [](const LedgerEntry* each) { return each->voided; });
  const bool withdrawn =
      std::ranges::any_of(matter.orders, [](const JournalEntry* each) { return each->state == "cancelled"; });
  if (purchase.void_sent && (voided || withdrawn || matter.was_granted("void"))) return true;
  return std::ranges::any_of(matter.charges, [&](const LedgerEntry* each) {
    const bool asked = purchase.refund_sent_minor >= each->refunded_minor ||
                       (purchase.repeated && purchase.refund_sent_minor > 0);  // a copied refund is refunded twice
    return asked && each->refunded_minor >= each->amount_minor;
  });
}

/// Asked again when standin no longer remembered the yes, the shopper may have been told no since.
bool was_told_otherwise(const Matter& matter) {
  const auto& told = matter.purchase->told;
  const auto last = std::ranges::find_if(told.rbegin(), told.rend(),
                                         [](const Told& each) { return is_sale(each) && is_definite(each); });
  return last != told.rend() && last->kind == Told::Kind::no && memory_has_ended(matter, last->at_ms);
}

std::int64_t asked_most(const Matter& matter) {
  std::int64_t most = matter.purchase->amount_minor;
  for (const Told& told : matter.purchase->told) {
    if (is_sale(told)) most = std::max(most, told.amount_minor);
  }
  return most;
}

/// What the party itself approved in part it also said in part; a yes of standin's was for all of it.
bool was_told_the_whole(const Matter& matter) {
  return std::ranges::all_of(matter.purchase->told, [](const Told& told) {
    return !is_sale(told) || told.kind != Told::Kind::yes || told.ours;
  });
}

/// What is wrong with the charge that stands; "" if nothing.
std::string wrong_with(const Matter& matter, const LedgerEntry& charge) {
  if (charge.currency != matter.purchase->currency) return "in another currency";
  if (matter.purchase->honest_key && charge.amount_minor > asked_most(matter)) return "for more than was asked";
  const bool less = charge.amount_minor < matter.purchase->amount_minor;
  if (less && matter.purchase->honest_key && was_told_the_whole(matter) && matter.cases() == 0) {
    return "for less than was said, and nobody has the rest";
  }
  return "";
}

void check_matter(const Matter& matter, Violations& found) {
  if (!matter.was_told(Told::Kind::yes)) return;
  const auto standing = matter.standing();
  const bool excused = matter.cases() > 0 || was_undone_at_request(matter) || was_told_otherwise(matter);
  if (standing.empty() && !excused) {
    found.push_back(
        {"P3", matter.purchase->name, "told yes, and nothing stands nor has a person it. " + matter.story()});
  }
  for (const LedgerEntry* charge : standing) {
    const std::string wrong = wrong_with(matter, *charge);
    if (wrong.empty()) continue;
    found.push_back({"money", matter.purchase->name,
                     fmt::format("{} stands at {} {}. {}", charge->reference, charge->party, wrong, matter.story())});
  }
}

/// An order that was delivered names the charge that it came to.
void check_claim(const Books& books, const JournalEntry& order, Violations& found) {
  const bool delivered = order.state == "settled" || order.state == "matched";
  if (!delivered || order.shadow || order.about_another || order.upstream_reference.empty()) return;
  const LedgerEntry* const charge = books.charge(order.upstream, order.upstream_reference);
  if (!charge) return;
  if (!charge->purchase.empty() && !order.purchase.empty() && charge->purchase != order.purchase) {
    found.push_back({"P2", order.purchase,
                     fmt::format("order {} is {} with {}'s charge {}, which is for {}", order.id, order.state,
                                 order.upstream, order.upstream_reference, charge->purchase)});
  } else if (!charge->approved) {
    found.push_back({"P3", order.purchase,
                     fmt::format("order {} is {} with {}'s charge {}, which was declined", order.id, order.state,
                                 order.upstream, order.upstream_reference)});
  }
}

}  // namespace

Violations kept_yes(const Books& books) {
  Violations found;
  if (!books.evidence().healed) return found;
  for (const Matter& matter : books.matters()) check_matter(matter, found);
  for (const JournalEntry& order : books.evidence().journal) check_claim(books, order, found);
  return found;
}

}  // namespace standin::sim
