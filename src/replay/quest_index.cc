#include "replay/quest_index.h"

#include <fmt/format.h>

#include <algorithm>

namespace standin {
namespace {

std::string key_key(const Listed& charge) { return "key " + charge.own_key; }
std::string reference_key(const Listed& charge) { return "reference " + charge.reference; }
std::string invoice_key(const Listed& charge) { return "invoice " + charge.invoice; }
std::string amount_key(const char* which, const Listed& charge) {
  return fmt::format("{} {} {}", which, charge.amount.minor, charge.amount.currency.code());
}

constexpr const char* any = "any";
constexpr const char* without_reference = "no reference";
constexpr const char* without_invoice = "no invoice";

}  // namespace

void QuestIndex::add(const Listed& wanted, std::size_t quest) {
  if (!wanted.own_key.empty()) quests_[key_key(wanted)].push_back(quest);
  if (!wanted.reference.empty()) quests_[reference_key(wanted)].push_back(quest);
  if (!wanted.invoice.empty()) quests_[invoice_key(wanted)].push_back(quest);
  if (wanted.reference.empty()) quests_[amount_key(without_reference, wanted)].push_back(quest);
  if (wanted.invoice.empty()) quests_[amount_key(without_invoice, wanted)].push_back(quest);
  quests_[amount_key(any, wanted)].push_back(quest);
}

// Somebody else's reference rules a charge out: one that has a reference can only be of the quests with that same one,
// or with none.
std::vector<std::size_t> QuestIndex::candidates(const Listed& listed) const {
  std::vector<std::size_t> found;
  if (!listed.own_key.empty()) collect(key_key(listed), found);
  if (!listed.reference.empty()) collect(reference_key(listed), found);
  if (!listed.invoice.empty()) collect(invoice_key(listed), found);
  const char* const rest = !listed.reference.empty() ? without_reference
                           : !listed.invoice.empty() ? without_invoice
                                                     : any;
  collect(amount_key(rest, listed), found);
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

void QuestIndex::collect(const std::string& key, std::vector<std::size_t>& found) const {
  const auto entry = quests_.find(key);
  if (entry != quests_.end()) found.insert(found.end(), entry->second.begin(), entry->second.end());
}

}  // namespace standin
