#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "dialect/body.h"
#include "dialect/facts_reader.h"
#include "dialect/gateway.h"
#include "dialect/plain_text.h"
#include "dialect/stripe_answers.h"
#include "dialect/stripe_charge.h"
#include "dialect/stripe_errors.h"
#include "dialect/stripe_judge.h"
#include "dialect/stripe_request.h"
#include "vault/vault.h"

namespace standin {
namespace {

using stripe::Parameters;

/// The merchant is known by the key alone, or by the account that the key acts for.
std::string merchant_text(const Request& request) {
  const SecretText key = stripe::api_key(request.headers);
  if (key.empty()) return {};
  return fmt::format("key {} {}", key.reveal(), request.headers.find("Stripe-Account").value_or(""));
}

Result<std::string> checked(std::string_view field, std::string value) {
  if (value.size() > fact_bytes_max) {
    return failure(fmt::format("{}: is longer than {} bytes", field, fact_bytes_max), std::string(field));
  }
  if (has_controls(value)) return failure(fmt::format("{}: has control characters", field), std::string(field));
  return value;
}

/// Differences in the fields that the party's answer has at its top and ours lacks: what a client could miss.
std::vector<std::string> lacking(const Response& real, const Response& ours) {
  std::vector<std::string> said;
  if (real.status != ours.status) {
    said.push_back(fmt::format("the party answers with status {}, standin with {}", real.status, ours.status));
  }
  const auto real_document = JsonDocument::parse(real.body);
  const auto our_document = JsonDocument::parse(ours.body);
  if (!real_document || !our_document || real_document->root().kind() != JsonKind::object) return said;
  for (const JsonValue member : real_document->root()) {
    if (member.is_null() || our_document->root().member(member.name())) continue;
    said.push_back(fmt::format("the party's answer has /{} ({}), standin's does not", shown_name(member.name()),
                               name(member.kind())));
  }
  return said;
}

class StripeDialect final : public Dialect {
 public:
  StripeDialect(GatewayDefaults defaults, const Vault& vault) : defaults_(std::move(defaults)), vault_(vault) {}

  RequestReading read(const Request& request) const override {
    const auto parameters = Parameters::read(request);
    const Operation operation = stripe::operation_of(request, parameters);
    auto facts = operation == Operation::charge ? charge_facts(request, parameters) : common_facts(request);
    const bool readable = facts.has_value();
    return {.facts = std::move(facts),
            .normalised = normalised(request, parameters),
            // The gateway says itself what is wrong with a charge; nothing of it is written down.
            .operation = readable ? operation : Operation::other,
            .hold = parameters && stripe::is_hold(*parameters),
            .about = stripe::about_of(stripe::endpoint_of(request.path()), parameters),
            .repeat_is_recognised = request.method == "POST" || request.method == "GET",
            .field = [parameters](std::string_view selector) -> std::optional<std::string> {
              if (!parameters || !parameters->has(selector)) return std::nullopt;
              return parameters->value(selector);
            }};
  }

  Request stripped(Request request) const override {
    const auto leaves_out = [&](std::string_view name) { return is_stripped(name); };
    request.body = is_form(request) ? stripe::without(request.body, leaves_out).value_or("") : "";
    const auto question = request.target.find('?');
    if (question == std::string::npos) return request;
    const auto query = stripe::without(std::string_view(request.target).substr(question + 1), leaves_out);
    request.target = request.target.substr(0, question + 1) + query.value_or("");
    return request;
  }

  Request keyed(Request request, const OrderKey& key) const override {
    if (request.method == "POST") request.headers.set("Idempotency-Key", key.text());
    return request;
  }

  Request outbound(Request request, const OutboundContext& context) const override {
    if (request.method != "POST" || !request.headers.find("Idempotency-Key").value_or("").empty()) return request;
    request.headers.set("Idempotency-Key", context.key.text());
    return request;
  }

  Judgement judge(const Response& response) const override { return stripe::judge(response); }
  Response approve(const AnswerContext& context) const override { return stripe::approval(context, std::nullopt); }
  Response decline(const AnswerContext& context) const override {
    return stripe::decline(context, ChargeAnswer::Why::declined);
  }
  Response unavailable(const AnswerContext& context) const override { return stripe::unavailable(context); }
  std::optional<Response> refuse(Refusal refusal, const AnswerContext& context) const override {
    return stripe::refusal(refusal, context);
  }

  Response marked_duplicate(Response answer) const override {
    answer.headers.set("Idempotent-Replayed", "true");
    return answer;
  }

  std::vector<std::string> drift(const Response& real, const AnswerContext& context) const override {
    const auto parameters = Parameters::read(context.request);
    if (stripe::operation_of(context.request, parameters) != Operation::charge) return {};
    const Judgement judgement = judge(real);
    if (judgement.pause_replay) return {};
    switch (judgement.outcome) {
      case Outcome::approved: return lacking(real, approve(context));
      case Outcome::declined: return real.status == 402 ? lacking(real, decline(context)) : std::vector<std::string>{};
      case Outcome::not_done:
      case Outcome::unknown: return {};
    }
    unreachable();
  }

  /// The approval puts "pi_" or "ch_" before it, as the endpoint has it: both name the same order.
  std::string reference(const Ulid& id, unsigned) const override { return stripe::own_core(id); }

  std::optional<OwnReference> own_reference(std::string_view reference) const override {
    const auto id = stripe::own_id(reference);
    return id ? std::optional(OwnReference{.id = *id, .added = {}}) : std::nullopt;
  }

  Request about_upstream(Request request, std::string_view upstream_reference) const override {
    return stripe::about_upstream(std::move(request), upstream_reference);
  }

