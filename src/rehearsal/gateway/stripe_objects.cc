#include "rehearsal/gateway/stripe_objects.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "rehearsal/gateway/fields.h"
#include "rehearsal/gateway/sandbox_cards.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

std::int64_t created(const GatewayState& state, const Payment& payment, std::size_t location) {
  return unix_ms(state.clock_of(location, payment.made)) / 1000;
}

json::value text_or_null(std::string_view text) { return text.empty() ? json::value() : json::value(text); }

json::object metadata(const Payment& payment) {
  boost::system::error_code wrong;
  json::value parsed = json::parse(payment.metadata.empty() ? "{}" : payment.metadata, wrong);
  return !wrong && parsed.is_object() ? parsed.get_object() : json::object();
}

std::int64_t month_of(const SeenCard& card) { return whole_number(card.expiry.substr(0, 2), 1, 12).value_or(12); }
std::int64_t year_of(const SeenCard& card) {
  return card.expiry.size() == 4 ? 2000 + whole_number(card.expiry.substr(2), 0, 99).value_or(99) : 2099;
}

json::object card_details(const Payment& payment) {
  const SeenCard& card = payment.card;
  const std::string last4 = card.masked.size() < 4 ? card.masked : card.masked.substr(card.masked.size() - 4);
  return {{"card", json::object{{"brand", card.brand},
                                {"last4", last4},
                                {"exp_month", month_of(card)},
                                {"exp_year", year_of(card)},
                                {"fingerprint", card.fingerprint},
                                {"country", payment.country},
                                {"network", card.brand}}},
          {"type", "card"}};
}

std::string_view intent_status(const Payment& payment) {
  switch (payment.state) {
    case PaymentState::pending:
      return payment.card.masked.empty() ? "requires_payment_method" : "requires_confirmation";
    case PaymentState::authorized: return "requires_capture";
    case PaymentState::captured:
    case PaymentState::refunded: return "succeeded";
    case PaymentState::voided: return "canceled";
    case PaymentState::declined: return "requires_payment_method";
  }
  unreachable();
}

bool received(const Payment& payment) {
  return payment.state == PaymentState::captured || payment.state == PaymentState::refunded;
}

std::string_view decline_message(std::string_view code, std::string_view decline_code) {
  if (code == "expired_card") return "Your card has expired.";
  if (code == "incorrect_cvc") return "Your card's security code is incorrect.";
  if (code == "processing_error") {
    return "An error occurred while processing your card. Try again in a little bit.";
  }
  if (decline_code == "insufficient_funds") return "Your card has insufficient funds.";
  return "Your card was declined.";
}

}  // namespace

json::object stripe_charge(const GatewayState& state, const Payment& payment, std::size_t location) {
  const bool voided = payment.state == PaymentState::voided;
  const bool failed = payment.state == PaymentState::declined;
  const CardBehaviour issuer = failed ? behaviour_of(payment.card.fingerprint) : CardBehaviour{};
  const std::string_view message = failed ? decline_message(issuer.stripe_code, issuer.decline_code) : "";
  return {{"id", payment.id},
          {"object", "charge"},
          {"amount", payment.asked_minor},
          {"amount_captured", received(payment) ? payment.amount.minor : 0},
          {"amount_refunded", voided ? payment.asked_minor : payment.refunded_minor},
          {"captured", received(payment)},
          {"created", created(state, payment, location)},
          {"currency", lower(payment.amount.currency.code())},
          {"customer", nullptr},
          {"description", text_or_null(payment.description)},
          {"disputed", false},
          {"failure_code", failed ? text_or_null(issuer.stripe_code) : json::value()},
          {"failure_message", text_or_null(message)},
          {"livemode", false},
          {"metadata", metadata(payment)},
          {"paid", !failed},
          {"payment_intent", text_or_null(payment.intent)},
          {"payment_method_details", card_details(payment)},
          {"refunded", voided || payment.state == PaymentState::refunded},
          {"status", failed ? "failed" : "succeeded"}};
}

json::object stripe_intent(const GatewayState& state, const Payment& payment, std::size_t location) {
  const bool tried = payment.state != PaymentState::pending;
  return {{"id", payment.intent},
          {"object", "payment_intent"},
          {"amount", payment.asked_minor},
          {"amount_capturable", payment.state == PaymentState::authorized ? payment.amount.minor : 0},
          {"amount_received", received(payment) ? payment.amount.minor : 0},
          {"capture_method", payment.kind == PaymentKind::hold ? "manual" : "automatic"},
          {"client_secret", payment.intent + "_secret_rehearsal"},
          {"confirmation_method", "automatic"},
          {"created", created(state, payment, location)},
          {"currency", lower(payment.amount.currency.code())},
          {"customer", nullptr},
          {"description", text_or_null(payment.description)},
          {"latest_charge", tried ? json::value(payment.id) : json::value()},
          {"livemode", false},
          {"metadata", metadata(payment)},
          {"payment_method_types", json::array{"card"}},
          {"status", intent_status(payment)}};
}

json::object stripe_refund(const GatewayState& state, const Payment& payment, std::size_t location) {
  const Payment* charge = state.books.find(payment.original);
  return {{"id", payment.id},
          {"object", "refund"},
          {"amount", payment.amount.minor},
          {"charge", charge == nullptr ? json::value() : json::value(charge->id)},
          {"created", created(state, payment, location)},
          {"currency", lower(payment.amount.currency.code())},
          {"metadata", metadata(payment)},
          {"payment_intent", charge == nullptr ? json::value() : text_or_null(charge->intent)},
          {"reason", nullptr},
          {"status", payment.state == PaymentState::voided ? "canceled" : "succeeded"}};
}

Response stripe_response(GatewayState& state, int status, const json::object& body) {
  return stripe_response(state, status, json::serialize(body));
}

Response stripe_response(GatewayState& state, int status, std::string body) {
  Response response = gateway_response(status, "application/json", std::move(body));
  response.headers.set("Request-Id", "req_" + scrambled(++state.requests));
  return response;
}

Response stripe_refusal(GatewayState& state, const StripeError& error, std::size_t location) {
  json::object told{{"type", error.type}, {"message", error.message}};
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) told[name] = value;
  };
  add("code", error.code);
  add("param", error.param);
  add("decline_code", error.decline_code);
  add("charge", error.charge);
  if (!error.code.empty()) {
    std::string page = error.code;
    std::ranges::replace(page, '_', '-');
    told["doc_url"] = "https://stripe.com/docs/error-codes/" + page;
  }
  if (error.intent != nullptr) told["payment_intent"] = stripe_intent(state, *error.intent, location);
  return stripe_response(state, error.status, json::object{{"error", std::move(told)}});
}

StripeError stripe_decline(const Payment& payment, std::string_view code, std::string_view decline_code) {
  return {.status = 402,
          .type = "card_error",
          .code = std::string(code),
          .message = std::string(decline_message(code, decline_code)),
          .decline_code = std::string(decline_code),
          .charge = payment.id,
          .intent = payment.intent.empty() ? nullptr : &payment};
}

}  // namespace standin::rehearsal
