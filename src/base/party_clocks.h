#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace standin {

/// How far a party's clock is ahead of ours; behind, if less than zero. It is known between two limits.
struct Lead {
  Duration least{}, most{};
  Lead joined(const Lead& other) const { return {std::min(least, other.least), std::max(most, other.most)}; }
};

/// What an answer's `Date` tells of its sender's clock (RFC 9110, 6.6.1: whole seconds). `asked` and `answered` are by
/// ours.
std::optional<Lead> lead_of(std::string_view date, WallTime asked, WallTime answered);

/// What their last answers told this process of the parties' clocks. Any thread.
class PartyClocks {
 public:
  void heard(const std::string& upstream, const std::string& target, const Lead& lead);
  /// Over all targets, whose clocks may differ; nothing while none has been heard.
  std::optional<Lead> lead(const std::string& upstream) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, Lead>> leads_;
};

}  // namespace standin
