#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "rehearsal/gateway/payment.h"

namespace standin::rehearsal {

/// What the issuer of a card says. docs/sim-gateway.md lists them.
struct CardBehaviour {
  std::string_view decline;      ///< the vendor's error code, "10127"; empty for an approval
  std::string_view stripe_code;  ///< "card_declined" and such, of a decline
  std::string_view decline_code;
  std::string_view avs = "YYY";
  std::string_view cvv = "M";
  Duration delay{};   ///< between asking it and its answer
  int percent = 100;  ///< of the amount that it approves
};

/// A card as a client gave it.
struct GivenCard {
  SeenCard seen;
  CardBehaviour behaviour;
};

/// What is wrong with a card number in the vendor's numbers, "00011" to "00014"; nothing for a good one. Sandbox cards
/// are good whatever their check digit.
std::optional<std::string_view> card_problem(std::string_view number);
GivenCard given_card(std::string_view number, std::string_view expiry);
/// The behaviour of a card known by its fingerprint alone: a stored one.
CardBehaviour behaviour_of(std::string_view fingerprint);
/// The number of a Stripe test token or payment method, such as "tok_visa" or "pm_card_visa".
std::optional<std::string_view> stripe_test_card(std::string_view token);
/// MMYY is over, as of `now`.
bool expired(std::string_view expiry, WallTime now);

}  // namespace standin::rehearsal
