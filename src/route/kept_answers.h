#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "net/message.h"

namespace standin {

/// What is remembered of intents that no order in the journal tells of: the party's definite answers. A number of
/// places, which are used again and again, the oldest first: answers that lie scattered over the heap until
/// they are dropped slow down whatever is allocated between them.
class KeptAnswers {
 public:
  struct Kept {
    OrderKey key;
    Digest payload;
    Response answer;
    bool declined = false;
    std::uint64_t number = 0;  ///< of all that were ever kept
    Instant until;
  };

  /// `places`: at most 65,535.
  explicit KeptAnswers(std::size_t places);

  /// The newest of that key, and those before it; nullptr: no more. Valid until the next `place_for`.
  const Kept* newest(const OrderKey& key) const;
  const Kept* before(const Kept& kept) const;
  const Kept* find(const OrderKey& key, const Digest& payload) const;

  /// Where `key`'s is to be written, in place of what was remembered for that payload, or else of the oldest of all.
  /// Its key and payload are set; everything else is another intent's, whose memory its own may take over.
  Kept& place_for(const OrderKey& key, const Digest& payload);
  /// The same for whatever payload of the key was remembered last.
  Kept* newest(const OrderKey& key);
  /// If it is there, it is over from now on.
  void forget(const OrderKey& key, const Digest& payload);

 private:
  using Place = std::uint16_t;
  static constexpr Place none = 0xffff;
  /// Apart from what is kept, so that looking for what is not there touches little memory.
  struct Link {
    std::uint64_t hash = 0;
    Place next = none;
  };

  Place& bucket(std::uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  const Kept* of(const OrderKey& key, std::uint64_t hash, Place from) const;
  void unlink(Place place);

  std::size_t places_;
  std::vector<Place> buckets_;
  std::vector<Link> links_;
  std::vector<Kept> kept_;
  Place oldest_ = 0;
};

}  // namespace standin
