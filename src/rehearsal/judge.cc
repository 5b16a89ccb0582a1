#include "rehearsal/judge.h"

#include <map>

namespace standin::rehearsal {
namespace {

struct Intent {
  bool yes = false;
  bool no = false;
  int orders = 0;
  int charges = 0;
};

std::map<std::string, Intent> intents_of(const std::vector<Attempt>& attempts, const Books& books) {
  std::map<std::string, Intent> intents;
  for (const Attempt& attempt : attempts) {
    Intent& intent = intents[attempt.cart_id];
    intent.yes |= attempt.told == Told::yes;
    intent.no |= attempt.told == Told::no;
  }
  for (const ShopOrder& order : books.orders) {
    const auto found = intents.find(order.asked.cart_id);
    if (found != intents.end() && order.state != OrderState::cancelled) ++found->second.orders;
  }
  for (const Charge& charge : books.charges) {
    const auto found = intents.find(charge.cart_id);
    if (found != intents.end() && !charge.voided) ++found->second.charges;
  }
  return intents;
}

}  // namespace

Verdict judge(const std::vector<Attempt>& attempts, const Books& books, const std::set<std::string>& with_a_person) {
  Verdict verdict;
  const auto list_unless_excused = [&](std::vector<std::string>& list, const std::string& cart) {
    if (with_a_person.contains(cart)) {
      ++verdict.excused;
    } else {
      list.push_back(cart);
    }
  };
  for (const auto& [cart, intent] : intents_of(attempts, books)) {
    ++verdict.intents;
    verdict.told_yes += intent.yes ? 1 : 0;
    verdict.told_no += intent.no ? 1 : 0;
    verdict.told_neither_or_nothing += intent.yes || intent.no ? 0 : 1;
    verdict.served += intent.orders == 1 && intent.charges == 1 ? 1 : 0;
    if (intent.orders > 1 || intent.charges > 1) verdict.served_twice.push_back(cart);
    if (intent.yes && intent.no) verdict.told_both.push_back(cart);
    if (intent.yes && (intent.orders == 0 || intent.charges == 0)) list_unless_excused(verdict.yes_not_served, cart);
    if (intent.no && !intent.yes && intent.orders + intent.charges > 0)
      list_unless_excused(verdict.no_but_served, cart);
  }
  return verdict;
}

}  // namespace standin::rehearsal
