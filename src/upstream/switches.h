#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace standin {

/// A part of an upstream's traffic that an operator has cut off.
struct Cut {
  std::string upstream;
  std::string key;   ///< as breaker_key() makes it; "" for the whole upstream
  WallTime until{};  ///< zero: until it is restored
  std::string who, why;
};

/// What operators have cut off, as every event loop sees it from its next attempt on. In memory alone: who changes it
/// makes the change durable first. Any thread.
class Switches {
 public:
  /// In place of an earlier one of the same upstream and key.
  void cut(Cut cut);
  void restore(const std::string& upstream, const std::string& key);

  /// Whether requests of that key are cut off, or the whole upstream is. Costs a load while nothing is.
  bool stops(std::string_view upstream, std::string_view key, WallTime now) const;
  std::vector<Cut> in_force(WallTime now) const;

 private:
  using Keys = std::map<std::string, Cut, std::less<>>;

  std::atomic<bool> any_ = false;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Keys, std::less<>> cuts_;
};

}  // namespace standin
