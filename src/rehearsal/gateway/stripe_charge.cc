#include <fmt/format.h>

#include <boost/json.hpp>
#include <expected>

#include "base/text.h"
#include "rehearsal/gateway/sandbox_cards.h"
#include "rehearsal/gateway/stripe_call.h"

namespace standin::rehearsal {
namespace {

constexpr std::int64_t charge_minor_most = 99'999'999;
constexpr std::string_view far_expiry = "1234";  // of test tokens: December 2034

struct Draft {
  Payment row;
  CardBehaviour issuer;
};

StripeError bad(std::string_view code, std::string_view param, std::string message) {
  return {.code = std::string(code), .message = std::move(message), .param = std::string(param)};
}

std::string metadata_in(const Fields& fields) {
  constexpr std::string_view prefix = "metadata[";
  boost::json::object found;
  for (const auto& [name, value] : fields.all()) {
    if (!name.starts_with(prefix) || !name.ends_with(']')) continue;
    found[printable(std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - 1))] = printable(value);
  }
  return found.empty() ? std::string() : boost::json::serialize(found);
}

std::expected<GivenCard, StripeError> numbered(const Fields& fields, const std::string& prefix, WallTime now) {
  const std::string_view number = fields[prefix + "[number]"];
  const auto month = whole_number(fields[prefix + "[exp_month]"], 1, 12);
  const auto year = whole_number(fields[prefix + "[exp_year]"], 0, 2099);
  const auto wrong = [](std::string_view code, std::string message) {
    return std::unexpected(
        StripeError{.status = 402, .type = "card_error", .code = std::string(code), .message = std::move(message)});
  };
  if (card_problem(number)) return wrong("incorrect_number", "Your card number is incorrect.");
  if (!month) return wrong("invalid_expiry_month", "Your card's expiration month is invalid.");
  if (!year) return wrong("invalid_expiry_year", "Your card's expiration year is invalid.");
  const std::string expiry = fmt::format("{:02}{:02}", *month, *year % 100);
  if (expired(expiry, now)) return wrong("expired_card", "Your card has expired.");
  return given_card(number, expiry);
}

std::expected<GivenCard, StripeError> card_in(const Fields& fields, WallTime now) {
  for (const std::string prefix : {"payment_method_data[card]", "source", "card"}) {
    if (fields.has(prefix + "[number]")) return numbered(fields, prefix, now);
  }
  for (const std::string_view name : {"payment_method", "source", "payment_method_data[card][token]", "card"}) {
    const std::string_view token = fields[name];
    if (token.empty()) continue;
    if (const auto number = stripe_test_card(token)) return given_card(*number, far_expiry);
    const std::string_view object = name == "payment_method" ? "PaymentMethod" : "token";
    return std::unexpected(bad("resource_missing", name, fmt::format("No such {}: '{}'", object, printable(token))));
  }
  return std::unexpected(bad("parameter_missing", "payment_method", "Must provide a payment method or source."));
}

std::expected<Money, StripeError> amount_in(const Fields& fields) {
  if (!fields.has("amount")) {
    return std::unexpected(bad("parameter_missing", "amount", "Missing required param: amount."));
  }
  const auto amount = whole_number(fields["amount"], INT64_MIN, INT64_MAX);
  if (!amount) return std::unexpected(bad("parameter_invalid_integer", "amount", "Invalid integer."));
  if (*amount < 1) {
    return std::unexpected(
        bad("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1."));
  }
  if (*amount > charge_minor_most) {
    return std::unexpected(bad("amount_too_large", "amount", "Amount must be no more than $999,999.99"));
  }
  const auto currency = Currency::parse(fields["currency"]);
  if (!currency) return std::unexpected(bad("parameter_missing", "currency", "Invalid or missing currency."));
  return Money{*amount, *currency};
}

/// What the fields of a creation say.
std::expected<Payment, StripeError> created_row(const StripeCall& call) {
  const auto amount = amount_in(call.fields);
  if (!amount) return std::unexpected(amount.error());
  Payment row = stripe_draft(call);
  const bool hold = call.fields["capture_method"] == "manual" || equal_ignoring_case(call.fields["capture"], "false") ||
                    call.fields["payment_method_options[card][capture_method]"] == "manual";
  row.kind = hold ? PaymentKind::hold : PaymentKind::sale;
  row.id = "ch_";
  row.asked_minor = amount->minor;
  row.amount = *amount;
  row.description = printable(call.fields["description"]);
  row.metadata = metadata_in(call.fields);
  if (call.resource == "payment_intents") row.intent = "pi_";
  return row;
}

bool confirmable(const Payment& intent) {
  return intent.state == PaymentState::pending || intent.state == PaymentState::declined;
}

/// The row of an intent as it is tried now: the first try fills the row that waits, each later one is a row of its own.
std::expected<Draft, StripeError> confirmed(const StripeCall& call, WallTime now) {
  const Payment* intent = stripe_row(call, call.id);
  if (intent == nullptr) {
    return std::unexpected(StripeError{.status = 404,
                                       .code = "resource_missing",
                                       .message = fmt::format("No such payment_intent: '{}'", printable(call.id)),
                                       .param = "intent"});
  }
  if (!confirmable(*intent)) {
    return std::unexpected(bad("payment_intent_unexpected_state", "", "This PaymentIntent cannot be confirmed."));
  }
  Draft draft{.row = *intent, .issuer = behaviour_of(intent->card.fingerprint)};
  auto card = card_in(call.fields, now);
  if (card) {
    draft.row.card = std::move(card->seen);
    draft.issuer = card->behaviour;
  } else if (card.error().code != "parameter_missing" || intent->card.masked.empty() ||
             intent->state == PaymentState::declined) {
    return std::unexpected(std::move(card.error()));
  }
  return draft;
}

std::expected<Draft, StripeError> drafted(const StripeCall& call, WallTime now) {
  if (call.action == "confirm") return confirmed(call, now);
  auto row = created_row(call);
  if (!row) return std::unexpected(row.error());
  auto card = card_in(call.fields, now);
  if (!card) return std::unexpected(card.error());
  row->card = std::move(card->seen);
  return Draft{std::move(*row), card->behaviour};
}

const Payment& written(GatewayState& state, const Payment& row) {
  const Payment* waiting = row.refnum == 0 ? nullptr : state.books.find(row.refnum);
  if (waiting == nullptr || waiting->state != PaymentState::pending) {
    Payment fresh = row;
    fresh.id = "ch_";
    fresh.auth_code.clear();
    return state.books.add(std::move(fresh));
  }
  state.books.change(row.refnum, [&](Payment& payment) {
    payment = row;
    payment.auth_code = auth_code_for(row.refnum);
  });
  return *waiting;
}

Response perform(const StripeCall& call, Draft draft, WallTime now) {
  // Another request may have confirmed or cancelled the intent while the issuer was asked.
  if (const Payment* intent = stripe_row(call, draft.row.intent); intent != nullptr && !confirmable(*intent)) {
    return stripe_refusal(call.state,
                          bad("payment_intent_unexpected_state", "", "This PaymentIntent cannot be confirmed."));
  }
  const bool declined = !draft.issuer.decline.empty() || draft.issuer.percent < 100;
  const bool hold = draft.row.kind == PaymentKind::hold;
  draft.row.state = declined ? PaymentState::declined : hold ? PaymentState::authorized : PaymentState::captured;
  draft.row.error_code = !declined ? "" : draft.issuer.decline.empty() ? "10251" : draft.issuer.decline;
  draft.row.avs = draft.issuer.avs;
  draft.row.cvv = draft.issuer.cvv;
  draft.row.made = now;
  const Payment& payment = written(call.state, draft.row);
  if (!declined) return stripe_response(call.state, 200, stripe_object(call, payment));
  const bool stripe_knows = !draft.issuer.stripe_code.empty();
  return stripe_refusal(call.state,
                        stripe_decline(payment, stripe_knows ? draft.issuer.stripe_code : "card_declined",
                                       stripe_knows ? draft.issuer.decline_code : "insufficient_funds"),
                        call.location);
}

Response new_intent(const StripeCall& call, WallTime now) {
  auto row = created_row(call);
  if (!row) return stripe_refusal(call.state, row.error());
  if (auto card = card_in(call.fields, now)) {
    row->card = std::move(card->seen);
  } else if (card.error().code != "parameter_missing") {
    return stripe_refusal(call.state, card.error());
  }
  row->made = now;
  return stripe_response(call.state, 200, stripe_intent(call.state, call.state.books.add(*row), call.location));
}

Response capture(const StripeCall& call, const Payment& row) {
  if (row.state != PaymentState::authorized) {
    const bool intent = call.resource == "payment_intents";
    return stripe_refusal(call.state, bad(intent ? "payment_intent_unexpected_state" : "charge_already_captured", "",
                                          "This payment could not be captured because of its status."));
  }
  const std::string_view name = call.resource == "charges" ? "amount" : "amount_to_capture";
  const auto amount = call.fields.has(name) ? whole_number(call.fields[name], 1, row.amount.minor) : row.amount.minor;
  if (!amount) {
    return stripe_refusal(call.state, bad("amount_too_large", name, "The amount is not one that can be captured."));
  }
  call.state.books.change(row.refnum, [&](Payment& payment) {
    payment.state = PaymentState::captured;
    payment.amount.minor = *amount;
    payment.batch = call.state.books.open_batch();
  });
  return stripe_response(call.state, 200, stripe_object(call, row));
}

Response cancel(const StripeCall& call, const Payment& row) {
  if (row.state != PaymentState::authorized && !confirmable(row)) {
    return stripe_refusal(call.state, bad("payment_intent_unexpected_state", "",
                                          "You cannot cancel this PaymentIntent because of its status."));
  }
  call.state.books.change(row.refnum, [](Payment& payment) { payment.state = PaymentState::voided; });
  return stripe_response(call.state, 200, stripe_object(call, row));
}

Response refund(const StripeCall& call, WallTime now) {
  const Fields& fields = call.fields;
  const bool by_charge = fields.has("charge");
  const std::string_view id = by_charge ? fields["charge"] : fields["payment_intent"];
  const Payment* charge = stripe_row(call, id);
  if (charge == nullptr) return stripe_missing(call, by_charge ? "charge" : "payment_intent", id);
  if (charge->state == PaymentState::refunded || charge->state == PaymentState::voided) {
    return stripe_refusal(call.state, bad("charge_already_refunded", "",
                                          fmt::format("Charge {} has already been refunded.", charge->id)));
  }
  if (!charge->stands()) {
    return stripe_refusal(call.state, bad("", "charge", "This charge has not succeeded and cannot be refunded."));
  }
  const std::int64_t left = charge->amount.minor - charge->refunded_minor;
  const auto amount = fields.has("amount") ? whole_number(fields["amount"], 1, left) : left;
  if (!amount) {
    return stripe_refusal(call.state, bad("", "amount", "Refund amount is greater than unrefunded amount on charge."));
  }
  if (charge->state == PaymentState::authorized && *amount < left) {
    return stripe_refusal(call.state, bad("", "amount", "A charge that is not captured is refunded whole."));
  }
  Payment row = stripe_draft(call);
  row.kind = PaymentKind::refund;
  row.state = PaymentState::captured;
  row.id = "re_";
  row.asked_minor = *amount;
  row.amount = {*amount, charge->amount.currency};
  row.card = charge->card;
  row.metadata = metadata_in(fields);
  row.original = charge->refnum;
  row.made = now;
  call.state.books.change(charge->refnum, [&](Payment& payment) {
    payment.refunded_minor += *amount;
    // What is held and not captured is let go whole.
    if (payment.state == PaymentState::authorized) payment.state = PaymentState::voided;
    if (payment.refunded_minor == payment.amount.minor && payment.state == PaymentState::captured) {
      payment.state = PaymentState::refunded;
    }
  });
  return stripe_response(call.state, 200, stripe_refund(call.state, call.state.books.add(row), call.location));
}

}  // namespace

