#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace standin {

/// The values of one metric's labels, in the order of the family's label names.
template <std::size_t N>
using LabelValues = std::array<std::string_view, N>;

/// Of each label its length and its first, middle and last bytes, which tell most apart: every request asks for eight
/// metrics.
struct LabelsHash {
  using is_transparent = void;
  template <class Values>
  std::size_t operator()(const Values& values) const {
    std::uint64_t hash = 0;
    for (const std::string_view value : values) {
      hash = mixed(hash, value.size());
      if (value.size() < sizeof hash) {
        hash = mixed(hash, all_of(value));
        continue;
      }
      const std::size_t last = value.size() - sizeof hash;
      for (const std::size_t at : {std::size_t{0}, last / 2, last}) hash = mixed(hash, eight_at(value, at));
    }
    return hash ^ (hash >> 32);
  }

 private:
  static std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) { return (hash ^ word) * 0x9e3779b97f4a7c15; }
  static std::uint64_t eight_at(std::string_view text, std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  }
  /// Of less than eight.
  static std::uint64_t all_of(std::string_view text) {
    std::uint64_t word = 0;
    for (const char c : text) word = (word << 8) | static_cast<unsigned char>(c);
    return word;
  }
};

struct LabelsEqual {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::string_view(a[i]) != std::string_view(b[i])) return false;
    }
    return true;
  }
};

template <std::size_t N>
using LabelTexts = std::array<std::string, N>;

template <std::size_t N>
LabelTexts<N> kept(const LabelValues<N>& values) {
  LabelTexts<N> texts;
  std::ranges::copy(values, texts.begin());
  return texts;
}

template <class Value, std::size_t N>
using ByLabels = std::unordered_map<LabelTexts<N>, Value, LabelsHash, LabelsEqual>;

/// Removes all whose first labels have these values, after `each` of them was told.
template <class Value, std::size_t N, std::size_t M, class Each>
void erase_all(ByLabels<Value, N>& from, const LabelValues<M>& first, Each each) {
  static_assert(M <= N);
  std::erase_if(from, [&](const auto& known) {
    const bool meant = std::equal(first.begin(), first.end(), known.first.begin());
    if (meant) each(known.second);
    return meant;
  });
}

/// A family of metrics that share a name, and the ones met so far by their labels: a shared lock and a hash of views,
/// where the library itself would build a map of strings. Any thread.
template <class Metric, std::size_t N>
class MetricFamily {
 public:
  MetricFamily(prometheus::Family<Metric>& family, std::array<const char*, N> label_names,
               prometheus::Histogram::BucketBoundaries buckets = {})
      : family_(family), names_(label_names), buckets_(std::move(buckets)) {}

  Metric& of(const LabelValues<N>& values) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = known_.find(values); found != known_.end()) return *found->second;
    }
    return add_series(values);
  }

  /// Whoever had it from `of` must have let go of it.
  void remove(const LabelValues<N>& values) { remove_all(values); }

  /// The same for all whose first labels have these values.
  template <std::size_t M>
  void remove_all(const LabelValues<M>& first) {
    const std::unique_lock lock(mutex_);
    erase_all(known_, first, [this](Metric* known) { family_.Remove(known); });
  }

 protected:
  const prometheus::Histogram::BucketBoundaries& buckets() const { return buckets_; }

 private:
  Metric& add_series(const LabelValues<N>& values) {
    prometheus::Labels labels;
    for (std::size_t i = 0; i < N; ++i) labels.emplace(names_[i], values[i]);
    const std::unique_lock lock(mutex_);
    auto& metric = known_[kept(values)];
    if (metric == nullptr) metric = &make(labels);
    return *metric;
  }

  Metric& make(const prometheus::Labels& labels) {
    if constexpr (std::is_same_v<Metric, prometheus::Histogram>) {
      return family_.Add(labels, buckets_);
    } else {
      return family_.Add(labels);
    }
  }

  prometheus::Family<Metric>& family_;
  std::array<const char*, N> names_;
  prometheus::Histogram::BucketBoundaries buckets_;
  std::shared_mutex mutex_;
  ByLabels<Metric*, N> known_;
};

