#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "dialect/gateway.h"
#include "dialect/json_dialect.h"

namespace standin {
namespace {

constexpr std::string_view own_prefix = "gateway-down-";

}  // namespace

std::string Dialect::reference(const Ulid& id, unsigned) const { return std::string(own_prefix) + id.text(); }

std::optional<OwnReference> Dialect::own_reference(std::string_view reference) const {
  if (!reference.starts_with(own_prefix)) return std::nullopt;
  const auto id = Ulid::parse(reference.substr(own_prefix.size()));
  return id ? std::optional(OwnReference{.id = *id, .added = {}}) : std::nullopt;
}

Request Dialect::about_upstream(Request request, std::string_view) const { return request; }

std::string GatewayDefaults::country_of(std::string_view key) const {
  const auto account = std::ranges::find(accounts, key, &AccountConfig::key);
  return account == accounts.end() || account->country.empty() ? country : account->country;
}

Result<std::shared_ptr<const Dialect>> make_dialect(const StandInConfig& config, const Vault& vault) {
  if (config.dialect == "json") return make_json_dialect(config, vault);
  const GatewayDefaults defaults{config.currency, config.country, config.accounts, config.strip};
  if (config.dialect == "usaepay") return make_usaepay_dialect(defaults, vault);
  if (config.dialect == "stripe") return make_stripe_dialect(defaults, vault);
  return failure(
      fmt::format("stand_in.{}: there is no dialect {}; known are json, usaepay, stripe", config.name, config.dialect),
      config.dialect);
}

Result<std::shared_ptr<const Dialect>> make_party_dialect(const UpstreamConfig& upstream, const Vault& vault) {
  const GatewayDefaults defaults{upstream.currency, upstream.country, upstream.credentials, {}};
  if (upstream.dialect == "usaepay") return make_usaepay_dialect(defaults, vault);
  if (upstream.dialect == "stripe") return make_stripe_dialect(defaults, vault);
  return failure(fmt::format("upstream.{}: {} is not a gateway's dialect", upstream.name, upstream.dialect),
                 upstream.dialect);
}

}  // namespace standin
