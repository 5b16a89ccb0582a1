#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace standin {

/// The values of one metric's labels, in the order of the family's label names.
template <std::size_t N>
using LabelValues = std::array<std::string_view, N>;

/// Of each label its length and its first, middle and last bytes, which tell most apart: every request asks for seven
/// metrics.
struct LabelsHash {
  using is_transparent = void;
  template <class Values>
  std::size_t operator()(const Values& values) const {
    std::uint64_t hash = 0;
    for (const std::string_view value : values) {
      const std::size_t taken = std::min(value.size(), sizeof(std::uint64_t));
      const std::size_t left = value.size() - taken;
      for (const std::size_t at : {std::size_t{0}, left / 2, left}) {
        std::uint64_t word = 0;
        std::memcpy(&word, value.data() + at, taken);
        hash = (hash ^ word ^ value.size()) * 0x9e3779b97f4a7c15;
      }
    }
    return hash ^ (hash >> 32);
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

/// A family of metrics that share a name, and the ones met so far by their labels: the hot path takes a shared lock and
/// hashes views, where the library itself would build a map of strings. Any thread.
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
    return add(values);
  }

  /// Whoever had it from `of` must have let go of it.
  void remove(const LabelValues<N>& values) {
    const std::unique_lock lock(mutex_);
    const auto found = known_.find(values);
    if (found == known_.end()) return;
    family_.Remove(found->second);
    known_.erase(found);
  }

  /// The same for all whose first labels have these values.
  template <std::size_t M>
  void remove_all(const LabelValues<M>& first) {
    static_assert(M <= N);
    const std::unique_lock lock(mutex_);
    std::erase_if(known_, [&](const auto& known) {
      if (!std::equal(first.begin(), first.end(), known.first.begin())) return false;
      family_.Remove(known.second);
      return true;
    });
  }

 private:
  Metric& add(const LabelValues<N>& values) {
    std::array<std::string, N> kept;
    prometheus::Labels labels;
    for (std::size_t i = 0; i < N; ++i) {
      kept[i] = values[i];
      labels.emplace(names_[i], kept[i]);
    }
    const std::unique_lock lock(mutex_);
    auto& metric = known_[kept];
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
  std::unordered_map<std::array<std::string, N>, Metric*, LabelsHash, LabelsEqual> known_;
};

template <std::size_t N>
using CounterFamily = MetricFamily<prometheus::Counter, N>;
template <std::size_t N>
using GaugeFamily = MetricFamily<prometheus::Gauge, N>;
template <std::size_t N>
using HistogramFamily = MetricFamily<prometheus::Histogram, N>;

}  // namespace standin