/// What some threads have added to a metric since it was handed over.
template <class Metric>
class Tally;

template <>
class Tally<prometheus::Counter> {
 public:
  explicit Tally(const prometheus::Histogram::BucketBoundaries& /*none*/) {}
  void add(double count) { count_ += count; }
  bool empty() const { return count_ == 0; }
  void hand_over(prometheus::Counter& to) { to.Increment(std::exchange(count_, 0)); }

 private:
  double count_ = 0;
};

template <>
class Tally<prometheus::Histogram> {
 public:
  explicit Tally(const prometheus::Histogram::BucketBoundaries& upper) : upper_(upper), counts_(upper.size() + 1) {}
  /// Counted where the first upper bound is not less; NaN beyond all of them, as the library does.
  void add(double observed) {
    const auto bucket = std::ranges::find_if(upper_, [observed](double bound) { return bound >= observed; });
    counts_[static_cast<std::size_t>(bucket - upper_.begin())] += 1;
    sum_ += observed;
    empty_ = false;
  }
  bool empty() const { return empty_; }
  void hand_over(prometheus::Histogram& to) {
    to.ObserveMultiple(counts_, std::exchange(sum_, 0));
    std::ranges::fill(counts_, 0);
    empty_ = true;
  }

 private:
  const prometheus::Histogram::BucketBoundaries& upper_;
  std::vector<double> counts_;
  double sum_ = 0;
  bool empty_ = true;
};

/// Threads in the order in which they first asked.
inline std::size_t thread_number() {
  static std::atomic<std::size_t> threads = 0;
  thread_local const std::size_t mine = threads++;
  return mine;
}

/// What guards the tallies of all families: each thread has a part of them, whose lock nobody else wants but whoever
/// hands over. Who adds to several families takes it once.
class TallyLocks {
 public:
  static constexpr std::size_t parts = 8;
  struct Held {
    std::size_t part;
    std::unique_lock<std::mutex> lock;
  };

  Held mine() { return of(thread_number() % parts); }
  Held of(std::size_t part) { return {.part = part, .lock = std::unique_lock(locks_[part].mutex)}; }

 private:
  struct alignas(64) Lock {
    std::mutex mutex;
  };
  std::array<Lock, parts> locks_;
};

/// A family to which every request adds: each thread adds to tallies of its own, and the library has the sums once they
/// are handed over.
template <class Metric, std::size_t N>
class TalliedFamily : public MetricFamily<Metric, N> {
 public:
  using MetricFamily<Metric, N>::MetricFamily;

  /// To a counter so much, to a histogram what was observed.
  void add(const TallyLocks::Held& mine, const LabelValues<N>& values, double what = 1) {
    auto& tallies = parts_[mine.part].tallies;
    auto found = tallies.find(values);
    if (found == tallies.end()) found = tallies.try_emplace(kept(values), this->buckets()).first;
    found->second.add(what);
  }

  void hand_over(const TallyLocks::Held& held) {
    for (auto& [labels, tally] : parts_[held.part].tallies) {
      if (tally.empty()) continue;
      LabelValues<N> values;
      std::ranges::copy(labels, values.begin());
      tally.hand_over(this->of(values));
    }
  }

  /// Also what was not handed over yet.
  template <std::size_t M>
  void remove_all(TallyLocks& locks, const LabelValues<M>& first) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto held = locks.of(i);
      erase_all(parts_[i].tallies, first, [](const auto&) {});
    }
    MetricFamily<Metric, N>::remove_all(first);
  }

 private:
  struct alignas(64) Part {
    ByLabels<Tally<Metric>, N> tallies;
  };
  std::array<Part, TallyLocks::parts> parts_;
};

template <std::size_t N>
using CounterFamily = TalliedFamily<prometheus::Counter, N>;
template <std::size_t N>
using GaugeFamily = MetricFamily<prometheus::Gauge, N>;
template <std::size_t N>
using HistogramFamily = TalliedFamily<prometheus::Histogram, N>;

}  // namespace standin
