#pragma once

#include <functional>
#include <vector>

#include "config/config.h"
#include "journal/journal.h"

namespace standin {

/// The orders by which a journal is known to be sealed with a key file's keys.
inline OrderFilter newest_orders() { return {.include_shadow = true, .include_live = true, .limit = 10}; }

/// With other keys than its own, what a journal holds cannot be read, and a client's retry would be a new order.
/// `request`: of one of the `newest` orders, as the journal keeps it. A journal without orders is anybody's.
Result<void> is_sealed_with(const Vault& vault, const JournalConfig& config, const std::vector<OrderRow>& newest,
                            const std::function<Result<Sealed>(const Ulid&)>& request);

}  // namespace standin
