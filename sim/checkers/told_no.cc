// P10: who was told no, and never yes, is not charged; or a person has the case.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {

// Standin's own no to a client's key holds for ever. Any other ends its intent: a try after it or beside it, and a
// copy that something in between made of one, may have been charged, and nobody may have heard of it.
const Told* last_word_no(const Matter& matter) {
  const Purchase& purchase = *matter.purchase;
  if (!purchase.honest_key || matter.was_told(Told::Kind::yes)) return nullptr;
  const auto no = std::ranges::find_if(purchase.told.rbegin(), purchase.told.rend(),
                                       [](const Told& told) { return is_sale(told) && told.kind == Told::Kind::no; });
  if (no == purchase.told.rend()) return nullptr;
  const bool holds = no->ours && !no->key.empty();
  const bool after_all = no->asked_ms >= purchase.last_try_ms && no->at_ms >= purchase.unheard_until_ms &&
                         std::none_of(purchase.told.rbegin(), no, is_sale);
  return holds || (after_all && !purchase.repeated) ? &*no : nullptr;
}

Violations told_no(const Books& books) {
  Violations found;
  if (!books.evidence().healed) return found;
  for (const Matter& matter : books.matters()) {
    const Told* const no = last_word_no(matter);
    if (!no || may_have_forgotten(books, matter, no->at_ms)) continue;
    // It answered itself otherwise; or it did several, and whoever has the one case, or undid the one, knows of one.
    const bool did_several = matter.cases() > 0 || matter.charges.size() > 1;
    if (books.evidence().careless_shop && matter.of_shop() && (!no->ours || did_several)) continue;
    const auto standing = matter.standing();
    if (standing.size() <= static_cast<std::size_t>(matter.cases())) continue;
    found.push_back(
        {"P10", matter.purchase->name,
         fmt::format("told no at {}, never yes, and {} stands at {} and {} cases are known. {}", seconds(no->at_ms),
                     standing.front()->reference, standing.front()->party, matter.cases(), matter.story())});
  }
  return found;
}

}  // namespace standin::sim
