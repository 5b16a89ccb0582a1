#include "rehearsal/gateway/stripe_side.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rehearsal/gateway/stripe_call.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

constexpr Duration answers_kept = std::chrono::hours(24);
constexpr std::size_t idempotency_key_size_max = 255;

/// The bearer's key: one of the settings, or any "sk_...", which is a merchant with the defaults.
std::optional<SourceKey> merchant_of_bearer(const GatewayState& state, const Request& request) {
  const std::string_view given = request.headers.find("Authorization").value_or("");
  constexpr std::string_view bearer = "bearer ";
  if (given.size() <= bearer.size() || !equal_ignoring_case(given.substr(0, bearer.size()), bearer)) return {};
  const std::string_view key = trim(given.substr(bearer.size()));
  if (const SourceKey* known = state.find_key(key)) return *known;
  if (!key.starts_with("sk_")) return std::nullopt;
  return SourceKey{.key = std::string(key)};
}

/// A quoted structured-field string too, as the IETF's draft writes it.
std::string idempotency_key_of(const Request& request) {
  std::string_view given = trim(request.headers.find("Idempotency-Key").value_or(""));
  if (given.size() >= 2 && given.starts_with('"') && given.ends_with('"')) given = given.substr(1, given.size() - 2);
  return std::string(given);
}

std::optional<Response> claim(GatewayState& state, const std::string& key, const std::string& payload, WallTime now) {
  const SavedAnswer* saved = state.books.find_answer(key);
  if (saved != nullptr && now - saved->made < answers_kept) {
    if (saved->payload != payload) {
      return stripe_refusal(state, {.type = "idempotency_error",
                                    .message = "Keys for idempotent requests can only be used with the same parameters "
                                               "they were first used with."});
    }
    Response repeat = stripe_response(state, saved->status, saved->body);
    repeat.headers.set("Idempotent-Replayed", "true");
    return repeat;
  }
  if (state.in_flight.insert(key).second) return std::nullopt;
  return stripe_refusal(state,
                        {.status = 409,
                         .code = "idempotency_key_in_use",
                         .message = "There is currently another in-progress request using this Idempotency-Key."});
}

/// The same key gets the first answer again, whatever it was, once the work was begun.
void make_idempotent(GatewayWork& work, GatewayState& state, const std::string& key, const std::string& payload) {
  work.claim = [&state, key, payload](WallTime now) { return claim(state, key, payload, now); };
  work.perform = [&state, key, payload, perform = std::move(work.perform)](WallTime now, bool late) {
    Response response = perform(now, late);
    state.in_flight.erase(key);
    state.books.save(SavedAnswer{key, payload, response.status, response.body, now});
    return response;
  };
}

GatewayWork understood(const StripeCallPtr& call, std::string_view method, WallTime at) {
  GatewayWork work;
  if (method == "GET") {
    work.ask = GatewayAsk::search;
    work.perform = [call](WallTime now, bool) { return stripe_read(*call, now); };
    return work;
  }
  const bool creates = call->action.empty() && call->id.empty();
  const bool confirms = call->resource == "payment_intents" &&
                        (call->action == "confirm" || (creates && says_yes(call->fields["confirm"])));
  if (confirms || (creates && call->resource == "charges")) return stripe_charge_work(call, at);
  work.ask = GatewayAsk::change;
  if (const Payment* row = stripe_row(*call, call->id)) work.amount_minor = row->amount.minor;
  work.perform = [call](WallTime now, bool) { return stripe_change(*call, now); };
  return work;
}

StripeCall call_of(GatewayState& state, const GatewayArrival& arrival, SourceKey merchant) {
  const Request& request = arrival.request;
  const auto parts = split(request.path().substr(std::string_view("/v1/").size()), '/');
  const auto part = [&](std::size_t at) { return at < parts.size() ? std::string(parts[at]) : std::string(); };
  return {.state = state,
          .fields = Fields(request.method == "GET" ? query_of(request.target) : std::string_view(request.body)),
          .merchant = std::move(merchant),
          .resource = part(0),
          .id = part(1),
          .action = part(2),
          .location = arrival.location,
          .standin_key = std::string(request.headers.find("Standin-Key").value_or("")),
          .idempotency_key = idempotency_key_of(request)};
}

constexpr std::array<std::string_view, 3> resources{"charges", "payment_intents", "refunds"};

}  // namespace

GatewayWork stripe_side(GatewayState& state, const GatewayArrival& arrival) {
  const Request& request = arrival.request;
  const auto refuse = [&](const StripeError& error) {
    return answered(GatewayAsk::search, stripe_refusal(state, error));
  };
  auto merchant = merchant_of_bearer(state, request);
  if (!merchant) return refuse({.status = 401, .message = "Invalid API Key provided."});
  const auto call = std::make_shared<const StripeCall>(call_of(state, arrival, std::move(*merchant)));
  const bool known = std::ranges::find(resources, call->resource) != resources.end();
  if (!known || (request.method != "GET" && request.method != "POST")) {
    return refuse({.status = 404, .message = "Unrecognized request URL (" + printable(request.path()) + ")."});
  }
  if (call->idempotency_key.size() > idempotency_key_size_max) {
    return refuse({.message = "Idempotency-Key is at most 255 characters."});
  }
  GatewayWork work = understood(call, request.method, arrival.at);
  work.country = call->merchant.country;
  const std::string key = "idempotency\n" + call->merchant.key + "\n" + call->idempotency_key;
  const bool keyed = request.method == "POST" && !call->idempotency_key.empty();
  work.fail = [call, key, keyed](std::string_view code) {
    if (keyed) call->state.in_flight.erase(key);
    return stripe_refusal(
        call->state,
        {.status = 402, .type = "card_error", .code = "processing_error", .message = vendor_message(code)});
  };
  if (keyed && work.begins) {
    make_idempotent(work, state, key, sha256_hex(std::string(request.path()) + "\n" + request.body));
  }
  return work;
}

}  // namespace standin::rehearsal
