#include "sim/disk/sim_file.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace standin::sim {

/// How one crash treats one file: a drive that had written nothing yet, everything, what came first, or anything.
class SimFile::Chances {
 public:
  Chances(Random& random, std::size_t changes)
      : sector(random.below(2) == 0 ? 512 : 4096),
        random_(random),
        mood_(static_cast<Mood>(random.below(4))),
        first_(mood_ == Mood::first ? random.below(changes) : 0) {}

  Fate fate(std::size_t change) const {
    switch (mood_) {
      case Mood::nothing: return Fate::lost;
      case Mood::everything: return Fate::kept;
      case Mood::first: return change < first_ ? Fate::kept : change == first_ ? Fate::torn : Fate::lost;
      case Mood::any: return static_cast<Fate>(random_.below(3));
    }
    unreachable();
  }
  bool toss() const { return random_.below(2) == 0; }

  const std::size_t sector;

 private:
  enum class Mood : std::uint8_t { nothing, everything, first, any };
  Random& random_;
  const Mood mood_;
  const std::size_t first_;
};

std::size_t SimFile::read(std::span<std::uint8_t> into, std::size_t at) const {
  if (at >= bytes_.size()) return 0;
  const std::size_t length = std::min(into.size(), bytes_.size() - at);
  std::memcpy(into.data(), bytes_.data() + at, length);
  return length;
}

void SimFile::write(std::span<const std::uint8_t> from, std::size_t at) {
  if (from.empty()) return;
  const std::size_t size = bytes_.size();
  const std::size_t over = at < size ? std::min(from.size(), size - at) : 0;
  add({.at = at, .length = from.size(), .saved = over, .size_before = size, .is_truncation = false});
  if (over == from.size()) {
    std::memcpy(bytes_.data() + at, from.data(), from.size());
    return;
  }
  bytes_.resize(std::min(size, at));
  bytes_.resize(at);  // a gap reads as zeros
  bytes_.insert(bytes_.end(), from.begin(), from.end());
}

void SimFile::truncate(std::size_t size) {
  if (size >= bytes_.size()) return write(std::vector<std::uint8_t>(size - bytes_.size()), bytes_.size());
  add({.at = size, .length = 0, .saved = bytes_.size() - size, .size_before = bytes_.size(), .is_truncation = true});
  bytes_.resize(size);
}

void SimFile::add(const Change& change) {
  changes_.push_back(change);
  if (change.saved == 0) return;
  const auto old = bytes_.begin() + static_cast<std::ptrdiff_t>(change.at);
  saved_.insert(saved_.end(), old, old + static_cast<std::ptrdiff_t>(change.saved));
}

// A change that a failed sync left in doubt is taken back, perhaps, under those that a later sync made durable: they
// are kept with it, to be done again.
void SimFile::sync() {
  if (doubtful_) {
    for (Change& change : changes_) change.is_durable = !change.is_doubtful;
    return;
  }
  changes_.clear();
  saved_.clear();
}

void SimFile::fail_sync() {
  for (Change& change : changes_) {
    change.is_doubtful = !change.is_durable;
    doubtful_ = doubtful_ || change.is_doubtful;
  }
}

SimFile::Damage SimFile::crash(Random& random, double flips_bit) {
  Damage damage;
  if (changes_.empty()) return damage;
  const std::vector<std::uint8_t> written = take_back();
  const Chances chances(random, changes_.size());
  std::size_t from = 0;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const Change& change = changes_[i];
    const Fate fate = change.is_durable ? Fate::kept : chances.fate(i);
    do_again(change, std::span(written).subspan(from, change.length), chances, fate);
    from += change.length;
    damage.torn = damage.torn || fate == Fate::torn;
    // A bit of what was kept whole: what a torn write left of the older bytes may have been durable.
    if (fate != Fate::kept || change.is_durable || change.length == 0 || damage.flipped) continue;
    if (flips_bit <= 0 || random.fraction() >= flips_bit) continue;
    bytes_[change.at + random.below(change.length)] ^= static_cast<std::uint8_t>(1U << random.below(8));
    damage.flipped = true;
  }
  changes_.clear();
  saved_.clear();
  doubtful_ = false;
  return damage;
}

/// Back to the durable bytes; returns what the changes had written, in their order.
std::vector<std::uint8_t> SimFile::take_back() {
  std::size_t end = 0;
  for (const Change& change : changes_) end += change.length;
  std::vector<std::uint8_t> written(end);
  std::size_t saved = saved_.size();
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    end -= change->length;
    saved -= change->saved;
    if (change->length > 0) std::memcpy(written.data() + end, bytes_.data() + change->at, change->length);
    bytes_.resize(change->size_before);
    if (change->saved > 0) std::memcpy(bytes_.data() + change->at, saved_.data() + saved, change->saved);
  }
  return written;
}

void SimFile::do_again(const Change& change, std::span<const std::uint8_t> from, const Chances& chances, Fate fate) {
  if (fate == Fate::lost) return;
  if (change.is_truncation) return bytes_.resize(std::min(bytes_.size(), change.at));
  const std::size_t end = change.at + change.length;
  if (bytes_.size() < end) bytes_.resize(end);
  for (std::size_t at = change.at; at < end;) {
    const std::size_t border = std::min(end, (at / chances.sector + 1) * chances.sector);
    if (fate == Fate::kept || chances.toss()) {
      std::memcpy(bytes_.data() + at, from.data() + (at - change.at), border - at);
    }
    at = border;
  }
}

}  // namespace standin::sim
