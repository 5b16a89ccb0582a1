#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/journal.h"
#include "journal/runs.h"
#include "journal/sqlite.h"

namespace standin {

/// Reads orders by filter on one connection. The replay asks the same few questions many times a second: each is
/// prepared once, and there are as many as filters have combinations of conditions. One thread at a time.
class OrderQuery {
 public:
  OrderQuery(Database& database, const Runs& runs) : database_(database), runs_(runs) {}

  /// What was found before a failure, which is the database's to tell.
  std::vector<OrderRow> run(const OrderFilter& filter, WallTime now);

 private:
  Database& database_;
  const Runs& runs_;
  std::unordered_map<std::string, std::unique_ptr<Statement>> prepared_;
};

}  // namespace standin