  std::optional<Response> answer_about(Operation operation, const OwnOrder& order,
                                       const AnswerContext& context) const override {
    return stripe::answer_about(operation, order, context);
  }

  std::optional<Money> amount_about(const Request& request, const OwnOrder& order) const override {
    return stripe::amount_about(request, order);
  }

  std::optional<Charge> charge(const Request& request) const override {
    const auto parameters = Parameters::read(request);
    if (!parameters || stripe::operation_of(request, parameters) != Operation::charge) return std::nullopt;
    if (request.headers.has("Stripe-Account")) return std::nullopt;
    const auto amount = stripe::money_of(*parameters, defaults_.currency);
    return amount ? stripe::charge_of(*parameters, *amount) : std::nullopt;
  }

  std::optional<Request> write_charge(const Charge& charge, const Credential& credential,
                                      const OutboundContext& context) const override {
    if (credential.name.empty() || charge.number.empty() || !can_be_written(charge.amount)) return std::nullopt;
    return stripe::charge_request(charge, credential.name, context);
  }

  std::optional<Request> write_amendment(const Amendment& amendment, const Credential& credential,
                                         const OutboundContext& context) const override {
    if (credential.name.empty() || amendment.upstream_reference.empty()) return std::nullopt;
    const bool of_money = amendment.kind != Amendment::Kind::cancel;
    if (of_money && (!amendment.amount || !can_be_written(*amendment.amount))) return std::nullopt;
    return stripe::amendment_request(amendment, credential.name, context);
  }

  std::optional<ChargeAnswer> read_answer(const Response& response) const override {
    return stripe::read_answer(response);
  }

  std::optional<Response> write_answer(const ChargeAnswer& answer, const AnswerContext& context) const override {
    switch (answer.outcome) {
      case Outcome::approved: return stripe::approval(context, answer.part);
      case Outcome::declined: return stripe::decline(context, answer.why);
      case Outcome::not_done:
      case Outcome::unknown: return std::nullopt;
    }
    unreachable();
  }

 private:
  /// The gateway does not have every part of every currency.
  static bool can_be_written(const Money& amount) {
    if (amount.minor <= 0) return false;
    const auto written = std::to_string(stripe::written_amount(amount));
    return stripe::amount_of("amount", written, amount.currency) == amount;
  }

  bool is_stripped(std::string_view name) const {
    return stripe::is_security_data(name) || std::ranges::find(defaults_.strip, name) != defaults_.strip.end();
  }

  static bool is_form(const Request& request) {
    const std::string media = media_type(request.headers);
    return media.empty() || body_kind(media) == BodyKind::form;
  }

  /// What every request says, so that one about an earlier charge is of the same tenant.
  Facts common_facts(const Request& request) const {
    Facts facts;
    if (const std::string merchant = merchant_text(request); !merchant.empty()) {
      facts.merchant = vault_.fingerprint(merchant);
    }
    facts.country = defaults_.country_of(stripe::api_key(request.headers).reveal());
    return facts;
  }

  Result<Facts> charge_facts(const Request& request, const Result<Parameters>& parameters) const {
    if (!parameters) return failure("the request " + parameters.error().what, "body");
    Facts facts = common_facts(request);
    if (facts.merchant.empty()) return failure("Authorization: names no API key", "Authorization");
    const auto amount = stripe::money_of(*parameters, defaults_.currency);
    if (!amount) return std::unexpected(amount.error());
    facts.amount = *amount;
    const std::array named{std::tuple("customer", &Facts::customer, parameters->value("customer")),
                           std::tuple("metadata", &Facts::reference, stripe::reference_of(*parameters))};
    for (const auto& [field_name, fact, value] : named) {
      auto text = checked(field_name, value);
      if (!text) return std::unexpected(text.error());
      const auto digits = account_number(*text);
      facts.*fact = digits ? vault_.fingerprint(*digits) : std::move(*text);
    }
    if (auto added = add_card(facts, *parameters); !added) return std::unexpected(added.error());
    return facts;
  }

  /// A token is not a card, but names one: its fingerprint is of another kind.
  Result<void> add_card(Facts& facts, const Parameters& parameters) const {
    const std::string number = stripe::card_field(parameters, "number");
    const std::string token = stripe::payment_method_of(parameters);
    if (number.empty() && token.empty() && facts.customer.empty()) {
      return failure("payment_method: is missing", "payment_method");
    }
    if (!token.empty()) facts.card = vault_.fingerprint("token " + token);
    if (number.empty()) return {};
    const auto digits = account_number(number);
    if (!digits) return failure("number: is not a card's account number", "number");
    facts.card = vault_.fingerprint(*digits);
    facts.network = card_network(*digits);
    return {};
  }

  std::string normalised(const Request& request, const Result<Parameters>& parameters) const {
    std::string text = fmt::format("{} {}\n", request.method, request.path());
    if (!parameters) return text + request.target + "\n" + request.body;
    std::vector<Form::Field> fields = parameters->fields();
    std::ranges::stable_sort(fields, {}, &Form::Field::name);  // the order within a list counts
    for (const auto& [name, value] : fields) {
      if (is_stripped(name)) continue;
      text += fmt::format("{}={}&", percent_encoded(name), percent_encoded(value));
    }
    return text;
  }

  GatewayDefaults defaults_;
  const Vault& vault_;
};

}  // namespace

Result<std::shared_ptr<const Dialect>> make_stripe_dialect(const GatewayDefaults& defaults, const Vault& vault) {
  if (!defaults.currency.empty() && !Currency::parse(defaults.currency)) {
    return failure(fmt::format("currency: {} is not an ISO 4217 code", defaults.currency), "currency");
  }
  return std::make_shared<const StripeDialect>(defaults, vault);
}

}  // namespace standin
