#include "journal/journal_index.h"

namespace standin {

std::optional<Remembered> JournalIndex::recall(const OrderKey& key) const {
  const Shard& shard = shards_[shard_of(key)];
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.orders.find(key);
  if (found == shard.orders.end()) return std::nullopt;
  return found->second;
}

std::map<State, std::size_t> JournalIndex::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<Money> JournalIndex::exposure() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

std::vector<Money> JournalIndex::exposure_peak() const {
  const std::lock_guard lock(mutex_);
  return peaks_;
}

bool JournalIndex::add(const OrderKey& key, const Remembered& order, bool superseded) {
  if (!superseded) {
    Shard& shard = shards_[shard_of(key)];
    const std::unique_lock lock(shard.mutex);
    if (!shard.orders.try_emplace(key, order).second) return false;
  }
  const std::lock_guard lock(mutex_);
  ++counts_[order.state];
  return true;
}

void JournalIndex::change(const IndexChange& change) {
  {
    Shard& shard = shards_[shard_of(change.key)];
    const std::unique_lock lock(shard.mutex);
    const auto [at, fresh] = shard.orders.try_emplace(change.key, change.order);
    const bool same = at->second.id == change.order.id;
    const WallTime decided = same ? at->second.decided : WallTime{};
    if (!change.from || same) at->second = change.order;
    if (decided != WallTime{}) at->second.decided = decided;
  }
  const std::lock_guard lock(mutex_);
  if (change.from && --counts_[*change.from] == 0) counts_.erase(*change.from);
  ++counts_[change.order.state];
}

void JournalIndex::set_exposure(std::vector<Money> totals, std::vector<Money> peaks) {
  const std::lock_guard lock(mutex_);
  totals_ = std::move(totals);
  peaks_ = std::move(peaks);
}

}  // namespace standin
