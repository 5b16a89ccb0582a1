#include "cache/cache.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>

namespace standin {
namespace {

constexpr Instant::rep nothing_kept = std::numeric_limits<Instant::rep>::max();

std::size_t cost(const std::string& key, const KeptAnswer& answer) { return answer.bytes() + key.capacity(); }

}  // namespace

Cache::Cache(std::size_t bytes_max)
    : bytes_max_(bytes_max),
      answer_bytes_max_(std::min(bytes_max / limits::cached_answer_part, limits::cached_answer)) {
  for (Shard& shard : shards_) shard.oldest = nothing_kept;
}

Cache::Shard& Cache::shard_of(const std::string& key) {
  return shards_[std::hash<std::string>()(key) % limits::cache_shards];
}

Cache::Shard& Cache::shard_of(const KeptAnswer* answer) {
  return shards_[std::hash<const void*>()(answer) / alignof(std::max_align_t) % limits::cache_shards];
}

void Cache::note_oldest(Shard& shard) {
  shard.oldest = shard.by_use.empty() ? nothing_kept : shard.by_use.back().used.time_since_epoch().count();
}

std::shared_ptr<const KeptAnswer> Cache::find(const std::string& key, const Headers& request, Instant now) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto target = shard.targets.find(key);
  if (target == shard.targets.end()) return nullptr;
  for (const Places::iterator place : target->second) {
    if (!matches(place->answer->varying, request)) continue;
    place->used = now;
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, place);
    note_oldest(shard);
    return place->answer;
  }
  return nullptr;
}

std::size_t Cache::put(const std::string& key, std::shared_ptr<const KeptAnswer> answer, Instant now) {
  const std::size_t bytes = cost(key, *answer);
  if (answer->body->size() > answer_bytes_max_ || bytes > bytes_max_) return 0;
  const std::size_t evicted = make_room(bytes);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  Targets::value_type& target = *shard.targets.try_emplace(key).first;
  Variants& variants = target.second;
  const auto same = std::ranges::find_if(
      variants, [&](const Places::iterator place) { return place->answer->varying == answer->varying; });
  const std::optional<Places::iterator> before =
      same == variants.end() ? std::nullopt : std::optional<Places::iterator>(*same);
  // The newest is looked at first: of two that suit a request, it counts (RFC 9111, 4.1).
  shard.by_use.push_front({std::move(answer), &target, bytes, now});
  variants.insert(variants.begin(), shard.by_use.begin());
  bytes_ += bytes;
  ++answers_;
  if (before) remove(shard, *before);
  if (variants.size() > limits::cached_variants) remove(shard, variants.back());
  note_oldest(shard);
  return evicted;
}

void Cache::forget(const std::string& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto target = shard.targets.find(key);
  if (target == shard.targets.end()) return;
  const Variants all = target->second;
  for (const Places::iterator place : all) remove(shard, place);
  note_oldest(shard);
}

/// The target goes with its last variant.
void Cache::remove(Shard& shard, Places::iterator place) {
  Targets::value_type& target = *place->target;
  std::erase(target.second, place);
  bytes_ -= place->bytes;
  --answers_;
  shard.by_use.erase(place);
  if (!target.second.empty()) return;
  const auto empty = shard.targets.find(target.first);
  shard.targets.erase(empty);
}

std::size_t Cache::make_room(std::size_t bytes) {
  std::size_t evicted = 0;
  while (bytes_ + bytes > bytes_max_ && evict_oldest()) ++evicted;
  return evicted;
}

/// The one used least lately of all shards, or nearly: others may use theirs meanwhile. False if there is none.
bool Cache::evict_oldest() {
  Shard& shard = *std::ranges::min_element(shards_, {}, [](const Shard& one) { return one.oldest.load(); });
  if (shard.oldest == nothing_kept) return false;
  const std::lock_guard lock(shard.mutex);
  if (shard.by_use.empty()) return true;
  remove(shard, std::prev(shard.by_use.end()));
  note_oldest(shard);
  return true;
}

Cache::Turn Cache::refresh(const KeptAnswer& answer) {
  Shard& shard = shard_of(&answer);
  const std::lock_guard lock(shard.mutex);
  auto& theirs = shard.refreshing[&answer];
  if (theirs) return {.theirs = theirs};
  theirs = std::make_shared<Event>();
  return {.mine = Refreshing(*this, &answer), .theirs = nullptr};
}

void Cache::end_refreshing(const KeptAnswer* answer) {
  Shard& shard = shard_of(answer);
  std::shared_ptr<Event> ended;
  {
    const std::lock_guard lock(shard.mutex);
    ended = std::move(shard.refreshing[answer]);
    shard.refreshing.erase(answer);
  }
  ended->set();
}

Cache::Refreshing::~Refreshing() {
  if (cache_ != nullptr) cache_->end_refreshing(answer_);
}

bool Cache::fill(std::size_t bytes) {
  if (filling_ += bytes; filling_ <= bytes_max_ / limits::cache_filling_part) return true;
  filling_ -= bytes;
  return false;
}

}  // namespace standin
