#pragma once

#include <memory>
#include <string>

#include "rehearsal/gateway/fields.h"
#include "rehearsal/gateway/stripe_objects.h"

namespace standin::rehearsal {

/// A request under /v1 whose key is good.
struct StripeCall {
  GatewayState& state;
  Fields fields;
  SourceKey merchant;
  std::string resource;  ///< "charges", "payment_intents" or "refunds"
  std::string id;        ///< of the one it is about
  std::string action;    ///< "capture", ...
  std::size_t location;
  std::string standin_key;
  std::string idempotency_key;
};

using StripeCallPtr = std::shared_ptr<const StripeCall>;

/// A charge, or the confirmation of an intent.
GatewayWork stripe_charge_work(const StripeCallPtr& call, WallTime now);
/// Capture, cancel, refund, and an intent that is not confirmed yet.
Response stripe_change(const StripeCall& call, WallTime now);
/// One object, or a list of them.
Response stripe_read(const StripeCall& call, WallTime now);

/// The row behind the call's charge or intent, if it is this merchant's.
const Payment* stripe_row(const StripeCall& call, std::string_view id);
Response stripe_missing(const StripeCall& call, std::string_view what, std::string_view id);
/// The object that the call's resource shows of a row.
boost::json::object stripe_object(const StripeCall& call, const Payment& payment);
/// A row with what every request says of itself.
Payment stripe_draft(const StripeCall& call);

}  // namespace standin::rehearsal
