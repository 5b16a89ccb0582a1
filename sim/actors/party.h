#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/checkers/evidence.h"
#include "sim/net/sim_net.h"

namespace standin::sim {

/// Milliseconds of the world, as evidence has them.
inline std::int64_t world_ms(Instant at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

/// What arrived at a party to be charged. A delivery that is under way ends at the end of time.
class DeliveryLog {
 public:
  explicit DeliveryLog(std::string party) : party_(std::move(party)) {}

  /// The mark is Standin-Replay's value as it is; "" for what is no replay. Returns what `end` is called with.
  std::size_t begin(std::string purchase, const ServedCall& call, Instant now);
  /// It was answered, or will never be.
  void end(std::size_t which, Instant now) { entries_[which].delivery.ended_ms = world_ms(now); }
  void end_all(Instant now);
  /// As far as known by now: what its client let go of has ended.
  std::vector<Delivery> all() const;

 private:
  static constexpr std::int64_t under_way = std::numeric_limits<std::int64_t>::max();
  struct Entry {
    Delivery delivery;
    std::shared_ptr<const Connection> from;
  };
  std::string party_;
  std::vector<Entry> entries_;
};

/// A charge in a party's books, and what tells whether a copied request made it.
struct ChargeMade {
  LedgerEntry entry;
  std::shared_ptr<const Connection> by;  ///< whose request it was; nullptr if nobody's
  bool undone_by_party = false;          ///< voided by the party itself, before anybody knew of it
};

/// The books, with `repeated` noted. Of the charges that one request and its copies made, a single one is what was
/// asked for: the one that was voided or refunded, since somebody knew of that, else the first. None is,
/// where another request made a charge for the same purchase: its client was told of a copy that did nothing.
std::vector<LedgerEntry> with_repeats(std::vector<ChargeMade> charges);

}  // namespace standin::sim
