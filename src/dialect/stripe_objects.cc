#include "dialect/stripe_objects.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "dialect/charge.h"
#include "dialect/json_write.h"

namespace standin::stripe {
namespace {

std::string metadata_object(const Parameters& parameters) {
  constexpr std::string_view prefix = "metadata[";
  ObjectText object;
  for (const auto& [name, value] : parameters.fields()) {
    if (!name.starts_with(prefix) || !name.ends_with(']') || value.empty()) continue;
    object.text(std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - 1), value);
  }
  return object.done();
}

std::int64_t year_of(const std::string& text) {
  int year = 0;
  std::from_chars(text.data(), text.data() + text.size(), year);
  return year > 0 && year < 100 ? 2000 + year : year;
}

std::int64_t month_of(const std::string& text) {
  int month = 0;
  std::from_chars(text.data(), text.data() + text.size(), month);
  return month;
}

/// What is known of the card; of a token, nothing.
std::string card_object(const Parameters& parameters) {
  std::string number = card_field(parameters, "number");
  std::erase_if(number, [](char c) { return c < '0' || c > '9'; });
  const std::string network = card_network(number);
  ObjectText card;
  card.text("brand", network.empty() ? "unknown" : network);
  card.json("checks", R"({"address_line1_check":null,"address_postal_code_check":null,"cvc_check":null})");
  card.null("country");
  if (number.size() < 4) return card.null("exp_month").null("exp_year").null("last4").text("network", "unknown").done();
  card.number("exp_month", month_of(card_field(parameters, "exp_month")));
  card.number("exp_year", year_of(card_field(parameters, "exp_year")));
  card.text("funding", "unknown").text("last4", number.substr(number.size() - 4));
  return card.text_or_null("network", network).done();
}

std::string billing_object(const Parameters& parameters) {
  const auto detail = [&](std::string_view name) {
    return parameters.value(fmt::format("payment_method_data[billing_details]{}", name));
  };
  ObjectText address;
  for (const std::string_view part : {"city", "country", "line1", "line2", "postal_code", "state"}) {
    address.text_or_null(part, detail(fmt::format("[address][{}]", part)));
  }
  ObjectText billing;
  billing.json("address", address.done()).text_or_null("email", detail("[email]"));
  return billing.text_or_null("name", detail("[name]")).text_or_null("phone", detail("[phone]")).done();
}

std::string payment_method_id(const Payment& payment) {
  const std::string named = payment.parameters.value("payment_method");
  if (!named.empty()) return named;
  return "pm_" + payment.charge_id.substr(payment.charge_id.find('_') + 1);
}

std::string_view status_of(Payment::State state) {
  switch (state) {
    case Payment::State::declined: return "requires_payment_method";
    case Payment::State::held: return "requires_capture";
    case Payment::State::succeeded: return "succeeded";
    case Payment::State::cancelled: return "canceled";
  }
  unreachable();
}

bool expands_charge(const Parameters& parameters) {
  for (const auto& [name, value] : parameters.fields()) {
    if (name.starts_with("expand[") && value == "latest_charge") return true;
  }
  return false;
}

void add_latest_charge(ObjectText& object, const Payment& payment) {
  if (expands_charge(payment.parameters)) {
    object.json("latest_charge", charge_object(payment, true));
  } else {
    object.text("latest_charge", payment.charge_id);
  }
}

std::string capture_method(const Parameters& parameters) {
  const std::string asked = parameters.value("capture_method");
  return asked.empty() ? "automatic_async" : asked;
}

void add_outcome(ObjectText& object, bool declined) {
  ObjectText outcome;
  outcome.text("network_status", declined ? "declined_by_network" : "approved_by_network");
  outcome.text_or_null("reason", declined ? "generic_decline" : "").text("risk_level", "normal");
  outcome.text("seller_message",
               declined ? "The bank did not return any further details with this decline." : "Payment complete.");
  object.json("outcome", outcome.text("type", declined ? "issuer_declined" : "authorized").done());
}

}  // namespace

ObjectText& ObjectText::json(std::string_view name, std::string_view value) {
  if (!members_.empty()) members_ += ',';
  members_ += '"';
  append_json_escaped(members_, name);
  members_.append("\":").append(value);
  return *this;
}

ObjectText& ObjectText::text(std::string_view name, std::string_view value) {
  std::string quoted = "\"";
  append_json_escaped(quoted, value);
  return json(name, quoted + '"');
}

ObjectText& ObjectText::text_or_null(std::string_view name, std::string_view value) {
  return value.empty() ? null(name) : text(name, value);
}

ObjectText& ObjectText::number(std::string_view name, std::int64_t value) { return json(name, std::to_string(value)); }
ObjectText& ObjectText::flag(std::string_view name, bool value) { return json(name, value ? "true" : "false"); }
ObjectText& ObjectText::null(std::string_view name) { return json(name, "null"); }

