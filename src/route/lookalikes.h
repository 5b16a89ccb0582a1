#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "route/claims.h"

namespace standin {

/// Requests without a key that look alike within a window (docs/semantics.md, "Duplicates without a key"): the second
/// is taken for a repeat of the first. In memory; after a restart, what the journal has. Any thread.
class Lookalikes {
 public:
  /// `read` tells by `first` what an earlier process knew, oldest first, and whether it could: once for each route, but
  /// for failures. Who calls in the meantime waits for its end.
  void restore(const std::string& route, const std::function<bool()>& read);

  /// `looks`: a digest of merchant, card, amount, currency and reference. The intent of the first such request within
  /// `window`: the given one, if it is the first.
  Intent first(const Digest& looks, const Intent& intent, Instant now, Duration window);

 private:
  struct Seen {
    Intent intent;
    Instant until;
  };
  void forget(Instant now);

  std::mutex restoring_;
  std::set<std::string> restored_;
  std::mutex mutex_;
  std::unordered_map<OrderKey, Seen, OrderKeyHash> seen_;
  std::deque<std::pair<OrderKey, Instant>> oldest_first_;
};

}  // namespace standin
