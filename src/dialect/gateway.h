#pragma once

#include <memory>
#include <string>

#include "dialect/dialect.h"
#include "dialect/party_queries.h"

namespace standin {

/// What a gateway's requests leave to the configuration.
struct GatewayDefaults {
  std::string currency;                 ///< of amounts that name none
  std::string country;                  ///< of merchants whose requests name none
  std::vector<AccountConfig> accounts;  ///< whose country, where it is given, wins
  std::vector<std::string> strip;       ///< more form fields that are never journalled, beside the security data

  std::string country_of(std::string_view key) const;
};

/// The USAePay transaction API, `POST /gate`. docs/dialect-usaepay.md. The vault must outlive it.
Result<std::shared_ptr<const Dialect>> make_usaepay_dialect(const GatewayDefaults& defaults, const Vault& vault);
Result<std::shared_ptr<const PartyQueries>> make_usaepay_queries(const UpstreamConfig& upstream);

/// Stripe-style endpoints under /v1. docs/dialect-stripe.md. The vault must outlive it.
Result<std::shared_ptr<const Dialect>> make_stripe_dialect(const GatewayDefaults& defaults, const Vault& vault);
Result<std::shared_ptr<const PartyQueries>> make_stripe_queries(const UpstreamConfig& upstream);

}  // namespace standin