std::string payment_intent_object(const Payment& payment) {
  const Parameters& asked = payment.parameters;
  const bool held = payment.state == Payment::State::held;
  const bool cancelled = payment.state == Payment::State::cancelled;
  ObjectText object;
  object.text("id", payment.intent_id).text("object", "payment_intent").number("amount", payment.amount);
  object.number("amount_capturable", held ? payment.amount : 0).json("amount_details", R"({"tip":{}})");
  object.number("amount_received", payment.state == Payment::State::succeeded ? payment.received : 0);
  object.null("application").null("application_fee_amount").null("automatic_payment_methods");
  if (cancelled) {
    object.number("canceled_at", payment.cancelled_at).text_or_null("cancellation_reason", payment.cancellation_reason);
  } else {
    object.null("canceled_at").null("cancellation_reason");
  }
  object.text("capture_method", capture_method(asked));
  object.text("client_secret", fmt::format("{}_secret_{}", payment.intent_id, payment.secret));
  object.text("confirmation_method", "automatic").number("created", payment.created);
  object.text("currency", payment.currency).text_or_null("customer", asked.value("customer"));
  object.text_or_null("description", asked.value("description")).null("last_payment_error");
  add_latest_charge(object, payment);
  object.flag("livemode", payment.live).json("metadata", metadata_object(asked)).null("next_action");
  object.null("on_behalf_of");
  if (payment.state == Payment::State::declined) {
    object.null("payment_method");
  } else {
    object.text("payment_method", payment_method_id(payment));
  }
  object.null("payment_method_configuration_details");
  object.json("payment_method_options", R"({"card":{"installments":null,"mandate_options":null,"network":null,)"
                                        R"("request_three_d_secure":"automatic"}})");
  object.json("payment_method_types", R"(["card"])").null("processing");
  object.text_or_null("receipt_email", asked.value("receipt_email")).null("review");
  object.text_or_null("setup_future_usage", asked.value("setup_future_usage")).null("shipping").null("source");
  object.text_or_null("statement_descriptor", asked.value("statement_descriptor"));
  object.text_or_null("statement_descriptor_suffix", asked.value("statement_descriptor_suffix"));
  return object.text("status", status_of(payment.state)).null("transfer_data").null("transfer_group").done();
}

std::string charge_object(const Payment& payment, bool of_intent) {
  const Parameters& asked = payment.parameters;
  const bool declined = payment.state == Payment::State::declined;
  const bool released = payment.state == Payment::State::cancelled;
  const bool captured = payment.state == Payment::State::succeeded;
  ObjectText object;
  object.text("id", payment.charge_id).text("object", "charge").number("amount", payment.amount);
  object.number("amount_captured", captured ? payment.received : 0);
  object.number("amount_refunded", released ? payment.amount : 0).null("application").null("application_fee");
  object.null("application_fee_amount").null("balance_transaction").json("billing_details", billing_object(asked));
  object.text_or_null("calculated_statement_descriptor", asked.value("statement_descriptor"));
  object.flag("captured", captured).number("created", payment.created).text("currency", payment.currency);
  object.text_or_null("customer", asked.value("customer")).text_or_null("description", asked.value("description"));
  object.flag("disputed", false).null("failure_balance_transaction");
  object.text_or_null("failure_code", declined ? "card_declined" : "");
  object.text_or_null("failure_message", declined ? "Your card was declined." : "").json("fraud_details", "{}");
  object.flag("livemode", payment.live).json("metadata", metadata_object(asked)).null("on_behalf_of");
  add_outcome(object, declined);
  object.flag("paid", !declined).text_or_null("payment_intent", of_intent ? payment.intent_id : "");
  object.text("payment_method", payment_method_id(payment));
  ObjectText details;
  details.json("card", card_object(asked)).text("type", "card");
  object.json("payment_method_details", details.done()).text_or_null("receipt_email", asked.value("receipt_email"));
  object.null("receipt_number").null("receipt_url").flag("refunded", released).null("review").null("shipping");
  object.null("source").null("source_transfer");
  object.text_or_null("statement_descriptor", asked.value("statement_descriptor"));
  object.text_or_null("statement_descriptor_suffix", asked.value("statement_descriptor_suffix"));
  object.text("status", declined ? "failed" : "succeeded").null("transfer_data").null("transfer_group");
  return object.done();
}

std::string refund_object(const Refund& refund) {
  ObjectText object;
  object.text("id", refund.id).text("object", "refund").number("amount", refund.amount).null("balance_transaction");
  object.text_or_null("charge", refund.charge_id).number("created", refund.created).text("currency", refund.currency);
  object.json("destination_details", R"({"card":{"type":"pending"},"type":"card"})");
  object.json("metadata", metadata_object(refund.parameters)).text_or_null("payment_intent", refund.intent_id);
  object.text_or_null("reason", refund.parameters.value("reason")).null("receipt_number");
  return object.null("source_transfer_reversal").text("status", "pending").null("transfer_reversal").done();
}

}  // namespace standin::stripe
