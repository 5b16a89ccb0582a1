#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dialect/dialect_test_support.h"
#include "dialect/gateway.h"
#include "dialect/json_document.h"
#include "dialect/json_pointer.h"

/// What the tests of the Stripe-style dialect share.
namespace standin::stripe_test {

using dialect_test::answer;
using dialect_test::test_vault;

constexpr std::string_view ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
constexpr std::string_view intent_body =
    "amount=1234&currency=usd&confirm=true&payment_method=pm_card_visa&customer=cus_9&metadata[order_id]=cart-9";
constexpr std::string_view raw_card_body =
    "amount=1234&currency=usd&confirm=true&payment_method_data[type]=card&payment_method_data[card][number]="
    "4242424242424242&payment_method_data[card][exp_month]=11&payment_method_data[card][exp_year]=2031&"
    "payment_method_data[card][cvc]=987&metadata[order_id]=cart-9";

inline const Dialect& dialect() {
  static const auto made = make_stripe_dialect({.currency = "", .country = "US", .strip = {}}, test_vault());
  return **made;
}

inline Request post(std::string_view target, std::string_view body = "") {
  Request request{.method = "POST", .target = std::string(target), .headers = {}, .body = std::string(body)};
  request.headers.add("Authorization", "Bearer sk_test_abc");
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  return request;
}

inline Request get(std::string_view target) {
  Request request{.method = "GET", .target = std::string(target), .headers = {}, .body = {}};
  request.headers.add("Authorization", "Bearer sk_test_abc");
  return request;
}

inline std::string facts_error(const Request& request) {
  const auto reading = dialect().read(request);
  return reading.facts ? "" : reading.facts.error().what;
}

/// A field of a JSON body as text; "(none)" if it is not there.
inline std::string at(const Response& response, std::string_view pointer) {
  const auto document = JsonDocument::parse(response.body);
  ensure(document.has_value(), "an answer is JSON");
  const auto value = JsonPointer::parse(pointer)->in(document->root());
  return value ? std::string(value->text()) : "(none)";
}

/// What a request is answered with; lives as long as its context is used.
struct Asked {
  explicit Asked(Request asked) : request(std::move(asked)) {
    const auto reading = dialect().read(request);
    if (reading.facts) facts = *reading.facts;
  }

  Request request;
  Facts facts;
  std::string reference = "standin" + std::string(ulid);

  AnswerContext context() const {
    return {.request = request,
            .facts = facts,
            .reference = reference,
            .request_id = "01ARZ3NDEKTSV4RRFFQ69G5FAW",
            .key = {},
            .id = *Ulid::parse(ulid),
            .now = wall_time(1'795'316'645'678)};
  }
};

}  // namespace standin::stripe_test
