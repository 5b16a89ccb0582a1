#pragma once

#include <vector>

#include "journal/journal.h"
#include "journal/sqlite.h"

namespace standin {

/// The orders that the filter asks for. A failure of the database is left for the caller to take.
std::vector<OrderRow> query_orders(Database& database, const OrderFilter& filter, WallTime now);

}  // namespace standin
