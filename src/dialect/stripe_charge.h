#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect/dialect.h"
#include "dialect/stripe_request.h"

/// Charges from and to other parties' formats. docs/dialect-stripe.md, "A charge for another party".
namespace standin::stripe {

/// Nothing unless the card is written out in the request, and the party's own doings (a token, a split of the money)
/// are not asked for.
std::optional<Charge> charge_of(const Parameters& parameters, const Money& amount);
/// POST /v1/payment_intents, confirmed at once.
Request charge_request(const Charge& charge, const SecretText& api_key, const OutboundContext& context);

/// How a charge is undone, by whoever does it. A key of its own for each endpoint: the gateway refuses one that comes
/// again with another request.
struct Undoing {
  std::string target, body, key;
};
/// `held`: it is not captured. An intent that only holds is cancelled, for there is nothing to refund yet; a charge is
/// released by a refund.
Undoing undoing(std::string_view upstream_reference, bool held);

/// A cancellation, capture or refund of what this gateway has.
Request amendment_request(const Amendment& amendment, const SecretText& api_key, const OutboundContext& context);

}  // namespace standin::stripe
