#include "dialect/usaepay_charge.h"

#include <fmt/format.h>

#include "base/text.h"
#include "dialect/plain_text.h"
#include "dialect/usaepay_answer.h"
#include "dialect/usaepay_hash.h"
#include "dialect/usaepay_request.h"

namespace standin {
namespace {

constexpr std::size_t invoice_size_max = 10;
constexpr std::size_t order_reference_size_max = 64;
constexpr std::size_t seed_size = 16;

std::string clean(const UsaepayForm& form, std::string_view field) { return mended_utf8(form.text(field)); }

ChargeAnswer::Why why_of(std::string_view code) {
  using Why = ChargeAnswer::Why;
  if (code == "10251") return Why::insufficient_funds;
  if (code == "00017" || code == "10254") return Why::expired_card;
  if (code == "00011" || code == "00012" || code == "00013" || code == "00014" || code == "10214")
    return Why::wrong_number;
  if (code == "10297" || code == "10116") return Why::wrong_security_code;
  if (code == "10204" || code == "10241" || code == "10243") return Why::lost_or_stolen;
  return Why::declined;
}

UsaepayCode code_of(ChargeAnswer::Why why) {
  using Why = ChargeAnswer::Why;
  switch (why) {
    case Why::none:
    case Why::declined: return UsaepayCode::declined;
    case Why::insufficient_funds: return UsaepayCode::insufficient_funds;
    case Why::expired_card: return UsaepayCode::expired_card;
    case Why::wrong_number: return UsaepayCode::wrong_number;
    case Why::wrong_security_code: return UsaepayCode::wrong_security_code;
    case Why::lost_or_stolen: return UsaepayCode::pick_up_card;
  }
  unreachable();
}

std::string command_for(Amendment::Kind kind) {
  switch (kind) {
    case Amendment::Kind::cancel: return "cc:void";
    case Amendment::Kind::capture: return "cc:capture";
    case Amendment::Kind::refund: return "cc:refund";
  }
  unreachable();
}

/// `POST /gate`, written field by field.
class GateForm {
 public:
  GateForm(std::string command, const Credential& credential) : command_(std::move(command)) {
    request_.headers.add("Content-Type", "application/x-www-form-urlencoded");
    add("UMkey", credential.name.reveal());
    add("UMcommand", command_);
  }

  /// What is empty is left out.
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!request_.body.empty()) request_.body.push_back('&');
    request_.body.append(name).append("=").append(percent_encoded(value));
  }

  /// The seed is always the same for one order key, so that a repeat is the same request.
  Request signed_with(const Credential& credential, std::string_view amount, std::string_view invoice,
                      const OrderKey& key) {
    const std::string seed = key.text().substr(0, seed_size);
    if (!credential.secret.empty()) {
      add("UMhash", usaepay_hash(command_, credential.secret.reveal(), amount, invoice, seed));
    }
    return std::move(request_);
  }

 private:
  std::string command_;
  Request request_{.method = "POST", .target = "/gate", .headers = {}, .body = {}};
};

/// Where an invoice is too long for its field it becomes the order's reference, if that is free.
bool place_references(const Charge& charge, const OutboundContext& context, std::string& invoice,
                      std::string& order_reference) {
  invoice = charge.invoice;
  order_reference = charge.order_reference;
  if (invoice.size() > invoice_size_max) {
    if (order_reference.empty()) order_reference = invoice;
    invoice.clear();
  }
  if (invoice.empty() && order_reference.empty()) order_reference = context.reference;
  return order_reference.size() <= order_reference_size_max;
}

}  // namespace

