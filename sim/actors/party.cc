#include "sim/actors/party.h"

#include <algorithm>
#include <map>
#include <utility>

namespace standin::sim {

std::size_t DeliveryLog::begin(std::string purchase, const ServedCall& call, Instant now) {
  Delivery delivery{.purchase = std::move(purchase),
                    .party = party_,
                    .mark = std::string(call.request().headers.find("Standin-Replay").value_or("")),
                    .began_ms = world_ms(now),
                    .ended_ms = under_way,
                    .repeated = call.is_copy()};
  entries_.push_back({std::move(delivery), call.connection()});
  return entries_.size() - 1;
}

void DeliveryLog::end_all(Instant now) {
  for (std::size_t which = 0; which < entries_.size(); ++which) {
    if (entries_[which].delivery.ended_ms == under_way) end(which, now);
  }
}

std::vector<Delivery> DeliveryLog::all() const {
  std::vector<Delivery> all;
  all.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    Delivery& delivery = all.emplace_back(entry.delivery);
    if (!entry.from->closed) continue;
    const std::int64_t closed_ms = world_ms(*entry.from->closed);
    delivery.ended_ms = std::clamp(closed_ms, delivery.began_ms, delivery.ended_ms);
  }
  return all;
}

namespace {

/// Another request made it, and it stands, or was given back by whoever knew of it: that request's client had been told
/// that this one did nothing.
bool was_asked_for_instead(const ChargeMade& other, const ChargeMade& charge) {
  const LedgerEntry& entry = other.entry;
  const bool same_purchase = !entry.purchase.empty() && entry.purchase == charge.entry.purchase;
  return same_purchase && entry.approved && !entry.voided && other.by != charge.by && !entry.repeated;
}

}  // namespace

std::vector<LedgerEntry> with_repeats(std::vector<ChargeMade> charges) {
  const auto was_known = [](const ChargeMade& charge) {
    return charge.entry.voided || charge.entry.refunded_minor > 0;
  };
  std::map<const Connection*, ChargeMade*> asked_for;
  for (ChargeMade& charge : charges) {
    if (!charge.by || !charge.by->copied || !charge.entry.approved || charge.undone_by_party) continue;
    ChargeMade*& one = asked_for[charge.by.get()];
    ChargeMade* other = &charge;
    if (one == nullptr || (was_known(charge) && !was_known(*one))) std::swap(one, other);
    if (other != nullptr) other->entry.repeated = true;
  }
  for (ChargeMade& charge : charges) {
    if (!charge.by || !charge.by->copied || charge.entry.repeated) continue;
    charge.entry.repeated =
        std::ranges::any_of(charges, [&](const ChargeMade& other) { return was_asked_for_instead(other, charge); });
  }
  std::vector<LedgerEntry> entries;
  entries.reserve(charges.size());
  for (ChargeMade& charge : charges) entries.push_back(std::move(charge.entry));
  return entries;
}

}  // namespace standin::sim
