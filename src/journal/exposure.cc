#include "journal/exposure.h"

#include <algorithm>
#include <cstring>

#include "base/planted.h"
#include "base/result.h"

namespace standin {
namespace {

std::vector<Money> as_money(const std::map<Currency, std::int64_t>& sums) {
  std::vector<Money> money;
  for (const auto& [currency, minor] : sums) money.push_back({minor, currency});
  return money;
}

}  // namespace

std::int64_t exposed_minor(const Owed& owed) {
  if (!owed.promised || !owed.amount) return 0;
  const bool partial = owed.settled_minor > 0 && owed.settled_minor < owed.amount->minor;
  if (partial && owed.rest_closed) return 0;
  const bool rest_owed = is_delivered(owed.state) && partial;
  if (!is_exposed(owed.state) && !rest_owed) return 0;
  return std::max<std::int64_t>(0, owed.amount->minor - owed.settled_minor);
}

bool is_rest_closed(State state, std::int64_t exposed_minor) {
  return exposed_minor == 0 && (is_delivered(state) || state == State::cancelling);
}

std::size_t Exposure::UlidHash::operator()(const Ulid& id) const {
  std::size_t hash;  // the last half of a ULID is chance
  std::memcpy(&hash, id.bytes.data() + 8, sizeof hash);
  return hash;
}

void Exposure::set(const Ulid& order, const Currency& currency, std::int64_t remainder_minor) {
  ensure(remainder_minor >= 0, "no order owes less than nothing");
  const auto [at, fresh] = remainders_.try_emplace(order, Money{0, currency});
  ensure(at->second.currency == currency, "an order's currency never changes");
  before_.emplace_back(order, at->second);
  totals_[currency] += remainder_minor - at->second.minor;
  if (planted(Bug::exposure_released_twice) && remainder_minor == 0) totals_[currency] -= at->second.minor;
  at->second.minor = remainder_minor;
  if (remainder_minor == 0) remainders_.erase(at);
}

std::int64_t Exposure::total(const Currency& currency) const {
  const auto found = totals_.find(currency);
  return found == totals_.end() ? 0 : found->second;
}

void Exposure::commit() {
  before_.clear();
  for (const auto& [currency, minor] : totals_) {
    std::int64_t& peak = peaks_[currency];
    peak = std::max(peak, minor);
  }
}

void Exposure::roll_back() {
  const auto changes = std::move(before_);
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    set(change->first, change->second.currency, change->second.minor);
  }
  before_.clear();
}

std::vector<Money> Exposure::totals() const { return as_money(totals_); }
std::vector<Money> Exposure::peaks() const { return as_money(peaks_); }

}  // namespace standin
