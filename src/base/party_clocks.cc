#include "base/party_clocks.h"

namespace standin {

std::optional<Lead> lead_of(std::string_view date, WallTime asked, WallTime answered) {
  constexpr auto grain = std::chrono::seconds(1);
  const auto shown = read_http_date(date);
  if (!shown || answered < asked) return std::nullopt;
  return Lead{*shown - answered, *shown + grain - asked};
}

void PartyClocks::heard(const std::string& upstream, const std::string& target, const Lead& lead) {
  const std::lock_guard lock(mutex_);
  leads_[upstream].insert_or_assign(target, lead);
}

// What a target said counts until the process ends, though the configuration may name the target no more: what was sent
// to it before is still looked for by its clock. Too wide a window asks a person, too narrow a one charges twice.
std::optional<Lead> PartyClocks::lead(const std::string& upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = leads_.find(upstream);
  if (found == leads_.end()) return std::nullopt;
  std::optional<Lead> all;
  for (const auto& [target, lead] : found->second) all = all ? all->joined(lead) : lead;
  return all;
}

}  // namespace standin
