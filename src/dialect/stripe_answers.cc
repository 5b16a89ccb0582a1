#include "dialect/stripe_answers.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "dialect/json_document.h"
#include "dialect/stripe_errors.h"
#include "dialect/stripe_objects.h"
#include "dialect/stripe_request.h"

namespace standin::stripe {
namespace {

/// Our ids, but the party's where the order is known by one.
void name(Payment& payment, const std::string& reference, const Ulid& id) {
  const std::string core = own_core(own_id(reference).value_or(id));
  const bool is_own = own_id(reference).has_value();
  payment.intent_id = !is_own && reference.starts_with("pi_") ? reference : "pi_" + core;
  payment.charge_id = !is_own && reference.starts_with("ch_") ? reference : "ch_" + core;
}

Payment payment_of(const Request& request, const Parameters& parameters, const Money& money, WallTime created) {
  Payment payment{.state = is_hold(parameters) ? Payment::State::held : Payment::State::succeeded,
                  .intent_id = {},
                  .charge_id = {},
                  .parameters = parameters,
                  .live = is_live(api_key(request.headers)),
                  .amount = written_amount(money),
                  .received = written_amount(money),
                  .currency = lower(money.currency.code()),
                  .created = unix_ms(created) / 1000,
                  .secret = {},
                  .cancellation_reason = {}};
  return payment;
}

/// What the client secret ends with: the same for every answer about one order, and as hard to guess as its key.
std::string secret_of(const OrderKey& key) { return key.text().substr(0, 25); }

struct Words {
  std::string_view code, decline_code, message;
};

Words words_of(ChargeAnswer::Why why) {
  switch (why) {
    case ChargeAnswer::Why::none:
    case ChargeAnswer::Why::declined: return {"card_declined", "generic_decline", "Your card was declined."};
    case ChargeAnswer::Why::insufficient_funds:
      return {"card_declined", "insufficient_funds", "Your card has insufficient funds."};
    case ChargeAnswer::Why::expired_card: return {"expired_card", "expired_card", "Your card has expired."};
    case ChargeAnswer::Why::wrong_number:
      return {"incorrect_number", "incorrect_number", "Your card number is incorrect."};
    case ChargeAnswer::Why::wrong_security_code:
      return {"incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."};
    case ChargeAnswer::Why::lost_or_stolen: return {"card_declined", "pickup_card", "Your card was declined."};
  }
  unreachable();
}

/// An order of ours, as a later request sees it.
class About {
 public:
  About(const OwnOrder& order, const AnswerContext& context)
      : order_(order),
        context_(context),
        made_by_(endpoint_of(order.request.path()).resource),
        asked_(endpoint_of(context.request.path()).resource),
        order_parameters_(parameters_of(order.request)),
        parameters_(parameters_of(context.request)),
        payment_(payment_of(order.request, order_parameters_, order.amount, order.created)) {
    name(payment_, order.reference, context.id);
    take_from_answer();
    payment_.received = written_amount(order.taken());
    if (order.captured) payment_.state = Payment::State::succeeded;
    if (!order.cancelled) return;
    payment_.state = Payment::State::cancelled;
    payment_.cancelled_at = payment_.created;
  }

  Response read() {
    if (asked_ == Resource::refunds) return answer(200, order_.answer.body, context_);
    if (asked_ == Resource::payment_intents && made_by_ == Resource::charges) return not_found();
    return shown();
  }

  Response cancel() {
    payment_.state = Payment::State::cancelled;
    payment_.cancelled_at = unix_ms(context_.now) / 1000;
    payment_.cancellation_reason = parameters_.value("cancellation_reason");
    return shown();
  }

  Response capture() {
    if (asked_ == Resource::payment_intents && made_by_ == Resource::charges) return not_found();
    if (payment_.state != Payment::State::held) return captured_already();
    const auto amount = part(part_field());
    if (!amount) return refused(400, amount.error(), context_);
    payment_.state = Payment::State::succeeded;
    payment_.received = written_amount(*amount);
    return shown();
  }

  Response refund() {
    const auto amount = part("amount");
    if (!amount) return refused(400, amount.error(), context_);
    const bool held = payment_.state == Payment::State::held;
    if (held && made_by_ == Resource::payment_intents) return to_be_cancelled();
    if (held && amount->minor < order_.taken().minor) return released_whole();
    return answer(200,
                  refund_object({.id = "re_" + own_core(context_.id),
                                 .charge_id = payment_.charge_id,
                                 .intent_id = made_by_ == Resource::charges ? "" : payment_.intent_id,
                                 .parameters = parameters_,
                                 .amount = written_amount(*amount),
                                 .created = unix_ms(context_.now) / 1000,
                                 .currency = payment_.currency}),
                  context_);
  }

