#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "rehearsal/gateway/stripe_call.h"

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

constexpr std::int64_t list_default = 10;
constexpr std::int64_t list_most = 100;

bool shown(const StripeCall& call, const Payment& payment) {
  if (call.resource == "refunds") {
    const std::string_view charge = call.fields["charge"];
    const Payment* original = charge.empty() ? nullptr : call.state.books.find(payment.original);
    return payment.kind == PaymentKind::refund && (charge.empty() || (original != nullptr && original->id == charge));
  }
  if (call.resource == "payment_intents") {
    // An intent that was tried more than once is shown as its latest try.
    return !payment.intent.empty() && call.state.books.find_intent(payment.intent) == &payment;
  }
  const std::string_view intent = call.fields["payment_intent"];
  const bool charge = payment.kind == PaymentKind::sale || payment.kind == PaymentKind::hold;
  return charge && payment.state != PaymentState::pending && (intent.empty() || payment.intent == intent);
}

/// The seconds that `created[...]` bounds.
struct Window {
  std::int64_t from = 0;
  std::int64_t until = INT64_MAX;

  static std::optional<Window> in(const Fields& fields) {
    Window window;
    const auto bound = [&](std::string_view name, std::int64_t otherwise) -> std::optional<std::int64_t> {
      return fields.has(name) ? whole_number(fields[name], 0, INT64_MAX / 2) : otherwise;
    };
    const auto gte = bound("created[gte]", 0);
    const auto gt = bound("created[gt]", -1);
    const auto lte = bound("created[lte]", INT64_MAX);
    const auto lt = bound("created[lt]", INT64_MAX);
    if (!gte || !gt || !lte || !lt) return std::nullopt;
    window.from = std::max(*gte, *gt + 1);
    window.until = std::min(*lte, *lt == INT64_MAX ? INT64_MAX : *lt - 1);
    return window;
  }
};

Response bad_list(const StripeCall& call, std::string_view param) {
  return stripe_refusal(
      call.state, {.code = "parameter_invalid_integer", .message = "Invalid value.", .param = std::string(param)});
}

/// The object's rows from newest to oldest, one more than `limit` if there are more.
std::vector<const Payment*> rows_of(const StripeCall& call, const Window& window, std::int64_t before,
                                    std::int64_t limit, WallTime now) {
  const auto& refnums = call.state.books.of_merchant(call.merchant.key);
  std::vector<const Payment*> rows;
  auto at = std::ranges::lower_bound(refnums, before);
  while (at != refnums.begin() && static_cast<std::int64_t>(rows.size()) <= limit) {
    const Payment* payment = call.state.books.find(*--at);
    const std::int64_t created = unix_ms(call.state.clock_of(call.location, payment->made)) / 1000;
    const bool listed = call.state.listed(*payment, now);
    if (listed && created >= window.from && created <= window.until && shown(call, *payment)) rows.push_back(payment);
  }
  return rows;
}

Response list(const StripeCall& call, WallTime now) {
  const Fields& fields = call.fields;
  const auto limit = fields.has("limit") ? whole_number(fields["limit"], 1, list_most) : list_default;
  if (!limit) return bad_list(call, "limit");
  const auto window = Window::in(fields);
  if (!window) return bad_list(call, "created");
  std::int64_t before = INT64_MAX;
  if (const std::string_view id = fields["starting_after"]; !id.empty()) {
    const Payment* last = call.resource == "refunds" ? call.state.books.find_id(id) : stripe_row(call, id);
    if (last == nullptr) return stripe_missing(call, call.resource, id);
    before = last->refnum;
  }
  auto rows = rows_of(call, *window, before, *limit, now);
  const bool more = static_cast<std::int64_t>(rows.size()) > *limit;
  if (more) rows.pop_back();
  json::array data;
  for (const Payment* row : rows) data.push_back(stripe_object(call, *row));
  return stripe_response(
      call.state, 200,
      json::object{{"object", "list"}, {"data", std::move(data)}, {"has_more", more}, {"url", "/v1/" + call.resource}});
}

}  // namespace

const Payment* stripe_row(const StripeCall& call, std::string_view id) {
  const GatewayBooks& books = call.state.books;
  const Payment* found = id.starts_with("pi_") ? books.find_intent(id) : books.find_id(id);
  return found != nullptr && found->source_key == call.merchant.key ? found : nullptr;
}

Response stripe_missing(const StripeCall& call, std::string_view what, std::string_view id) {
  std::string object(what);
  if (object.ends_with('s')) object.pop_back();
  return stripe_refusal(call.state, {.status = 404,
                                     .code = "resource_missing",
                                     .message = fmt::format("No such {}: '{}'", object, printable(id)),
                                     .param = "id"});
}

json::object stripe_object(const StripeCall& call, const Payment& payment) {
  if (call.resource == "refunds") return stripe_refund(call.state, payment, call.location);
  if (call.resource == "payment_intents") return stripe_intent(call.state, payment, call.location);
  return stripe_charge(call.state, payment, call.location);
}

Response stripe_read(const StripeCall& call, WallTime now) {
  if (call.id.empty()) return list(call, now);
  const Payment* row = stripe_row(call, call.id);
  const bool fits = row != nullptr && call.action.empty() && shown(call, *row);
  return fits ? stripe_response(call.state, 200, stripe_object(call, *row))
              : stripe_missing(call, call.resource, call.id);
}

}  // namespace standin::rehearsal
