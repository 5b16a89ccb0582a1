#include "upstream/switches.h"

#include <mutex>

namespace standin {
namespace {

bool holds(const Cut& cut, WallTime now) { return cut.until == WallTime{} || now < cut.until; }

template <class Keys>
bool holds(const Keys& cuts, std::string_view key, WallTime now) {
  const auto found = cuts.find(key);
  return found != cuts.end() && holds(found->second, now);
}

}  // namespace

void Switches::cut(Cut cut) {
  const std::unique_lock lock(mutex_);
  cuts_[cut.upstream][cut.key] = cut;
  any_ = true;
}

void Switches::restore(const std::string& upstream, const std::string& key) {
  const std::unique_lock lock(mutex_);
  const auto found = cuts_.find(upstream);
  if (found == cuts_.end()) return;
  found->second.erase(key);
  if (found->second.empty()) cuts_.erase(found);
  any_ = !cuts_.empty();
}

bool Switches::stops(std::string_view upstream, std::string_view key, WallTime now) const {
  if (!any_.load(std::memory_order_relaxed)) return false;
  const std::shared_lock lock(mutex_);
  const auto found = cuts_.find(upstream);
  return found != cuts_.end() && (holds(found->second, "", now) || holds(found->second, key, now));
}

std::vector<Cut> Switches::in_force(WallTime now) const {
  const std::shared_lock lock(mutex_);
  std::vector<Cut> rows;
  for (const auto& [upstream, cuts] : cuts_) {
    for (const auto& [key, cut] : cuts) {
      if (holds(cut, now)) rows.push_back(cut);
    }
  }
  return rows;
}

}  // namespace standin
