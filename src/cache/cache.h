#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/event.h"
#include "cache/cache_limits.h"
#include "cache/kept_answer.h"

namespace standin {

/// Answers kept in memory, by what was asked for: at most so many bytes with all that they cost, and those used least
/// lately make room. One for all event loops. Any thread; what it gives out is shared, never copied.
class Cache {
 public:
  explicit Cache(std::size_t bytes_max);
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// The answer kept for a request with these fields; nullptr if there is none.
  std::shared_ptr<const KeptAnswer> find(const std::string& key, const Headers& request, Instant now);
  /// Keeps an answer in place of the one for the same variant, unless it is too large. How many others had to go.
  std::size_t put(const std::string& key, std::shared_ptr<const KeptAnswer> answer, Instant now);
  /// Whatever is kept for the target.
  void forget(const std::string& key);

  /// The right to refresh one answer, which nobody else has meanwhile. When it goes, those who wait are told.
  class Refreshing {
   public:
    Refreshing() = default;
    Refreshing(Cache& cache, const KeptAnswer* answer) : cache_(&cache), answer_(answer) {}
    Refreshing(Refreshing&& other) noexcept : cache_(std::exchange(other.cache_, nullptr)), answer_(other.answer_) {}
    Refreshing& operator=(Refreshing&& other) noexcept {
      std::swap(cache_, other.cache_);
      std::swap(answer_, other.answer_);
      return *this;
    }
    ~Refreshing();
    bool granted() const { return cache_ != nullptr; }

   private:
    Cache* cache_ = nullptr;  ///< which outlives it: whoever refreshes holds the cache
    const KeptAnswer* answer_ = nullptr;
  };
  struct Turn {
    Refreshing mine;                ///< not granted: somebody else refreshes it
    std::shared_ptr<Event> theirs;  ///< set when they have ended; nullptr if granted
  };
  Turn refresh(const KeptAnswer& answer);

  /// Of one answer, its body's bytes.
  std::size_t answer_bytes_max() const { return answer_bytes_max_; }
  /// Memory for an answer that is being copied on its way; false if too much is in use. Given back by end_filling.
  bool fill(std::size_t bytes);
  void end_filling(std::size_t bytes) { filling_ -= bytes; }

  std::size_t bytes() const { return bytes_; }
  std::size_t answers() const { return answers_; }

 private:
  struct Place;
  using Places = std::list<Place>;
  using Variants = std::vector<Places::iterator>;
  using Targets = std::unordered_map<std::string, Variants>;
  struct Place {
    std::shared_ptr<const KeptAnswer> answer;
    Targets::value_type* target;
    std::size_t bytes;
    Instant used;
  };
  struct Shard {
    std::mutex mutex;
    Places by_use;  ///< the one used last is the first
    Targets targets;
    std::map<const KeptAnswer*, std::shared_ptr<Event>> refreshing;
    std::atomic<Instant::rep> oldest;  ///< when the last of by_use was used
  };

  Shard& shard_of(const std::string& key);
  Shard& shard_of(const KeptAnswer* answer);
  void end_refreshing(const KeptAnswer* answer);
  void remove(Shard& shard, Places::iterator place);
  static void note_oldest(Shard& shard);
  std::size_t make_room(std::size_t bytes);
  bool evict_oldest();

  const std::size_t bytes_max_;
  const std::size_t answer_bytes_max_;
  std::atomic<std::size_t> bytes_ = 0, answers_ = 0, filling_ = 0;
  std::array<Shard, limits::cache_shards> shards_;
};

}  // namespace standin
