#pragma once

#include <optional>
#include <string>

#include "dialect/dialect.h"
#include "dialect/json_document.h"

/// What Stripe-style answers mean. docs/dialect-stripe.md, "What the gateway's answers mean".
namespace standin::stripe {

/// A string or number member of an object; "" if there is none.
std::string member_text(JsonValue object, std::string_view name);
/// Whether it is an object whose id has the prefix that its kind has.
bool is_named_object(JsonValue value);

Judgement judge(const Response& response);
/// Nothing unless it says of a charge that it was approved or declined.
std::optional<ChargeAnswer> read_answer(const Response& response);

}  // namespace standin::stripe
