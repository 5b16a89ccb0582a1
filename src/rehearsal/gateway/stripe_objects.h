#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "rehearsal/gateway/gateway_state.h"

namespace standin::rehearsal {

/// An error as Stripe's API tells it.
struct StripeError {
  int status = 400;
  std::string type = "invalid_request_error";
  std::string code;
  std::string message;
  std::string param;
  std::string decline_code;
  std::string charge;
  const Payment* intent = nullptr;  ///< of a declined confirmation
};

/// The objects, with times as the location that answers tells them.
boost::json::object stripe_charge(const GatewayState& state, const Payment& payment, std::size_t location);
boost::json::object stripe_intent(const GatewayState& state, const Payment& payment, std::size_t location);
boost::json::object stripe_refund(const GatewayState& state, const Payment& payment, std::size_t location);

/// With a `Request-Id` of its own.
Response stripe_response(GatewayState& state, int status, const boost::json::object& body);
Response stripe_response(GatewayState& state, int status, std::string body);
Response stripe_refusal(GatewayState& state, const StripeError& error, std::size_t location = 0);
/// The 402 of a declined row.
StripeError stripe_decline(const Payment& payment, std::string_view code, std::string_view decline_code);

}  // namespace standin::rehearsal
