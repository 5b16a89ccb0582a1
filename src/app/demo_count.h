#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/demo_charges.h"
#include "app/demo_standin.h"
#include "rehearsal/judge.h"
#include "rehearsal/load_stats.h"

namespace standin::demo {

/// Everything that was written down about one performance, each by its own party.
struct Evidence {
  std::vector<rehearsal::Attempt> attempts;  ///< by the shoppers
  rehearsal::Books books;                    ///< by the shop
  std::vector<rehearsal::Payment> payments;  ///< by the gateway
  Kept kept;                                 ///< by standin's journal
  std::int64_t exposure_peak_minor = 0;
  Duration deadline{};              ///< what shoppers were promised
  std::vector<std::string> phases;  ///< in the order to list them
};

/// Of the requests that were to start in one phase.
struct PhaseTally {
  std::string label;
  rehearsal::LoadCounts counts;
  rehearsal::Histogram latency;  ///< of those that were answered, or timed out
  std::uint64_t too_late = 0;    ///< answered after the deadline, or never
};

/// One performance, counted. An order is one cart; each is counted in exactly one of the five ways to be answered.
struct Tally {
  rehearsal::Verdict verdict;
  std::uint64_t accepted_by_shop = 0;
  std::uint64_t accepted_in_stand_in = 0;
  std::uint64_t declined_by_shop = 0;
  std::uint64_t declined_in_stand_in = 0;
  std::uint64_t no_answer = 0;  ///< the shopper hung up, or was told that the first request with the key has the answer

  std::map<std::string, std::uint64_t> causes;  ///< of what was accepted in stand-in
  std::uint64_t by_replay = 0;
  std::uint64_t by_late_answer = 0;
  std::uint64_t matched = 0;
  std::uint64_t refused = 0;
  std::uint64_t open = 0;    ///< promised, and neither kept nor refused yet
  std::uint64_t undone = 0;  ///< declined in stand-in, done by the shop all the same, and reversed
  std::int64_t exposure_peak_minor = 0;

  ChargeTally charges;

  /// Carts to which standin itself gave two answers.
  std::vector<std::string> two_answers;
  /// Carts whose shopper saw an error, a 5xx, or waited beyond the deadline.
  std::vector<std::string> noticed;
  std::map<std::string, std::string> order_ids;  ///< of every cart and charge that the journal has
  std::vector<PhaseTally> phases;
  PhaseTally total;

  bool clean() const;
};

Tally count(const Evidence& evidence);

/// The table at the end, at most 80 columns wide.
std::string table(const Tally& tally, Duration deadline, bool coloured);
/// Which carts are not as they should be, and how to look at them; empty if all are.
std::string accusations(const Tally& tally, const std::string& folder);

}  // namespace standin::demo
