#pragma once

#include <string>

#include "journal/journal.h"

namespace standin {

/// What an order is, as far as its customer or merchant counts on it.
enum class OrderKind { charge, capture, refund };

/// What one attempt at the party came to, as far as an order's life is concerned.
struct AttemptEnd {
  Attempt attempt;                 ///< closed, with its outcome
  bool already_there = false;      ///< proof that the party had it before this attempt
  std::string upstream_reference;  ///< when approved
  WallTime now{};
  WallTime again{};  ///< when to look at the order next, if this did not end it
  /// A capture or refund is never tried live, nor looked for: of one, only its replay tells.
  OrderKind kind = OrderKind::charge;
};

/// The one mapping from an attempt's outcome to the order's next step, for late answers and replays alike. Pure.
/// For an order we said yes to: approved settles or matches it, declined refuses it and opens a follow-up, not_done
/// puts it back, unknown holds it. For one we said no to (or withdrew): approved means that something stands and must
/// be undone, declined and not_done that nothing does. For an intent: approved settles it, declined declines it, after
/// not_done it lapses, and unknown leaves it where it was.
Change consequence(const Lease& lease, State from, const AttemptEnd& end, std::string who);

}  // namespace standin
