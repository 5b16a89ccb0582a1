// P2: at most one standing charge for one purchase over all gateways, and at most one order in the shop.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

/// A shop without a unique index does by itself what it does twice under one request, or when a client asks twice: only
/// a second delivery of one client's one request is standin's doing.
bool is_shops_own_doing(const Books& books, const Matter& matter) {
  if (!books.evidence().careless_shop) return false;
  const auto sent = std::ranges::count_if(
      matter.deliveries, [](const Delivery* delivery) { return delivery->party == "shop" && !delivery->repeated; });
  return matter.purchase->tries != 1 || matter.purchase->repeated || sent < 2;
}

void check_group(const Matter& matter, std::size_t standing, const std::string& where, Violations& found) {
  if (standing < 2) return;
  const std::size_t known = static_cast<std::size_t>(std::max(0, matter.cases()));
  if (standing - 1 <= known) return;
  found.push_back({"P2", matter.purchase->name,
                   fmt::format("{} charges stand at the {} for one purchase, and a person has {}. {}", standing, where,
                               known, matter.story())});
}

/// A shopper who used several keys asked several times; under each it is one purchase all the same.
void check_each_key(const Matter& matter, bool shop, Violations& found) {
  std::map<std::string, std::size_t> standing;
  for (const LedgerEntry* charge : matter.charges) {
    const bool counts = (charge->party == "shop") == shop && !charge->repeated && stands(*charge);
    if (counts && !charge->key.empty()) ++standing[charge->key];
  }
  for (const auto& [key, count] : standing) {
    check_group(matter, count, fmt::format("{} under the key {}", shop ? "shop" : "gateways", key), found);
  }
}

}  // namespace

Violations charged_once(const Books& books) {
  Violations found;
  if (!books.evidence().healed) return found;  // what is to be undone may still be on its way
  for (const Matter& matter : books.matters()) {
    for (const bool shop : {true, false}) {
      if (shop && is_shops_own_doing(books, matter)) continue;
      if (!matter.purchase->honest_key) {
        check_each_key(matter, shop, found);
        continue;
      }
      const auto standing = std::ranges::count_if(matter.charges, [&](const LedgerEntry* charge) {
        return (charge->party == "shop") == shop && !charge->repeated && stands(*charge);
      });
      check_group(matter, static_cast<std::size_t>(standing), shop ? "shop" : "gateways", found);
    }
  }
  return found;
}

}  // namespace standin::sim
