#include "route/lookalikes.h"

#include "base/limits.h"

namespace standin {

void Lookalikes::restore(const std::string& route, const std::function<bool()>& read) {
  const std::lock_guard lock(restoring_);
  if (!restored_.contains(route) && read()) restored_.insert(route);
}

Intent Lookalikes::first(const Digest& looks, const Intent& intent, Instant now, Duration window) {
  const std::lock_guard lock(mutex_);
  forget(now);
  const OrderKey key{looks};
  const auto [found, is_new] = seen_.try_emplace(key, Seen{intent, now + window});
  if (!is_new && found->second.until > now) return found->second.intent;
  found->second = {intent, now + window};
  oldest_first_.emplace_back(key, now + window);
  return intent;
}

void Lookalikes::forget(Instant now) {
  while (!oldest_first_.empty() &&
         (oldest_first_.front().second <= now || oldest_first_.size() >= limits::lookalikes)) {
    const auto found = seen_.find(oldest_first_.front().first);
    if (found != seen_.end() && found->second.until == oldest_first_.front().second) seen_.erase(found);
    oldest_first_.pop_front();
  }
}

}  // namespace standin
