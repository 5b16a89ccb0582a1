#pragma once

#include <optional>
#include <string>

#include "base/outcome.h"
#include "replay/similar.h"

namespace standin {

/// What the party said when it was asked for one order, by request or through its listing.
struct Finding {
  Sighting sighting;
  /// It is known when the order was sent: where a listing would show it. None means nothing without.
  bool dated = true;
  bool asked = true;  ///< false: the question did not reach the party, or it allows no more for now
  std::string why;    ///< of an unreadable one
  WallTime since{};   ///< what the party did later it need not have said
};

/// Whom the order was told to: that decides what a charge that no longer stands means.
struct Meaning {
  Outcome outcome = Outcome::unknown;
  std::string detail;
  std::optional<WallTime> again;         ///< when to ask next; nothing: after the usual wait
  std::optional<std::string> follow_up;  ///< a person decides
};

/// Pure. `promised`: the customer was told yes. `counts_from`: when the party would show whatever it did.
Meaning meaning_of(const Finding& finding, bool promised, WallTime counts_from);

}  // namespace standin
