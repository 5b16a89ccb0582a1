#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "dialect/party_queries.h"

namespace standin {

/// Finds those of many wanted charges that a listed one may be, without comparing each with each. Pure.
class QuestIndex {
 public:
  void add(const Listed& wanted, std::size_t quest);
  /// A superset of the quests that the listed charge is not Likeness::none for; each once, in order.
  std::vector<std::size_t> candidates(const Listed& listed) const;

 private:
  void collect(const std::string& key, std::vector<std::size_t>& found) const;

  std::unordered_map<std::string, std::vector<std::size_t>> quests_;
};

}  // namespace standin
