#include "dialect/stripe_charge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace standin::stripe {
namespace {

std::optional<int> number_of(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Money that is passed on to somebody else, an agreement that only this party knows or is to keep for later, or proof
/// of the cardholder's authentication.
bool asks_for_the_partys_own(const Parameters& parameters) {
  constexpr std::array<std::string_view, 9> own{
      "application_fee_amount", "application_fee",        "destination",        "mandate",       "on_behalf_of",
      "transfer_data",          "payment_method_options", "setup_future_usage", "transfer_group"};
  return std::ranges::any_of(
      own, [&](std::string_view name) { return parameters.has(name) || parameters.has_within(name); });
}

std::string first_of(const Parameters& parameters, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (auto value = parameters.value(name); !value.empty()) return value;
  }
  return {};
}

class FormWriter {
 public:
  /// Brackets as the official clients write them.
  FormWriter& field(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    if (!text_.empty()) text_.push_back('&');
    text_.append(name).append("=").append(percent_encoded(value));
    return *this;
  }
  std::string done() { return std::move(text_); }

 private:
  std::string text_;
};

std::string charge_form(const Charge& charge, const OrderKey& key) {
  FormWriter form;
  form.field("amount", std::to_string(written_amount(charge.amount)));
  form.field("currency", lower(charge.amount.currency.code())).field("confirm", "true");
  form.field("capture_method", charge.capture ? "automatic" : "manual");
  // Nobody is there to take part in a redirect or a challenge: it must be a decline.
  form.field("payment_method_types[0]", "card").field("error_on_requires_action", "true");
  form.field("payment_method_data[type]", "card");
  form.field("payment_method_data[card][number]", charge.number.reveal());
  form.field("payment_method_data[card][exp_month]", std::to_string(charge.expiry_month));
  form.field("payment_method_data[card][exp_year]", std::to_string(charge.expiry_year));
  form.field("payment_method_data[card][cvc]", charge.security_code.reveal());
  form.field("payment_method_data[billing_details][name]", charge.holder);
  form.field("payment_method_data[billing_details][email]", charge.email);
  form.field("payment_method_data[billing_details][address][line1]", charge.street);
  form.field("payment_method_data[billing_details][address][postal_code]", charge.zip);
  form.field("description", charge.description).field("metadata[invoice]", charge.invoice);
  form.field("metadata[order_id]", charge.order_reference).field("metadata[standin_key]", key.text());
  return form.done();
}

Request form_post(std::string target, std::string body, const SecretText& api_key, const std::string& key) {
  Request request{.method = "POST", .target = std::move(target), .headers = {}, .body = std::move(body)};
  request.headers.add("Authorization", "Bearer " + api_key.reveal());
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.headers.add("Accept", "application/json");
  request.headers.add("Idempotency-Key", key);
  return request;
}

}  // namespace

std::optional<Charge> charge_of(const Parameters& parameters, const Money& amount) {
  std::string number = card_field(parameters, "number");
  std::erase_if(number, [](char c) { return c == ' ' || c == '-'; });
  const auto month = number_of(card_field(parameters, "exp_month"));
  auto year = number_of(card_field(parameters, "exp_year"));
  if (number.empty() || !month || *month < 1 || *month > 12 || !year || asks_for_the_partys_own(parameters)) return {};
  if (*year >= 0 && *year < 100) *year += 2000;
  if (*year < 2000 || *year > 2099) return std::nullopt;
  const std::string billing = "payment_method_data[billing_details]";
  return Charge{
      .amount = amount,
      .capture = !is_hold(parameters),
      .number = SecretText(std::move(number)),
      .security_code = SecretText(card_field(parameters, "cvc")),
      .expiry_month = *month,
      .expiry_year = *year,
      .holder = first_of(parameters, {billing + "[name]", "source[name]", "card[name]"}),
      .street = first_of(parameters, {billing + "[address][line1]", "source[address_line1]", "card[address_line1]"}),
      .zip = first_of(parameters, {billing + "[address][postal_code]", "source[address_zip]", "card[address_zip]"}),
      .invoice = parameters.value("metadata[invoice]"),
      .order_reference = reference_of(parameters),
      .description = parameters.value("description"),
      .email = first_of(parameters, {"receipt_email", billing + "[email]"})};
}

Request charge_request(const Charge& charge, const SecretText& api_key, const OutboundContext& context) {
  // Of the order, not its key: after a decline the same key may be a new try, and the party would repeat its answer.
  return form_post("/v1/payment_intents", charge_form(charge, context.key), api_key, "standin-" + context.reference);
}

Undoing undoing(std::string_view upstream_reference, bool held) {
  const std::string id = percent_encoded(upstream_reference);
  const bool is_intent = upstream_reference.starts_with("pi_");
  if (held && is_intent) {
    return {fmt::format("/v1/payment_intents/{}/cancel", id), "", fmt::format("cancellation-{}", upstream_reference)};
  }
  return {"/v1/refunds", fmt::format("{}={}", is_intent ? "payment_intent" : "charge", id),
          fmt::format("reversal-{}", upstream_reference)};
}

Request amendment_request(const Amendment& amendment, const SecretText& api_key, const OutboundContext& context) {
  using Kind = Amendment::Kind;
  const std::string id = percent_encoded(amendment.upstream_reference);
  const bool is_intent = amendment.upstream_reference.starts_with("pi_");
  const std::string object = (is_intent ? "/v1/payment_intents/" : "/v1/charges/") + id;
  const std::string names_it = (is_intent ? "payment_intent=" : "charge=") + id;
  const std::string amount = amendment.amount ? std::to_string(written_amount(*amendment.amount)) : std::string();
  const std::string own = "standin-" + context.reference;
  switch (amendment.kind) {
    case Kind::cancel: {
      Undoing cancel = undoing(amendment.upstream_reference, amendment.held);
      return form_post(std::move(cancel.target), std::move(cancel.body), api_key, cancel.key);
    }
    case Kind::capture:
      return form_post(object + "/capture",
                       FormWriter().field(is_intent ? "amount_to_capture" : "amount", amount).done(), api_key, own);
    case Kind::refund:
      return form_post(
          "/v1/refunds",
          names_it + "&" +
              FormWriter().field("amount", amount).field("metadata[standin_key]", context.key.text()).done(),
          api_key, own);
  }
  unreachable();
}

}  // namespace standin::stripe
