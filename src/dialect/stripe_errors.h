#pragma once

#include <string>
#include <string_view>

#include "dialect/dialect.h"
#include "dialect/stripe_request.h"

/// Answers that are not about a charge's yes. docs/dialect-stripe.md, "Errors".
namespace standin::stripe {

/// With the headers that every answer of the API has.
Response answer(int status, std::string body, const AnswerContext& context);

struct ApiError {
  std::string_view type = "invalid_request_error", code, param;
  std::string message;
};
Response refused(int status, const ApiError& error, const AnswerContext& context);

Response unavailable(const AnswerContext& context);
Response refusal(Refusal refusal, const AnswerContext& context);

/// Of a request that is answered without them where they cannot be read.
Parameters parameters_of(const Request& request);

/// The page that explains an error code, as `doc_url` names it.
std::string page_of(std::string_view code);

}  // namespace standin::stripe
