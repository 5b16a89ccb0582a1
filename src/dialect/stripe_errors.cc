#include "dialect/stripe_errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "dialect/plain_text.h"
#include "dialect/stripe_objects.h"
#include "dialect/stripe_request.h"

namespace standin::stripe {
namespace {

std::string error_body(const ApiError& error) {
  ObjectText object;
  if (!error.code.empty()) object.text("code", error.code).text("doc_url", page_of(error.code));
  object.text("message", error.message);
  if (!error.param.empty()) object.text("param", error.param);
  return ObjectText().json("error", object.text("type", error.type).done()).done();
}

ApiError ended_error(const AnswerContext& context) {
  const Endpoint endpoint = endpoint_of(context.request.path());
  if (endpoint.resource == Resource::refunds) {
    return {.code = "charge_already_refunded", .param = {}, .message = "The charge has already been refunded."};
  }
  if (endpoint.resource == Resource::charges) {
    return {.code = "charge_already_refunded",
            .param = {},
            .message = "The charge could not be captured because it has already been refunded."};
  }
  const bool captures = endpoint.verb == "capture";
  return {.code = "payment_intent_unexpected_state",
          .param = {},
          .message = fmt::format(
              "{} because it has a status of canceled.",
              captures ? "This PaymentIntent could not be captured" : "You cannot cancel this PaymentIntent")};
}

ApiError missing_error(const AnswerContext& context) {
  const Endpoint endpoint = endpoint_of(context.request.path());
  const Parameters parameters = parameters_of(context.request);
  std::string id = endpoint.id;
  std::string_view kind = endpoint.resource == Resource::charges ? "charge" : "payment_intent";
  std::string_view param = endpoint.resource == Resource::charges ? "id" : "intent";
  if (endpoint.resource == Resource::refunds) {
    kind = id.empty() && parameters.has("charge") ? "charge" : (id.empty() ? "payment_intent" : "refund");
    param = id.empty() ? kind : "id";
    if (id.empty()) id = parameters.value(kind);
  }
  return {.code = "resource_missing",
          .param = param,
          .message = fmt::format("No such {}: '{}'", kind, account_number(id) ? "" : mended_utf8(id))};
}

std::string shown_key(const AnswerContext& context) {
  const std::string key = mended_utf8(context.request.headers.find("Idempotency-Key").value_or(""));
  return account_number(key) ? std::string() : without_controls(key);
}

Response key_error(int status, std::string_view code, std::string message, const AnswerContext& context) {
  return refused(status, {.type = "idempotency_error", .code = code, .param = {}, .message = std::move(message)},
                 context);
}

/// The gateway's own technical failure. The same key then gets the truth.
Response failed(int status, std::string_view message, const AnswerContext& context) {
  Response response =
      refused(status, {.type = "api_error", .code = {}, .param = {}, .message = std::string(message)}, context);
  response.headers.add("Stripe-Should-Retry", "true");
  return response;
}

}  // namespace

std::string page_of(std::string_view code) {
  std::string page(code);
  std::ranges::replace(page, '_', '-');
  return "https://docs.stripe.com/error-codes/" + page;
}

Parameters parameters_of(const Request& request) {
  auto parameters = Parameters::read(request);
  return parameters ? std::move(*parameters) : Parameters();
}

Response answer(int status, std::string body, const AnswerContext& context) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-cache, no-store");
  const auto key = context.request.headers.find("Idempotency-Key");
  if (key && context.request.method == "POST") response.headers.add("Idempotency-Key", *key);
  response.headers.add("Request-Id", "req_" + context.request_id);
  if (const auto version = context.request.headers.find("Stripe-Version")) {
    response.headers.add("Stripe-Version", *version);
  }
  return response;
}

Response refused(int status, const ApiError& error, const AnswerContext& context) {
  return answer(status, error_body(error), context);
}

Response unavailable(const AnswerContext& context) {
  return failed(500, "An unexpected error occurred while processing the request. Please try again.", context);
}

Response refusal(Refusal refusal, const AnswerContext& context) {
  switch (refusal) {
    case Refusal::key_missing:
      return refused(400, {.code = {}, .param = {}, .message = "This request needs an Idempotency-Key header."},
                     context);
    case Refusal::other_payload:
      return key_error(400, {},
                       fmt::format("Keys for idempotent requests can only be used with the same parameters they were "
                                   "first used with. Try using a key other than '{}' if you meant to execute a "
                                   "different request.",
                                   shown_key(context)),
                       context);
    case Refusal::in_progress:
      return key_error(409, "idempotency_key_in_use",
                       fmt::format("There is currently another in-progress request using this Idempotent Key (that "
                                   "probably means you submitted twice, and the other request is still going "
                                   "through): {}. Please try again later.",
                                   shown_key(context)),
                       context);
    case Refusal::answer_gone:
      return key_error(400, {}, "The answer to the request first sent with this key is not kept any more.", context);
    case Refusal::withdrawn:
      return key_error(400, {}, "The request first sent with this key was undone. Try using another key.", context);
    case Refusal::not_found: return refused(404, missing_error(context), context);
    case Refusal::ended: return refused(400, ended_error(context), context);
    case Refusal::not_yet:
      return refused(400,
                     {.code = "payment_intent_unexpected_state",
                      .param = {},
                      .message = "This cannot be done with this payment, or not until it has been processed."},
                     context);
    case Refusal::refused:
      return refused(400,
                     {.code = "payment_intent_unexpected_state",
                      .param = {},
                      .message = "The state of this payment does not allow this."},
                     context);
    case Refusal::not_reached:
      return failed(503, "The service is temporarily unavailable. The request was not carried out.", context);
    case Refusal::no_answer: return failed(504, "The request was not answered in time.", context);
  }
  unreachable();
}

}  // namespace standin::stripe
