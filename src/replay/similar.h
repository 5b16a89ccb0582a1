#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/money.h"
#include "base/party_clocks.h"
#include "base/time.h"
#include "dialect/party_queries.h"

namespace standin {

/// When the party may have dated a charge of ours, by its own clock.
struct SearchWindow {
  WallTime from{}, to{};
  bool holds(WallTime t) const { return from <= t && t <= to; }
};

/// When a request may have been carried out, by our clock as it is set now; by the party's where `lead` is set, which
/// is then how far the party's was ahead of that of the process that sent it.
struct SentSpan {
  WallTime from{}, to{};
  std::optional<Lead> lead{};
};

/// When the party may have dated any of them: `lead` is of its clock, as known now. Pure; there is one at least.
SearchWindow window_of(const std::vector<SentSpan>& sent, const Lead& lead);

/// How much a listed charge looks like the one we want.
enum class Likeness {
  none,      ///< another one: its amount, card or time differs, or it carries somebody else's reference
  doubtful,  ///< may be it: the listing says too little, or our reference stands beside another amount
  similar,   ///< same amount and card, within the window
  named,     ///< and our own reference
  own,       ///< carries our order key
};

/// Pure. The window is not asked of a charge that carries our order key.
Likeness likeness(const Listed& wanted, const Listed& listed, const SearchWindow& window);

/// Which of the listed charges is the wanted one.
struct Sighting {
  Found found;
  std::optional<Money> part;  ///< of the one: it stands for less than was asked
  /// It has the reference that the order is known by. Another that does not stand, also one under our key, may be of an
  /// earlier try: no proof that ours will not come yet.
  bool certain = false;
};

/// A charge with our order key wins; else the only one with our reference; else the only one like ours. A charge that
/// another order of ours carries is never taken (`is_taken`), and one that does not stand only if nothing stands.
/// Several, and whatever is doubtful, come to `several`: never guess about money.
Sighting find_similar(const Listed& wanted, const std::vector<Listed>& listed, const SearchWindow& window,
                      const std::function<bool(const std::string& upstream_reference)>& is_taken);

}  // namespace standin