Payment stripe_draft(const StripeCall& call) {
  Payment row;
  row.source_key = call.merchant.key;
  row.country = call.merchant.country;
  row.standin_key = printable(call.standin_key);
  row.idempotency_key = printable(call.idempotency_key);
  row.location = call.location;
  return row;
}

GatewayWork stripe_charge_work(const StripeCallPtr& call, WallTime now) {
  auto draft = drafted(*call, now);
  GatewayWork work;
  if (!draft) {
    // Refused before anything began: no answer is kept for its key.
    work = answered(GatewayAsk::charge, stripe_refusal(call->state, draft.error()));
    return work;
  }
  work.ask = GatewayAsk::charge;
  work.amount_minor = draft->row.asked_minor;
  const std::string& masked = draft->row.card.masked;
  work.card_last4 = masked.size() < 4 ? std::string() : masked.substr(masked.size() - 4);
  work.processing = draft->issuer.delay;
  work.perform = [call, draft = *draft](WallTime at, bool) { return perform(*call, draft, at); };
  return work;
}

Response stripe_change(const StripeCall& call, WallTime now) {
  const bool creates = call.id.empty() && call.action.empty();
  if (creates && call.resource == "payment_intents") return new_intent(call, now);
  if (creates && call.resource == "refunds") return refund(call, now);
  const Payment* row = stripe_row(call, call.id);
  if (row == nullptr) return stripe_missing(call, call.resource, call.id);
  if (call.action == "capture") return capture(call, *row);
  if (call.action == "cancel" && call.resource == "payment_intents") return cancel(call, *row);
  return stripe_refusal(call.state, {.status = 404, .message = "Unrecognized request URL."});
}

}  // namespace standin::rehearsal
