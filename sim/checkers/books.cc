#include "sim/checkers/books.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace standin::sim {
namespace {

std::string_view kind_name(Told::Kind kind) {
  switch (kind) {
    case Told::Kind::yes: return "yes";
    case Told::Kind::no: return "no";
    case Told::Kind::neither: return "neither";
  }
  return "?";
}

std::string told_text(const Told& told) {
  return fmt::format("{} asked at {}: {} at {}{}{}{}", told.what, seconds(told.asked_ms), kind_name(told.kind),
                     seconds(told.at_ms), told.reference.empty() ? "" : " as ", told.reference,
                     told.ours ? " (standin's)" : "");
}

std::string charge_text(const LedgerEntry& charge) {
  const std::string_view is = !charge.approved ? "declined" : charge.voided ? "voided" : "charged";
  std::string text = fmt::format("{} {} {} {} {} at {}", charge.party, is, charge.amount_minor, charge.currency,
                                 charge.reference, seconds(charge.at_ms));
  if (charge.refunded_minor != 0) text += fmt::format(", {} refunded", charge.refunded_minor);
  if (charge.repeated) text += " (a copy)";
  return text;
}

std::string order_text(const JournalEntry& order) {
  std::string text = fmt::format("{} {} as {} at {}", order.id, order.state, order.reference, order.upstream);
  if (!order.upstream_reference.empty()) text += " " + order.upstream_reference;
  if (order.about_another) text += ", behind " + order.behind;
  if (order.undelivered) text += ", undelivered";
  if (order.unresolved) text += ", unresolved";
  if (order.follow_ups > 0) text += fmt::format(", {} of {} cases open", order.open_follow_ups, order.follow_ups);
  return text;
}

template <class Item, class Text>
void add_list(std::string& story, std::string_view head, const std::vector<Item>& items, const Text& text) {
  if (items.empty()) return;
  story.append(head);
  for (std::size_t i = 0; i < items.size(); ++i) story.append(i == 0 ? "" : "; ").append(text(items[i]));
}

}  // namespace

// --- one purchase ---

std::vector<const LedgerEntry*> Matter::standing() const {
  std::vector<const LedgerEntry*> found;
  for (const LedgerEntry* charge : charges) {
    if ((charge->party == "shop") == of_shop() && !charge->repeated && stands(*charge)) found.push_back(charge);
  }
  return found;
}

std::int64_t Matter::standing_minor() const {
  std::int64_t sum = 0;
  for (const LedgerEntry* charge : standing()) sum += sim::standing_minor(*charge);
  return sum;
}

int Matter::cases() const {
  int count = 0;
  for (const JournalEntry* order : orders) {
    const bool decided = order->state == "collected" || order->state == "written_off";
    count += order->open_follow_ups + std::max(order->closed_by_person, decided ? 1 : 0);
  }
  return count;
}

bool Matter::was_granted(const std::string& what) const {
  return std::ranges::any_of(purchase->told,
                             [&](const Told& told) { return told.what == what && told.kind == Told::Kind::yes; });
}

bool Matter::was_told(Told::Kind kind) const {
  return std::ranges::any_of(purchase->told, [&](const Told& told) { return is_sale(told) && told.kind == kind; });
}

std::string Matter::story() const {
  std::string story = fmt::format("{} of {} {} at the {}, {} tries from {}", purchase->name, purchase->amount_minor,
                                  purchase->currency, purchase->side, purchase->tries, seconds(purchase->began_ms));
  if (!purchase->honest_key) story += ", several keys or payloads";
  if (purchase->hung_up) story += ", hung up";
  if (purchase->void_sent) story += ", sent a void";
  if (purchase->refund_sent_minor > 0) {
    story +=
        fmt::format(", asked for {} back, was granted {}", purchase->refund_sent_minor, purchase->refund_granted_minor);
  }
  add_list(story, ". Told: ", purchase->told, told_text);
  add_list(story, ". Ledgers: ", charges, [](const LedgerEntry* charge) { return charge_text(*charge); });
  add_list(story, ". Journal: ", orders, [](const JournalEntry* order) { return order_text(*order); });
  return story;
}