std::optional<Charge> usaepay_charge(const UsaepayForm& form, Currency currency) {
  const UsaepayCard card = card_of(form);
  const auto amount = amount_of(form, currency);
  if (card.kind != UsaepayCard::Kind::number || !amount || !*amount) return std::nullopt;
  // Proof of the cardholder's authentication, a wish for a token, later instalments and other payees' parts are between
  // the client and this vendor.
  const bool authenticated = !form.text("UMcavv").empty() || !form.text("UMpares").empty();
  const bool recurs = form.is_true("UMaddcustomer") || !form.text("UMschedule").empty();
  if (authenticated || recurs || form.is_true("UMsaveCard") || is_split(form)) return std::nullopt;
  return Charge{.amount = **amount,
                .capture = !asks_for_hold(command_of(form)),
                .number = SecretText(card.number),
                .security_code = SecretText(std::string(form.text("UMcvv2"))),
                .expiry_month = card.expiry_month,
                .expiry_year = card.expiry_year,
                .holder = clean(form, "UMname"),
                .street = clean(form, "UMstreet"),
                .zip = clean(form, "UMzip"),
                .invoice = clean(form, "UMinvoice"),
                .order_reference = clean(form, "UMorderid"),
                .description = clean(form, "UMdescription"),
                .email = clean(form, "UMcustemail")};
}

std::optional<Request> write_usaepay_charge(const Charge& charge, const Credential& credential,
                                            const OutboundContext& context) {
  std::string invoice, order_reference;
  if (credential.name.empty() || charge.number.empty()) return std::nullopt;
  if (charge.expiry_year / 100 != 20 || charge.expiry_month < 1 || charge.expiry_month > 12) return std::nullopt;
  if (!place_references(charge, context, invoice, order_reference)) return std::nullopt;
  const std::string command = charge.capture ? "cc:sale" : "cc:authonly";
  const std::string amount = decimal(charge.amount);
  GateForm form(command, credential);
  form.add("UMamount", amount);
  form.add("UMcard", charge.number.reveal());
  form.add("UMexpir", fmt::format("{:02}{:02}", charge.expiry_month, charge.expiry_year % 100));
  form.add("UMcvv2", charge.security_code.reveal());
  form.add("UMname", charge.holder);
  form.add("UMstreet", charge.street);
  form.add("UMzip", charge.zip);
  form.add("UMinvoice", invoice);
  form.add("UMorderid", order_reference);
  form.add("UMdescription", charge.description);
  form.add("UMcustemail", charge.email);
  return form.signed_with(credential, amount, invoice, context.key);
}

std::optional<Request> write_usaepay_amendment(const Amendment& amendment, const Credential& credential,
                                               const OutboundContext& context) {
  if (credential.name.empty() || amendment.upstream_reference.empty()) return std::nullopt;
  const std::string amount = amendment.amount ? decimal(*amendment.amount) : std::string();
  GateForm form(command_for(amendment.kind), credential);
  form.add("UMrefNum", amendment.upstream_reference);
  form.add("UMamount", amount);
  return form.signed_with(credential, amount, {}, context.key);
}

std::optional<ChargeAnswer> read_usaepay_answer(const Response& response, const Judgement& judgement) {
  const bool approved = judgement.outcome == Outcome::approved;
  // A no to our own credential, or because it is there already, is no word about the customer's card.
  if (!approved && (judgement.outcome != Outcome::declined || judgement.pause_replay || judgement.already_there))
    return std::nullopt;
  ChargeAnswer answer{.outcome = judgement.outcome,
                      .upstream_reference = judgement.upstream_reference,
                      .auth_code = {},
                      .part = judgement.part};
  if (approved) {
    answer.auth_code = usaepay_answer_field(response, "UMauthCode");
  } else {
    answer.why = why_of(usaepay_answer_field(response, "UMerrorcode"));
  }
  return answer;
}

std::optional<Response> write_usaepay_answer(const ChargeAnswer& answer, const AnswerContext& context) {
  if (answer.outcome == Outcome::declined) return usaepay_response({.code = code_of(answer.why), .detail = {}});
  if (answer.outcome != Outcome::approved) return std::nullopt;
  const bool fits = answer.auth_code.size() == 6;
  return usaepay_response({.auth_code = fits ? answer.auth_code : auth_code_of(context.id),
                           .reference = context.reference,
                           .amount = answer.part ? answer.part : context.facts.amount,
                           .detail = {}});
}

}  // namespace standin
