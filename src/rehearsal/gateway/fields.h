#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace standin::rehearsal {

/// Fields of a form body or of a query, decoded. What is not good percent-encoding stays as it is: gateways guess.
class Fields {
 public:
  explicit Fields(std::string_view encoded);

  /// The last of that name; empty if there is none.
  std::string_view operator[](std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// The query of a target: what follows its '?'.
std::string_view query_of(std::string_view target);
/// Yes, Y, true and 1, in either case.
bool says_yes(std::string_view text);
/// A whole number from `least` to `most`.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most);
/// Bytes that are no UTF-8 become '?': what a client sent may stand in a JSON or XML answer.
std::string printable(std::string_view text);

}  // namespace standin::rehearsal