// --- all of them ---

Books::Books(const Evidence& evidence) : evidence_(evidence) {
  std::map<std::string, std::size_t> by_name;
  for (const Purchase& purchase : evidence.purchases) {
    by_name.emplace(purchase.name, matters_.size());
    matters_.push_back({.purchase = &purchase, .charges = {}, .orders = {}, .deliveries = {}});
  }
  const auto matter_of = [&](const std::string& name) -> Matter* {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : &matters_[found->second];
  };
  for (const LedgerEntry& charge : evidence.ledger) {
    charges_.emplace(std::pair(charge.party, charge.reference), &charge);
    if (Matter* const matter = matter_of(charge.purchase)) {
      matter->charges.push_back(&charge);
    } else {
      of_nobody_.push_back(&charge);
    }
  }
  for (const JournalEntry& order : evidence.journal) {
    orders_.emplace(order.id, &order);
    Matter* const matter = order.shadow ? nullptr : matter_of(order.purchase);
    if (matter) matter->orders.push_back(&order);
  }
  for (const Delivery& delivery : evidence.deliveries) {
    if (Matter* const matter = matter_of(delivery.purchase)) matter->deliveries.push_back(&delivery);
  }
}

const JournalEntry* Books::order(const std::string& id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : found->second;
}

const LedgerEntry* Books::charge(const std::string& party, const std::string& reference) const {
  const auto found = charges_.find({party, reference});
  return found == charges_.end() ? nullptr : found->second;
}

// --- words of their own ---

bool stands(const LedgerEntry& charge) {
  return charge.approved && !charge.voided && charge.refunded_minor < charge.amount_minor;
}

std::int64_t standing_minor(const LedgerEntry& charge) {
  return stands(charge) ? charge.amount_minor - charge.refunded_minor : 0;
}

bool is_sale(const Told& told) { return told.what == "sale"; }
bool is_definite(const Told& told) { return told.kind != Told::Kind::neither; }

bool is_at_end(const JournalEntry& order) {
  constexpr std::array<std::string_view, 8> ends = {"settled",  "matched",   "cancelled",   "declined",
                                                    "reversed", "collected", "written_off", "lapsed"};
  return std::ranges::find(ends, order.state) != ends.end();
}

std::string_view without_prefix(std::string_view reference) {
  for (const std::string_view prefix : {"pi_", "ch_", "re_"}) {
    if (reference.starts_with(prefix)) return reference.substr(prefix.size());
  }
  return reference;
}

std::string seconds(std::int64_t ms) { return fmt::format("{}.{:03} s", ms / 1000, ms % 1000); }

bool memory_has_ended(const Matter& matter, std::int64_t by_ms) {
  if (matter.purchase->unrecorded) return true;
  constexpr std::int64_t remembered_ms = 10 * 60 * 1000;
  if (!matter.of_shop() || (matter.purchase->tries < 2 && !matter.purchase->repeated)) return false;
  return by_ms - matter.purchase->began_ms > remembered_ms;
}

bool may_have_forgotten(const Books& books, const Matter& matter, std::int64_t by_ms) {
  if (memory_has_ended(matter, by_ms)) return true;
  if (!matter.of_shop() || (matter.purchase->tries < 2 && !matter.purchase->repeated)) return false;
  const std::int64_t began = matter.purchase->began_ms;
  return std::ranges::any_of(books.evidence().crashes,
                             [&](const CrashRecord& crash) { return began <= crash.at_ms && crash.at_ms <= by_ms; });
}

std::vector<Violation> check(const Evidence& evidence) {
  const Books books(evidence);
  Violations all;
  for (const auto judge :
       {durable, charged_once, ends, exposure, same_answer, shape, kept_yes, told_no, money, leases}) {
    Violations found = judge(books);
    all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  return all;
}

}  // namespace standin::sim
