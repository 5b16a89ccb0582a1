#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/stripe_request.h"

/// The objects of Stripe-style answers. docs/dialect-stripe.md, "Answers in stand-in".
namespace standin::stripe {

/// A JSON object, written member by member. Texts must be UTF-8.
class ObjectText {
 public:
  ObjectText& text(std::string_view name, std::string_view value);
  /// `null` if it is empty.
  ObjectText& text_or_null(std::string_view name, std::string_view value);
  ObjectText& number(std::string_view name, std::int64_t value);
  ObjectText& flag(std::string_view name, bool value);
  ObjectText& null(std::string_view name);
  ObjectText& json(std::string_view name, std::string_view value);
  std::string done() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

/// A charge, or the intent to charge, as the gateway would show it.
struct Payment {
  enum class State { declined, held, succeeded, cancelled } state = State::succeeded;
  std::string intent_id, charge_id;
  const Parameters& parameters;  ///< of the request that made it
  bool live = false;
  std::int64_t amount = 0, received = 0;  ///< in the gateway's units
  std::string currency;                   ///< "usd"
  std::int64_t created = 0, cancelled_at = 0;
  std::string secret;  ///< what follows "_secret_" in a client secret
  std::string cancellation_reason;
};

std::string payment_intent_object(const Payment& payment);
/// `of_intent`: made by a payment intent, which it then names.
std::string charge_object(const Payment& payment, bool of_intent);

struct Refund {
  std::string id, charge_id, intent_id;  ///< the last "" for a charge without an intent
  const Parameters& parameters;
  std::int64_t amount = 0, created = 0;
  std::string currency;
};
/// One that is still to be done.
std::string refund_object(const Refund& refund);

}  // namespace standin::stripe
