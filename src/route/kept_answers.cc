#include "route/kept_answers.h"

#include <bit>
#include <cstring>
#include <utility>

#include "base/result.h"

namespace standin {
namespace {

/// A place that an answer longer than this had does not keep its memory.
constexpr std::size_t usual_answer = 8192;

/// Keys are digests: any of their bits will do. Shards are chosen by other ones.
std::uint64_t hash_of(const OrderKey& key) {
  std::uint64_t hash = 0;
  std::memcpy(&hash, key.digest.bytes.data() + key.digest.bytes.size() - sizeof hash, sizeof hash);
  return hash;
}

}  // namespace

KeptAnswers::KeptAnswers(std::size_t places) : places_(places), buckets_(std::bit_ceil(places), none) {
  ensure(places > 0 && places < none, "a place has a number");
}

const KeptAnswers::Kept* KeptAnswers::of(const OrderKey& key, std::uint64_t hash, Place from) const {
  for (Place place = from; place != none; place = links_[place].next) {
    if (links_[place].hash == hash && kept_[place].key == key) return &kept_[place];
  }
  return nullptr;
}

const KeptAnswers::Kept* KeptAnswers::newest(const OrderKey& key) const {
  const std::uint64_t hash = hash_of(key);
  return of(key, hash, buckets_[hash & (buckets_.size() - 1)]);
}

KeptAnswers::Kept* KeptAnswers::newest(const OrderKey& key) {
  return const_cast<Kept*>(std::as_const(*this).newest(key));
}

const KeptAnswers::Kept* KeptAnswers::before(const Kept& kept) const {
  const Link& link = links_[static_cast<std::size_t>(&kept - kept_.data())];
  return of(kept.key, link.hash, link.next);
}

const KeptAnswers::Kept* KeptAnswers::find(const OrderKey& key, const Digest& payload) const {
  const Kept* kept = newest(key);
  while (kept && kept->payload != payload) kept = before(*kept);
  return kept;
}

void KeptAnswers::forget(const OrderKey& key, const Digest& payload) {
  if (const Kept* const known = find(key, payload)) const_cast<Kept*>(known)->until = Instant::min();
}

void KeptAnswers::unlink(Place place) {
  Place* at = &bucket(links_[place].hash);
  while (*at != place) at = &links_[*at].next;
  *at = links_[place].next;
}

KeptAnswers::Kept& KeptAnswers::place_for(const OrderKey& key, const Digest& payload) {
  if (const Kept* const same = find(key, payload)) return kept_[static_cast<std::size_t>(same - kept_.data())];
  Place place = oldest_;
  if (kept_.size() < places_) {
    place = static_cast<Place>(kept_.size());
    kept_.emplace_back();
    links_.emplace_back();
  } else {
    unlink(place);
    oldest_ = static_cast<Place>((place + 1u) % places_);
  }
  const std::uint64_t hash = hash_of(key);
  links_[place] = {hash, std::exchange(bucket(hash), place)};
  Kept& kept = kept_[place];
  kept.key = key;
  kept.payload = payload;
  if (kept.answer.body.capacity() > usual_answer) kept.answer = {};
  return kept;
}

}  // namespace standin
