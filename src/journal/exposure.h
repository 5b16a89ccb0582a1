#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/money.h"
#include "base/ulid.h"
#include "journal/lifecycle.h"

namespace standin {

/// What an order is still owed for: its amount less what was settled while the promise stands, and after a partial
/// settlement until a person closed the case of the rest. Nothing for an order without an amount, or without a promise
/// of ours: a shadow, an intent that standin did not answer itself, and what stands behind a charge that counts
/// already.
struct Owed {
  State state = State::accepted;
  bool promised = true;
  std::optional<Money> amount;
  std::int64_t settled_minor = 0;
  bool rest_closed = false;
};
std::int64_t exposed_minor(const Owed& owed);
/// Owed::rest_closed of an order that is in that state with that exposure. It stays closed while the charge is to be
/// voided, and after a void that came to nothing.
bool is_rest_closed(State state, std::int64_t exposed_minor);

/// The sum promised and not yet collected, derived from what each order still owes. The writer's alone; what a batch
/// changes can be taken back as long as the batch is not committed.
class Exposure {
 public:
  /// The one place where exposure changes: sets what this order contributes.
  void set(const Ulid& order, const Currency& currency, std::int64_t remainder_minor);
  std::int64_t total(const Currency& currency) const;

  void commit();
  void roll_back();

  std::vector<Money> totals() const;
  /// The highest committed totals.
  std::vector<Money> peaks() const;

 private:
  struct UlidHash {
    std::size_t operator()(const Ulid& id) const;
  };

  std::unordered_map<Ulid, Money, UlidHash> remainders_;
  std::map<Currency, std::int64_t> totals_, peaks_;
  std::vector<std::pair<Ulid, Money>> before_;
};

}  // namespace standin
