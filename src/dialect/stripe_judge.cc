#include "dialect/stripe_judge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/planted.h"
#include "dialect/body.h"

namespace standin::stripe {
namespace {

/// Only an answer that says it is JSON, and is an object, is the gateway's own.
std::optional<JsonDocument> own_document(const Response& response) {
  if (body_kind(media_type(response.headers)) != BodyKind::json) return std::nullopt;
  auto document = JsonDocument::parse(response.body);
  if (!document || document->root().kind() != JsonKind::object) return std::nullopt;
  return std::move(*document);
}

Judgement server_error() {
  return {.outcome = Outcome::unknown, .cause = Cause::server_error, .upstream_reference = {}, .part = {}};
}

Judgement declined(std::string reference, bool pause_replay = false) {
  return {.outcome = Outcome::declined,
          .upstream_reference = std::move(reference),
          .pause_replay = pause_replay,
          .part = {}};
}

Judgement approved(std::string reference, bool replayed) {
  return {
      .outcome = Outcome::approved, .upstream_reference = std::move(reference), .already_there = replayed, .part = {}};
}

/// "canceled" is what a cancellation asks for; "processing" is charged later, and told by webhook if it was not.
Judgement of_intent(const std::string& id, const std::string& status, bool replayed) {
  for (const std::string_view good : {"succeeded", "requires_capture", "processing", "canceled"}) {
    if (status == good) return approved(id, replayed);
  }
  for (const std::string_view open : {"requires_payment_method", "requires_confirmation", "requires_action"}) {
    if (status == open) return declined({});
  }
  return untrustworthy();
}

Judgement of_charge(const std::string& id, const std::string& status, bool replayed) {
  if (status == "succeeded" || status == "pending") return approved(id, replayed);
  return status == "failed" ? declined({}) : untrustworthy();
}

Judgement of_refund(const std::string& id, const std::string& status, bool replayed) {
  for (const std::string_view good : {"succeeded", "pending", "requires_action"}) {
    if (status == good) return approved(id, replayed);
  }
  return status == "failed" || status == "canceled" ? declined({}) : untrustworthy();
}

Judgement of_success(JsonValue object, bool replayed) {
  const std::string kind = member_text(object, "object");
  const std::string status = member_text(object, "status");
  if (kind.empty()) return untrustworthy();
  const bool names_money = kind == "payment_intent" || kind == "charge" || kind == "refund";
  // Lists, customers and the rest are the gateway's own word too, and name nothing that was charged.
  if (!names_money) return approved({}, replayed);
  if (!is_named_object(object)) return untrustworthy();
  const std::string id = member_text(object, "id");
  if (kind == "payment_intent") return of_intent(id, status, replayed);
  return kind == "charge" ? of_charge(id, status, replayed) : of_refund(id, status, replayed);
}

bool is_of_cancelled(JsonValue error) {
  const auto intent = error.member("payment_intent");
  return intent && intent->kind() == JsonKind::object && member_text(*intent, "status") == "canceled";
}

Judgement of_error(int status, JsonValue error) {
  const std::string type = member_text(error, "type");
  const std::string code = member_text(error, "code");
  if (status == 409) return planted(Bug::bare_409_is_proof) ? approved({}, true) : untrustworthy(false);
  // A no to these parameters. The key was used with others: that request may have been this one, before its security
  // code was taken out.
  if (type == "idempotency_error") {
    Judgement judgement = declined({}, false);
    judgement.already_there = true;
    return judgement;
  }
  if (status == 429) {
    return {.outcome = Outcome::not_done,
            .cause = Cause::server_error,
            .upstream_reference = {},
            .pause_replay = code != "lock_timeout",
            .part = {}};
  }
  if (status == 401 || status == 403) return declined({}, true);
  if (type == "api_error" || status == 424) return server_error();
  if (status == 408 || type.empty()) return untrustworthy();
  Judgement judgement = declined({}, status == 404);
  judgement.stands_no_more = code == "charge_already_refunded" || is_of_cancelled(error);
  return judgement;
}

// Something in between may have put its own page in place of an answer, after the party did it.
Judgement of_foreign_error(int status) {
  if (status == 429) {
    return {.outcome = Outcome::not_done,
            .cause = Cause::server_error,
            .upstream_reference = {},
            .pause_replay = true,
            .part = {}};
  }
  return untrustworthy(status != 409);
}

std::optional<JsonValue> error_of(const std::optional<JsonDocument>& document) {
  const auto error = document ? document->root().member("error") : std::nullopt;
  return error && error->kind() == JsonKind::object ? error : std::nullopt;
}

ChargeAnswer::Why why_of(JsonValue error) {
  using Why = ChargeAnswer::Why;
  constexpr std::array<std::pair<std::string_view, Why>, 11> reasons{{{"insufficient_funds", Why::insufficient_funds},
                                                                      {"expired_card", Why::expired_card},
                                                                      {"invalid_expiry_month", Why::expired_card},
                                                                      {"invalid_expiry_year", Why::expired_card},
                                                                      {"incorrect_number", Why::wrong_number},
                                                                      {"invalid_number", Why::wrong_number},
                                                                      {"incorrect_cvc", Why::wrong_security_code},
                                                                      {"invalid_cvc", Why::wrong_security_code},
                                                                      {"lost_card", Why::lost_or_stolen},
                                                                      {"stolen_card", Why::lost_or_stolen},
                                                                      {"pickup_card", Why::lost_or_stolen}}};
  for (const std::string_view field : {"decline_code", "code"}) {
    const auto reason = std::ranges::find(reasons, member_text(error, field), &decltype(reasons)::value_type::first);
    if (reason != reasons.end()) return reason->second;
  }
  return Why::declined;
}

}  // namespace

std::string member_text(JsonValue object, std::string_view name) {
  const auto value = object.member(name);
  if (!value || (value->kind() != JsonKind::string && value->kind() != JsonKind::number)) return {};
  return std::string(value->text());
}

bool is_named_object(JsonValue value) {
  if (value.kind() != JsonKind::object) return false;
  const std::string kind = member_text(value, "object");
  const std::string id = member_text(value, "id");
  if (kind == "payment_intent") return id.starts_with("pi_");
  if (kind == "charge") return id.starts_with("ch_") || id.starts_with("py_");
  return kind == "refund" && (id.starts_with("re_") || id.starts_with("pyr_"));
}

Judgement judge(const Response& response) {
  const auto document = own_document(response);
  if (response.status == 200) {
    const bool replayed = response.headers.find("Idempotent-Replayed") == "true";
    return document ? of_success(document->root(), replayed) : untrustworthy();
  }
  if (response.status >= 500) return server_error();
  if (response.status < 400) return untrustworthy();
  const auto error = error_of(document);
  return error ? of_error(response.status, *error) : of_foreign_error(response.status);
}

std::optional<ChargeAnswer> read_answer(const Response& response) {
  const Judgement judgement = judge(response);
  if (judgement.outcome == Outcome::approved && !judgement.upstream_reference.empty()) {
    return ChargeAnswer{
        .outcome = Outcome::approved, .upstream_reference = judgement.upstream_reference, .auth_code = {}, .part = {}};
  }
  if (judgement.said_of_order() != Outcome::declined) return std::nullopt;
  const auto document = own_document(response);
  const auto error = error_of(document);
  return ChargeAnswer{.outcome = Outcome::declined,
                      .upstream_reference = {},
                      .auth_code = {},
                      .part = {},
                      .why = error ? why_of(*error) : ChargeAnswer::Why::declined};
}

}  // namespace standin::stripe
