#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialect/body.h"
#include "dialect/gateway.h"
#include "dialect/plain_text.h"
#include "dialect/usaepay_answer.h"
#include "dialect/usaepay_charge.h"
#include "dialect/usaepay_request.h"
#include "vault/vault.h"

namespace standin {
namespace {

constexpr std::size_t text_bytes_max = 200;
constexpr std::size_t reference_digits = 16;
constexpr std::int64_t orders_a_millisecond = ulids_in_a_millisecond;
// 2001-09-09, from when on milliseconds have 13 digits, to 2100-01-01. The vendor's own references have fewer digits.
constexpr std::int64_t reference_ms_min = 1'000'000'000'000;
constexpr std::int64_t reference_ms_max = 4'102'444'800'000;

/// What differs from one call to the next of the same intent: seeds, and where and how fast it is asked.
bool is_of_one_call(std::string_view field_name) {
  constexpr std::array<std::string_view, 5> names{"UMhash", "UMmd5hash", "UMmd5key", "UMtimeout", "UMip"};
  return std::ranges::any_of(names, [&](std::string_view name) { return is_same_name(field_name, name); });
}

unsigned char lower_byte(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

/// A field, with the beginning of its name in lower case as a number: that alone orders most of them.
struct Sortable {
  explicit Sortable(const Form::Field& of) : field(of) {
    for (std::size_t i = 0; i < sizeof front; ++i)
      front = front << 8 | (i < of.name.size() ? lower_byte(of.name[i]) : 0);
  }

  Form::Field field;
  std::uint64_t front = 0;
};

/// By their names in lower case.
bool precedes(const Sortable& a, const Sortable& b) {
  if (a.front != b.front) return a.front < b.front;
  return std::ranges::lexicographical_compare(a.field.name, b.field.name, {}, lower_byte, lower_byte);
}

bool is_of_the_card(std::string_view field_name) {
  return is_same_name(field_name, "UMcard") || is_same_name(field_name, "UMexpir");
}

bool is_a_form(const Request& request) {
  const std::string media = media_type(request.headers);
  return media.empty() || body_kind(media) == BodyKind::form;
}

std::unexpected<Error> wrong(std::string_view fact, std::string_view field, std::string_view what) {
  return failure(fmt::format("{} ({}): {}", fact, field, what), std::string(field));
}

std::optional<std::int64_t> whole_seconds(std::string_view text) {
  const auto parsed = money_from_minor(trim(text), Currency());  // digits alone, bounded
  return parsed && parsed->minor > 0 ? std::optional(parsed->minor) : std::nullopt;
}

class UsaepayDialect final : public Dialect {
 public:
  UsaepayDialect(GatewayDefaults defaults, Currency currency, const Vault& vault)
      : defaults_(std::move(defaults)), currency_(currency), vault_(&vault) {}

  RequestReading read(const Request& request) const override {
    auto form = is_a_form(request) ? UsaepayForm::parse(request.body) : failure("is no form");
    if (!form) {
      return {.facts = failure("the body " + form.error().what, "body"),
              .normalised = fmt::format("{} {}\n{}", request.method, request.path(), request.body),
              .operation = Operation::other,
              .repeat_is_recognised = false};
    }
    const UsaepayCard card = card_of(*form);
    const Operation operation = operation_of(request, *form, card);
    auto facts = facts_of(*form, card, operation);
    const bool readable = facts.has_value();
    return {.facts = std::move(facts),
            .normalised = normalised(request, *form, card),
            // The gateway says itself what is wrong with it; nothing of it is written down.
            .operation = readable ? operation : Operation::other,
            .hold = asks_for_hold(command_of(*form)),
            .about = std::string(form->text("UMrefNum")),
            .repeat_is_recognised = readable && is_folded(*form, operation),
            .field = [form = std::move(*form)](std::string_view selector) { return named_field(form, selector); }};
  }

  Request stripped(Request request) const override {
    request.target = std::string(request.path());
    const auto form = is_a_form(request) ? UsaepayForm::parse(request.body) : failure("is no form");
    if (!form) {
      request.body.clear();
      return request;
    }
    const UsaepayCard card = card_of(*form);
    // How long the client would wait is nothing to a replay: the gateway would undo what is slow.
    request.headers.remove("ApiTimeout");
    request.body = without_fields(request.body, [&](std::string_view name) {
      return is_stripped(name) || equal_ignoring_case(name, "UMtimeout");
    });
    if (!card.from_track) return request;
    request.body = with_field(request.body, "UMcard", card.number);
    request.body = with_field(request.body, "UMexpir", card.expiry());
    return request;
  }

  Request outbound(Request request, const OutboundContext& context) const override {
    if (!context.reverse_after || !is_a_form(request) || request.body.empty()) return request;
    if (!asks_for_charge(command_of(field_of(request.body, "UMcommand").value_or("")))) return request;
    const auto ours =
        std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(*context.reverse_after).count());
    const auto field = field_of(request.body, "UMtimeout");
    const auto theirs =
        whole_seconds(field ? std::string_view(*field) : request.headers.find("ApiTimeout").value_or(""));
    if (!theirs || *theirs > ours) request.body = with_field(request.body, "UMtimeout", std::to_string(ours));
    return request;
  }

  bool reverses_by_itself() const override { return true; }

  Judgement judge(const Response& response) const override { return judge_usaepay(response, currency_); }

  Response approve(const AnswerContext& context) const override {
    return usaepay_response({.auth_code = auth_code_of(context.id),
                             .reference = context.reference,
                             .amount = context.facts.amount,
                             .detail = {}});
  }
  Response decline(const AnswerContext&) const override { return error(UsaepayCode::declined); }
  Response unavailable(const AnswerContext&) const override { return error(UsaepayCode::may_have_happened); }

  std::optional<Response> refuse(Refusal refusal, const AnswerContext& context) const override {
    switch (refusal) {
      case Refusal::key_missing: return error(UsaepayCode::invalid_data, "UMorderid or UMinvoice is required.");
      case Refusal::other_payload:
        return error(UsaepayCode::invalid_data, "This order has been sent with other details before.");
      case Refusal::in_progress: return error(UsaepayCode::in_progress);
      case Refusal::answer_gone: return error(UsaepayCode::duplicate);
      case Refusal::withdrawn:
      case Refusal::ended: return error(UsaepayCode::already_voided);
      case Refusal::not_found: return error(not_found(context.request));
      case Refusal::not_yet: return error(UsaepayCode::no_original, "The gateway does not have it, or not yet.");
      case Refusal::refused: return error(UsaepayCode::invalid_data, "The charge does not allow it.");
      case Refusal::not_reached: return error(UsaepayCode::offline);
      case Refusal::no_answer: return error(UsaepayCode::may_have_happened);
    }
    unreachable();
  }

  Response marked_duplicate(Response answer) const override { return marked_as_duplicate(std::move(answer)); }

  std::vector<std::string> drift(const Response& real, const AnswerContext& context) const override {
    const Judgement judgement = judge(real);
    if (judgement.already_there || judgement.pause_replay) return {};
    switch (judgement.outcome) {
      case Outcome::approved: return usaepay_differences(real, approve(context));
      case Outcome::declined: return usaepay_differences(real, decline(context));
      case Outcome::not_done:
      case Outcome::unknown: return {};
    }
    unreachable();
  }

  std::string reference(const Ulid& id, unsigned count) const override {
    return std::to_string(unix_ms(id.made_at()) * orders_a_millisecond + count % orders_a_millisecond);
  }

  std::optional<OwnReference> own_reference(std::string_view reference) const override {
    if (reference.size() != reference_digits) return std::nullopt;
    std::int64_t number = 0;
    for (const char c : reference) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    const std::int64_t made = number / orders_a_millisecond;
    if (made < reference_ms_min || made > reference_ms_max) return std::nullopt;
    return OwnReference{.id = {}, .added = wall_time(made)};
  }

  Request about_upstream(Request request, std::string_view upstream_reference) const override {
    request.body = with_field(request.body, "UMrefNum", upstream_reference);
    return request;
  }

  std::optional<Response> answer_about(Operation operation, const OwnOrder& order,
                                       const AnswerContext& context) const override {
    switch (operation) {
      case Operation::cancel:
        return order.cancelled ? error(UsaepayCode::already_voided) : done(order.reference, order.amount, context);
      case Operation::capture:
      case Operation::refund: return taken_down(operation, order, context);
      case Operation::charge:
      case Operation::read:
      case Operation::other: return std::nullopt;
    }
    unreachable();
  }

  std::optional<Money> amount_about(const Request& request, const OwnOrder& order) const override {
    const auto form = UsaepayForm::parse(request.body);
    const auto amount = form ? amount_of(*form, order.amount.currency) : failure("is no form");
    return amount ? std::optional(amount->value_or(unnamed_amount(order))) : std::nullopt;
  }

  std::optional<Charge> charge(const Request& request) const override {
    const RequestReading reading = read(request);
    if (reading.operation != Operation::charge || !reading.facts) return std::nullopt;
    return usaepay_charge(*UsaepayForm::parse(request.body), currency_);
  }

  std::optional<Request> write_charge(const Charge& charge, const Credential& credential,
                                      const OutboundContext& context) const override {
    if (charge.amount.currency != currency_) return std::nullopt;
    auto request = write_usaepay_charge(charge, credential, context);
    return request ? std::optional(outbound(std::move(*request), context)) : std::nullopt;
  }

  std::optional<Request> write_amendment(const Amendment& amendment, const Credential& credential,
                                         const OutboundContext& context) const override {
    if (amendment.amount && amendment.amount->currency != currency_) return std::nullopt;
    return write_usaepay_amendment(amendment, credential, context);
  }

  std::optional<ChargeAnswer> read_answer(const Response& response) const override {
    return read_usaepay_answer(response, judge(response));
  }

  std::optional<Response> write_answer(const ChargeAnswer& answer, const AnswerContext& context) const override {
    return write_usaepay_answer(answer, context);
  }

 private:
  static Response error(UsaepayCode code, std::string_view detail = {}) {
    return usaepay_response({.code = code, .detail = std::string(detail)});
  }

  /// The vendor has a code for each.
  UsaepayCode not_found(const Request& request) const {
    switch (read(request).operation) {
      case Operation::capture: return UsaepayCode::no_original;
      case Operation::refund: return UsaepayCode::nothing_to_refund;
      case Operation::charge:
      case Operation::cancel:
      case Operation::read:
      case Operation::other: return UsaepayCode::cannot_locate;
    }
    unreachable();
  }

  /// The vendor's voids and captures keep the number of the order that they are about; a refund has one of its own.
  static Response done(const std::string& reference, const Money& amount, const AnswerContext& context) {
    return usaepay_response(
        {.auth_code = auth_code_of(context.id), .reference = reference, .amount = amount, .detail = {}});
  }

  Response taken_down(Operation operation, const OwnOrder& order, const AnswerContext& context) const {
    if (order.cancelled) return error(UsaepayCode::already_voided);
    const auto form = UsaepayForm::parse(context.request.body);
    const auto amount = form ? amount_of(*form, order.amount.currency) : failure("is no form");
    if (!amount || (*amount && ((*amount)->minor == 0 || (*amount)->currency != order.amount.currency)))
      return error(UsaepayCode::invalid_data);
    const Money wanted = amount->value_or(unnamed_amount(order));
    const bool too_much = wanted.minor > order.taken().minor - order.refunded.minor;
    const auto original = UsaepayForm::parse(order.request.body);
    if (original && !asks_for_charge(command_of(*original))) return error(not_found(context.request));
    const bool is_held = (!original || asks_for_hold(command_of(*original))) && !order.captured;
    if (operation == Operation::refund) {
      if (is_held && original) return error(UsaepayCode::not_settled);
      return too_much ? error(UsaepayCode::refund_exceeds) : done(context.reference, wanted, context);
    }
    if (!is_held) return error(UsaepayCode::already_captured);
    return too_much ? error(UsaepayCode::invalid_data) : done(order.reference, wanted, context);
  }

  /// All of it: the vendor does not take what was given back already for less.
  static Money unnamed_amount(const OwnOrder& order) { return order.meant.value_or(order.taken()); }

  bool is_stripped(std::string_view name) const {
    return is_security_data(name) ||
           std::ranges::any_of(defaults_.strip, [&](const auto& each) { return equal_ignoring_case(each, name); });
  }

  /// By the vendor's name, or that without its "UM".
  static std::optional<std::string> named_field(const UsaepayForm& form, std::string_view selector) {
    while (selector.starts_with('/')) selector.remove_prefix(1);
    if (is_same_name(selector, "command") || is_same_name(selector, "UMcommand")) return command_of(form);
    const auto value = form.find(selector);
    const bool without_um = !value && !is_same_name(selector.substr(0, 2), "UM");
    const auto named = without_um ? form.find("UM" + std::string(selector)) : value;
    return named ? std::optional(std::string(*named)) : std::nullopt;
  }

  /// Names in lower case, in order; a track counts as the card that it is of.
  std::string normalised(const Request& request, const UsaepayForm& form, const UsaepayCard& card) const {
    const std::string expiry = card.from_track ? card.expiry() : std::string();
    std::vector<Sortable> fields;
    fields.reserve(form.fields().size());
    for (const Form::Field& field : form.fields()) {
      const bool read_from_track = card.from_track && is_of_the_card(field.name);
      if (!is_stripped(field.name) && !is_of_one_call(field.name) && !read_from_track) fields.emplace_back(field);
    }
    if (card.from_track) {
      fields.emplace_back(Form::Field{"umcard", card.number});
      fields.emplace_back(Form::Field{"umexpir", expiry});
    }
    std::ranges::sort(fields, precedes);
    std::string out;
    out.reserve(request.method.size() + request.target.size() + request.body.size() * 5 / 4);
    out.append(request.method).append(" ").append(request.path()).append("\n");
    for (const Sortable& each : fields) {
      append_percent_encoded(out, lower(each.field.name));
      out.push_back('=');
      append_percent_encoded(out, each.field.value);
      out.push_back('&');
    }
    return out;
  }

  /// The vendor goes by key, card, amount and the merchant's reference, within its window.
  static bool is_folded(const UsaepayForm& form, Operation operation) {
    const bool referenced = !form.text("UMinvoice").empty() || !form.text("UMorderid").empty();
    return operation == Operation::charge && referenced && !form.is_true("UMignoreDuplicate");
  }

  Result<Facts> facts_of(const UsaepayForm& form, const UsaepayCard& card, Operation operation) const {
    Facts facts;
    const std::string_view key = form.text("UMkey");
    facts.country = defaults_.country_of(key);
    if (!key.empty()) facts.merchant = vault_->fingerprint(key);
    const auto amount = amount_of(form, currency_);
    if (amount) facts.amount = *amount;
    if (operation == Operation::other) return facts;
    if (!amount) return std::unexpected(amount.error());
    if (key.empty()) return wrong("merchant", "UMkey", "is missing");
    const bool has_orderid = !form.text("UMorderid").empty();
    auto reference = text(form, "reference", has_orderid ? "UMorderid" : "UMinvoice");
    if (!reference) return std::unexpected(reference.error());
    facts.reference = std::move(*reference);
    auto customer = text(form, "customer", "UMcustid");
    if (!customer) return std::unexpected(customer.error());
    facts.customer = std::move(*customer);
    return operation == Operation::charge ? with_card(std::move(facts), card) : facts;
  }

  Result<Facts> with_card(Facts facts, const UsaepayCard& card) const {
    if (!facts.amount) return wrong("amount", "UMamount", "is missing");
    if (card.kind != UsaepayCard::Kind::number) return wrong("card", card.where, card.wrong);
    facts.card = vault_->fingerprint(card.number);
    facts.network = card_network(card.number);
    return facts;
  }

  Result<std::string> text(const UsaepayForm& form, std::string_view fact, std::string_view field) const {
    std::string value = mended_utf8(form.text(field));
    if (value.size() > text_bytes_max) return wrong(fact, field, "is too long");
    if (has_controls(value)) return wrong(fact, field, "has control characters");
    const auto digits = account_number(value);
    return digits ? vault_->fingerprint(*digits) : value;
  }

  GatewayDefaults defaults_;
  Currency currency_;
  const Vault* vault_;
};

}  // namespace

Result<std::shared_ptr<const Dialect>> make_usaepay_dialect(const GatewayDefaults& defaults, const Vault& vault) {
  const auto currency = Currency::parse(defaults.currency.empty() ? "USD" : defaults.currency);
  if (!currency)
    return failure(fmt::format("currency: {} is not an ISO 4217 code", defaults.currency), defaults.currency);
  return std::make_shared<const UsaepayDialect>(defaults, *currency, vault);
}

}  // namespace standin
