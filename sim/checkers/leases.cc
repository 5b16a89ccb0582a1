// One owner at a time: no order is delivered twice at once, and none is replayed while its live forward is listened to.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

/// The order that a mark names; "" for a live forward.
std::string_view order_of(const Delivery& delivery) {
  constexpr std::string_view name = "order=";
  const std::string_view mark = delivery.mark;
  const auto at = mark.find(name);
  if (at == std::string_view::npos) return mark;
  const std::string_view rest = mark.substr(at + name.size());
  return rest.substr(0, rest.find(','));
}

/// Two live forwards are claims' business, and the parties'. A live forward and the replay of a refund are of two
/// orders.
bool is_one_order(const Books& books, const Matter& matter, const Delivery& a, const Delivery& b) {
  if (a.mark.empty() && b.mark.empty()) return false;
  if (!a.mark.empty() && !b.mark.empty()) return order_of(a) == order_of(b);
  const JournalEntry* const replayed = books.order(std::string(order_of(a.mark.empty() ? b : a)));
  const bool one_intent = matter.purchase->honest_key && !matter.purchase->void_sent && !matter.purchase->repeated &&
                          !matter.purchase->unrecorded;
  return one_intent && replayed && !replayed->about_another;
}

/// A process that died, or stood still for longer than its lease, has lost it; and a live forward that could not be let
/// go of when its listening ended.
bool has_lost_lease(const Evidence& evidence, const Delivery& first, const Delivery& second) {
  if (second.began_ms - first.began_ms >= evidence.lease_ms) return true;
  const auto meanwhile = [&](std::int64_t at_ms) { return first.began_ms <= at_ms && at_ms <= second.began_ms; };
  if (first.mark.empty() && std::ranges::any_of(evidence.stood_still_ms, meanwhile)) return true;
  return std::ranges::any_of(evidence.crashes, meanwhile, &CrashRecord::at_ms);
}

}  // namespace

Violations leases(const Books& books) {
  Violations found;
  for (const Matter& matter : books.matters()) {
    std::vector<const Delivery*> deliveries = matter.deliveries;
    // What arrives only after its sender had let go of it is nobody's any more.
    std::erase_if(deliveries, [](const Delivery* delivery) {
      return delivery->repeated || delivery->ended_ms <= delivery->began_ms;
    });
    std::ranges::stable_sort(deliveries, {}, &Delivery::began_ms);
    for (std::size_t i = 1; i < deliveries.size(); ++i) {
      const auto clash = std::find_if(
          deliveries.begin(), deliveries.begin() + static_cast<std::ptrdiff_t>(i), [&](const Delivery* first) {
            return deliveries[i]->began_ms < first->ended_ms && is_one_order(books, matter, *first, *deliveries[i]) &&
                   !has_lost_lease(books.evidence(), *first, *deliveries[i]);
          });
      if (clash == deliveries.begin() + static_cast<std::ptrdiff_t>(i)) continue;
      found.push_back(
          {"lease", matter.purchase->name,
           fmt::format("two at once: '{}' at {} from {} to {}, and '{}' at {} from {}. {}", (*clash)->mark,
                       (*clash)->party, seconds((*clash)->began_ms), seconds((*clash)->ended_ms), deliveries[i]->mark,
                       deliveries[i]->party, seconds(deliveries[i]->began_ms), matter.story())});
    }
  }
  return found;
}

}  // namespace standin::sim
