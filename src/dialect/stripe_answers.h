#pragma once

#include <optional>

#include "dialect/dialect.h"

/// What standin answers in the party's stead. docs/dialect-stripe.md, "Answers in stand-in".
namespace standin::stripe {

/// `part`: approved for less than was asked.
Response approval(const AnswerContext& context, const std::optional<Money>& part);
Response decline(const AnswerContext& context, ChargeAnswer::Why why);
/// To a request about an order that is still ours: an error of the API where the request asks for what it would refuse.
std::optional<Response> answer_about(Operation operation, const OwnOrder& order, const AnswerContext& context);

/// What a capture or refund of it asks for; nothing where it names more than is left, or no amount that can be read.
std::optional<Money> amount_about(const Request& request, const OwnOrder& order);

}  // namespace standin::stripe
