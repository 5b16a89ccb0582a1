// P1: what standin said yes to is in its journal, after any crash and at the end.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

/// A void's or a read's answer may carry a reference of its own, which nothing was promised under.
bool is_promise(const Told& told) {
  const bool kept = is_sale(told) || told.what == "refund" || told.what == "capture";
  return kept && told.ours && told.kind == Told::Kind::yes && !told.reference.empty();
}

bool says_yes(const JournalEntry& order) {
  constexpr std::array<std::string_view, 5> noes = {"declined", "reversing", "reversed", "charging", "lapsed"};
  return !order.shadow && std::ranges::find(noes, order.state) == noes.end();
}

void check_crash(const CrashRecord& crash, Violations& found) {
  std::set<std::string_view> there;
  for (const std::string& reference : crash.found) there.insert(without_prefix(reference));
  for (const std::string& reference : crash.promised) {
    if (there.contains(without_prefix(reference))) continue;
    found.push_back({"P1", "",
                     fmt::format("a shopper had been told yes as {} before the crash at {}, and the journal did not "
                                 "have it afterwards",
                                 reference, seconds(crash.at_ms))});
  }
}

}  // namespace

Violations durable(const Books& books) {
  Violations found;
  for (const CrashRecord& crash : books.evidence().crashes) check_crash(crash, found);
  std::multimap<std::string_view, const JournalEntry*> orders;
  for (const JournalEntry& order : books.evidence().journal) orders.emplace(without_prefix(order.reference), &order);
  for (const Matter& matter : books.matters()) {
    for (const Told& told : matter.purchase->told) {
      if (!is_promise(told)) continue;
      const auto [first, last] = orders.equal_range(without_prefix(told.reference));
      const bool kept = std::any_of(first, last, [&](const auto& entry) {
        return is_sale(told) ? says_yes(*entry.second) : !entry.second->shadow;
      });
      if (kept) continue;
      found.push_back({"P1", matter.purchase->name,
                       fmt::format("told yes to a {} as {}, and the journal {}. {}", told.what, told.reference,
                                   first == last ? "has no such order" : "says otherwise", matter.story())});
    }
  }
  return found;
}

}  // namespace standin::sim
