// The sum of what stands is the sum of what shoppers were told yes for, less what they had back: to the cent, by
// currency, but for what is excused by name.
#include <fmt/format.h>

#include <algorithm>

#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

struct Total {
  std::int64_t stands = 0, told = 0, unexplained = 0;
  std::vector<std::string> differences;
};

bool bought_again_after_void(const Matter& matter) {
  const auto& told = matter.purchase->told;
  const auto granted =
      std::ranges::find_if(told, [](const Told& each) { return each.what == "void" && each.kind == Told::Kind::yes; });
  if (granted == told.end()) return false;
  return matter.purchase->last_try_ms > granted->asked_ms || matter.purchase->repeated;
}

/// What the party itself approved in part, it said in part.
std::int64_t charged_minor(const Matter& matter) {
  auto made = matter.charges;
  std::erase_if(made, [](const LedgerEntry* each) { return !each->approved || each->voided || each->repeated; });
  const bool by_party = std::ranges::any_of(matter.purchase->told, [](const Told& told) {
    return is_sale(told) && told.kind == Told::Kind::yes && !told.ours;
  });
  if (!by_party || made.size() != 1) return matter.purchase->amount_minor;
  return std::min(made.front()->amount_minor, matter.purchase->amount_minor);
}

std::int64_t told_minor(const Matter& matter) {
  if (!matter.was_told(Told::Kind::yes) || matter.was_granted("void")) return 0;
  return charged_minor(matter) - matter.purchase->refund_granted_minor;
}

/// What may have been done of what was asked and not heard of.
bool is_unheard(const Matter& matter, std::int64_t difference) {
  const Purchase& purchase = *matter.purchase;
  const std::int64_t amount = purchase.amount_minor;
  if (purchase.void_sent && !matter.was_granted("void") && difference <= 0 && -difference <= amount) return true;
  const std::int64_t unheard_refund = purchase.refund_sent_minor - purchase.refund_granted_minor;
  if (difference < 0 && -difference <= unheard_refund) return true;
  if (difference < 0 && purchase.repeated && purchase.refund_sent_minor > 0) return true;
  const bool nobody_heard = !matter.was_told(Told::Kind::yes) && !last_word_no(matter);
  return nobody_heard && difference > 0 && difference <= amount;
}

/// Why the difference is lawful; "" if it is not.
std::string_view excuse(const Books& books, const Matter& matter, std::int64_t difference) {
  if (matter.cases() > 0) return "with a person";
  if (!matter.purchase->honest_key) return "several keys";
  if (is_unheard(matter, difference)) return "not heard of";
  if (bought_again_after_void(matter)) return "bought again after the void";
  if (books.evidence().careless_shop && matter.of_shop() && difference > 0) return "the shop's own";
  if (matter.purchase->unrecorded) return "forwarded without a journal";
  if (!matter.was_told(Told::Kind::no)) return "";
  const std::int64_t last_ms = matter.purchase->told.back().at_ms;
  const bool forgotten =
      difference > 0 ? may_have_forgotten(books, matter, last_ms) : memory_has_ended(matter, last_ms);
  if (forgotten) return "forgotten by design";
  return "";
}

void add(Total& total, const Books& books, const Matter& matter) {
  const std::int64_t stands = matter.standing_minor(), told = told_minor(matter);
  total.stands += stands;
  total.told += told;
  const std::int64_t difference = stands - told;
  if (difference == 0 || !excuse(books, matter, difference).empty()) return;
  total.unexplained += difference;
  total.differences.push_back(fmt::format("{:+} {}", difference, matter.story()));
}

void add(Total& total, const LedgerEntry& charge) {
  if (!stands(charge) || charge.repeated) return;
  total.stands += standing_minor(charge);
  total.unexplained += standing_minor(charge);
  total.differences.push_back(fmt::format("{:+} {} at {} for nobody's purchase '{}'", standing_minor(charge),
                                          charge.reference, charge.party, charge.purchase));
}

std::string text(const std::string& currency, const Total& total) {
  constexpr std::size_t listed = 10;
  std::string what =
      fmt::format("{} {} stand, {} were told yes and kept, and {:+} are explained by nothing:", total.stands, currency,
                  total.told, total.unexplained);
  for (std::size_t i = 0; i < std::min(listed, total.differences.size()); ++i) what += "\n  " + total.differences[i];
  if (total.differences.size() > listed) what += fmt::format("\n  and {} more", total.differences.size() - listed);
  return what;
}

}  // namespace

Violations money(const Books& books) {
  Violations found;
  if (!books.evidence().healed) return found;
  std::map<std::string, Total> totals;
  for (const Matter& matter : books.matters()) add(totals[matter.purchase->currency], books, matter);
  for (const LedgerEntry* charge : books.charges_of_nobody()) add(totals[charge->currency], *charge);
  for (const auto& [currency, total] : totals) {
    if (!total.differences.empty()) found.push_back({"money", "", text(currency, total)});
  }
  return found;
}

}  // namespace standin::sim
