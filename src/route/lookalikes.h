#pragma once

#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/time.h"
#include "route/claims.h"

namespace standin {

/// Requests without a key that look alike within a window (docs/semantics.md, "Duplicates without a key"): the second
/// is taken for a repeat of the first. In memory: a restart forgets them. Any thread.
class Lookalikes {
 public:
  /// `looks`: a digest of merchant, card, amount, currency and reference. The intent of the first such request within
  /// `window`: the given one, if it is the first.
  Intent first(const Digest& looks, const Intent& intent, Instant now, Duration window);

 private:
  struct Seen {
    Intent intent;
    Instant until;
  };
  void forget(Instant now);

  std::mutex mutex_;
  std::unordered_map<OrderKey, Seen, OrderKeyHash> seen_;
  std::deque<std::pair<OrderKey, Instant>> oldest_first_;
};

}  // namespace standin