  /// What a capture or refund names; all that is left if it names nothing.
  std::expected<Money, ApiError> part(std::string_view field) const {
    const Money left{order_.taken().minor - order_.refunded.minor, order_.amount.currency};
    if (left.minor <= 0) {
      return std::unexpected(
          ApiError{.code = "charge_already_refunded", .param = {}, .message = "The charge has already been refunded."});
    }
    if (!parameters_.has(field) && !order_.meant) return left;
    const auto money = parameters_.has(field) ? amount_of(field, parameters_.value(field), order_.amount.currency)
                                              : Result<Money>(*order_.meant);
    if (!money) {
      return std::unexpected(
          ApiError{.code = "parameter_invalid_integer", .param = field, .message = "Invalid positive integer"});
    }
    if (money->minor > left.minor) {
      return std::unexpected(ApiError{.code = "amount_too_large",
                                      .param = field,
                                      .message = "The amount is greater than what is left of the charge."});
    }
    return *money;
  }
  /// By which the request names its part.
  std::string_view part_field() const {
    const bool of_intent = endpoint_of(context_.request.path()).verb == "capture" && asked_ != Resource::charges;
    return of_intent ? "amount_to_capture" : "amount";
  }

  bool is_payment() const { return made_by_ == Resource::charges || made_by_ == Resource::payment_intents; }

 private:
  /// The time and client secret that the first answer gave.
  void take_from_answer() {
    payment_.secret = secret_of(context_.key);
    const auto document = JsonDocument::parse(order_.answer.body);
    if (!document || document->root().kind() != JsonKind::object) return;
    if (const auto created = document->root().member("created")) {
      const auto text = created->text();
      std::from_chars(text.data(), text.data() + text.size(), payment_.created);
    }
    const auto secret = document->root().member("client_secret");
    const auto at = secret ? secret->text().find("_secret_") : std::string_view::npos;
    if (at != std::string_view::npos) payment_.secret = secret->text().substr(at + 8);
  }

  Response shown() const {
    return answer(200,
                  asked_ == Resource::charges ? charge_object(payment_, made_by_ == Resource::payment_intents)
                                              : payment_intent_object(payment_),
                  context_);
  }

  Response not_found() const { return refusal(Refusal::not_found, context_); }

  Response to_be_cancelled() const {
    return refused(400,
                   {.code = "payment_intent_unexpected_state",
                    .param = {},
                    .message = "This PaymentIntent has not been captured: cancel it instead."},
                   context_);
  }

  Response released_whole() const {
    return refused(400,
                   {.code = "amount_too_small",
                    .param = "amount",
                    .message = "A charge that has not been captured is refunded whole."},
                   context_);
  }

  Response captured_already() const {
    if (asked_ == Resource::charges) {
      return refused(400,
                     {.code = "charge_already_captured",
                      .param = {},
                      .message = fmt::format("Charge {} has already been captured.", payment_.charge_id)},
                     context_);
    }
    return refused(400,
                   {.code = "payment_intent_unexpected_state",
                    .param = {},
                    .message = "This PaymentIntent could not be captured because it has already been captured."},
                   context_);
  }

  const OwnOrder& order_;
  const AnswerContext& context_;
  Resource made_by_, asked_;
  Parameters order_parameters_, parameters_;
  Payment payment_;
};

}  // namespace

std::optional<Money> amount_about(const Request& request, const OwnOrder& order) {
  static const Facts none;
  const AnswerContext context{request, none, order.reference, {}, {}, {}, {}};
  const About about(order, context);
  const auto part = about.part(about.part_field());
  return part ? std::optional(*part) : std::nullopt;
}

Response approval(const AnswerContext& context, const std::optional<Money>& part) {
  const Parameters parameters = parameters_of(context.request);
  Payment payment = payment_of(context.request, parameters, context.facts.amount.value_or(Money{}), context.now);
  name(payment, context.reference, context.id);
  payment.secret = secret_of(context.key);
  if (part) payment.received = written_amount(*part);
  const bool is_charge = endpoint_of(context.request.path()).resource == Resource::charges;
  return answer(200, is_charge ? charge_object(payment, false) : payment_intent_object(payment), context);
}

Response decline(const AnswerContext& context, ChargeAnswer::Why why) {
  const Parameters parameters = parameters_of(context.request);
  Payment payment = payment_of(context.request, parameters, context.facts.amount.value_or(Money{}), context.now);
  name(payment, context.reference, context.id);
  payment.state = Payment::State::declined;
  payment.secret = secret_of(context.key);
  const Words words = words_of(why);
  ObjectText error;
  error.text("charge", payment.charge_id).text("code", words.code).text("decline_code", words.decline_code);
  error.text("doc_url", page_of(words.code)).text("message", words.message);
  if (endpoint_of(context.request.path()).resource == Resource::payment_intents && context.facts.amount) {
    error.json("payment_intent", payment_intent_object(payment));
  }
  return answer(402, ObjectText().json("error", error.text("type", "card_error").done()).done(), context);
}

std::optional<Response> answer_about(Operation operation, const OwnOrder& order, const AnswerContext& context) {
  About about(order, context);
  if (operation != Operation::read && !about.is_payment()) return refusal(Refusal::not_found, context);
  switch (operation) {
    case Operation::read: return about.read();
    case Operation::cancel: return about.cancel();
    case Operation::capture: return order.cancelled ? refusal(Refusal::ended, context) : about.capture();
    case Operation::refund: return order.cancelled ? refusal(Refusal::ended, context) : about.refund();
    case Operation::charge:
    case Operation::other: return std::nullopt;
  }
  unreachable();
}

}  // namespace standin::stripe
