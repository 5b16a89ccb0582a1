#pragma once

#include <optional>

#include "dialect/dialect.h"
#include "dialect/stripe_request.h"

/// Charges from and to other parties' formats. docs/dialect-stripe.md, "A charge for another party".
namespace standin::stripe {

/// Nothing unless the card is written out in the request, and the party's own doings (a token, a split of the money)
/// are not asked for.
std::optional<Charge> charge_of(const Parameters& parameters, const Money& amount);
/// POST /v1/payment_intents, confirmed at once.
Request charge_request(const Charge& charge, const SecretText& api_key, const OutboundContext& context);

/// A cancellation, capture or refund of what this gateway has.
Request amendment_request(const Amendment& amendment, const SecretText& api_key, const OutboundContext& context);

}  // namespace standin::stripe
