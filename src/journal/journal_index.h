#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "journal/journal.h"

namespace standin {

/// What a batch changed for the index, order by order.
struct IndexChange {
  OrderKey key;
  Remembered order;           ///< as it is now; decided by this change, unless it was before
  std::optional<State> from;  ///< nothing: it is new
};

/// What is known of the journal without reading it. The writer changes it right after each commit; any thread reads it.
class JournalIndex {
 public:
  std::optional<Remembered> recall(const OrderKey& key) const;
  std::map<State, std::size_t> counts() const;
  std::vector<Money> exposure() const;
  std::vector<Money> exposure_peak() const;

  /// At start. A superseded order is counted, and its key belongs to another. False if two orders hold one key.
  bool add(const OrderKey& key, const Remembered& order, bool superseded);
  /// A new order under a known key takes the key's place.
  void change(const IndexChange& change);
  void set_exposure(std::vector<Money> totals, std::vector<Money> peaks);

 private:
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<OrderKey, Remembered, OrderKeyHash> orders;
  };
  /// The key's last byte: its first eight are the hash inside a shard.
  std::size_t shard_of(const OrderKey& key) const { return key.digest.bytes.back() % shards_.size(); }

  std::array<Shard, 64> shards_;
  mutable std::mutex mutex_;
  std::map<State, std::size_t> counts_;
  std::vector<Money> totals_, peaks_;
};

}  // namespace standin
