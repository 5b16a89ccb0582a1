#pragma once

#include <memory>
#include <string>

#include "base/money.h"
#include "dialect/party_queries.h"

namespace standin {

/// Reads `GET /api/v2/transactions`: charges alone, no refunds, declines or checks.
class UsaepayListing {
 public:
  /// An error if `timezone`, an IANA name, is not known here. Amounts are of `currency`.
  static Result<UsaepayListing> make(const std::string& timezone, Currency currency);

  /// An error for what cannot be read or placed in time, or is not newest first: then nobody may conclude that a charge
  /// is not there.
  Result<ListPage> read(const Response& response) const;

 private:
  struct Zone;
  UsaepayListing() = default;

  std::shared_ptr<const Zone> zone_;
  Currency currency_;
};

}  // namespace standin
