#pragma once

#include <vector>

#include "base/time.h"
#include "config/config.h"

namespace standin {

/// How often a party's listing may be asked for. Every configured limit holds over any span of its length: a quarter of
/// it may be spent at once, the rest comes back evenly over the span. A tenth is kept back for restarts, each of which
/// begins with a hundredth (but with one request at least): what the process before it spent is not known, and the
/// party counts on. So ten restarts within a limit's span stay inside it. Pure.
class SearchBudget {
 public:
  explicit SearchBudget(const std::vector<SearchLimit>& limits = {}, Instant now = {});

  /// When the next request may be sent; `now` if at once.
  Instant next(Instant now) const;
  /// One was sent.
  void spend(Instant now);
  /// The party says that its limit is reached: somebody else uses the account too.
  void exhaust(Instant now);

 private:
  struct Bucket {
    double capacity = 0;
    double per_second = 0;
    double filled = 0;
    Instant at{};
    double at_time(Instant now) const;
  };
  static Bucket bucket(const SearchLimit& limit, Instant now);

  std::vector<Bucket> buckets_;
};

}  // namespace standin
