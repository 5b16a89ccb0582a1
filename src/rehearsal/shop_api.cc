#include "rehearsal/shop_api.h"

#include <boost/json.hpp>

namespace standin::rehearsal {
namespace {

namespace json = boost::json;

std::string header(const Request& request, std::string_view name) {
  return std::string(request.headers.find(name).value_or(""));
}

/// The member as text; empty if it is missing or no string.
std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(std::string_view(value->get_string())) : std::string();
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

Result<Money> total_of(const json::object& order) {
  const auto currency = Currency::parse(text_in(order, "currency"));
  if (!currency) return failure("order.currency is not a currency");
  const json::value* total = order.if_contains("total_cents");
  // A number with a fraction or an exponent is a double here, and refused with the rest.
  if (total == nullptr || !total->is_int64() || total->get_int64() <= 0 || total->get_int64() > amount_minor_max) {
    return failure("order.total_cents is not a whole number of cents above 0");
  }
  return Money{total->get_int64(), *currency};
}

std::string_view message_for(int status) {
  switch (status) {
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 429: return "Too many requests";
    case 500: return "Internal error";
    case 503: return "Down for maintenance";
    default: return "Misconfigured";
  }
}

json::object fields_of(const ShopOrder& order) {
  return {{"id", order.id},
          {"status", public_status(order.state)},
          {"total_cents", order.asked.total.minor},
          {"currency", order.asked.total.currency.code()},
          {"created_at", iso8601(order.created)}};
}

constexpr std::string_view announced_head =
    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 120\r\n\r\n";
constexpr std::string_view half_body = R"({"order":{"id":"ord_01HZZZZZZZZZZZ)";
constexpr std::string_view login_page =
    "<!DOCTYPE html><title>Sign in</title><form method=post action=/login><input name=user><input "
    "name=password></form>";

Response login_response() {
  Response response{.status = 200, .headers = {}, .body = std::string(login_page)};
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  return response;
}

}  // namespace

Result<NewOrder> order_from(const Request& request) {
  boost::system::error_code wrong;
  const json::value parsed = json::parse(request.body, wrong);
  if (wrong || !parsed.is_object()) return failure("the body is not a JSON object");
  const json::object* order = object_in(parsed.get_object(), "order");
  if (order == nullptr) return failure("the body has no order");
  const auto total = total_of(*order);
  if (!total) return std::unexpected(total.error());
  const json::object* card = object_in(*order, "card");
  return NewOrder{.standin_key = header(request, "Standin-Key"),
                  .idempotency_key = header(request, "Idempotency-Key"),
                  .request_id = header(request, "X-Request-Id"),
                  .cart_id = text_in(*order, "cart_id"),
                  .customer_id = text_in(*order, "customer_id"),
                  .merchant_id = text_in(*order, "merchant_id"),
                  .total = *total,
                  .card_token = card == nullptr ? std::string() : text_in(*card, "token")};
}

Response response_to(const ShopAnswer& answer) {
  switch (answer.kind) {
    case ShopAnswer::Kind::created:
      return json_response(201, json::serialize(json::object{{"order", fields_of(*answer.order)}}));
    case ShopAnswer::Kind::existing:
      return json_response(409, json::serialize(json::object{{"existing_order", fields_of(*answer.order)}}));
    case ShopAnswer::Kind::card_failed: return error_response(422, "Card failed");
    case ShopAnswer::Kind::cancelled:
      return json_response(200, json::serialize(json::object{{"order", fields_of(*answer.order)}}));
    case ShopAnswer::Kind::not_found: return error_response(404, "No such order");
    case ShopAnswer::Kind::in_doubt: return error_response(500, "The card's gateway has not answered");
  }
  unreachable();
}

Response response_with(const std::vector<ShopOrder>& orders) {
  json::array found;
  for (const ShopOrder& order : orders) found.push_back(fields_of(order));
  return json_response(200, json::serialize(found));
}

Response error_response(int status, std::string_view message) {
  return json_response(status, json::serialize(json::object{{"error", json::object{{"message", message}}}}));
}

Response json_response(int status, std::string body) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.set("Content-Type", "application/json");
  return response;
}

Response text_response(int status, std::string body) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  return response;
}

RawAnswer misbehave(const Faults& faults) {
  using enum RawAnswer::Then;
  switch (faults.answer) {
    case Misbehaviour::none: break;
    case Misbehaviour::status: return {to_wire(error_response(faults.status, message_for(faults.status))), keep_open};
    case Misbehaviour::hang: return {{}, hang};
    case Misbehaviour::garbage: return {"\x16\x03\x01\x02 these are not the bytes you are looking for\r\n\r\n", close};
    case Misbehaviour::login_page: return {to_wire(login_response()), keep_open};
    case Misbehaviour::half_answer: return {std::string(announced_head).append(half_body), hang};
    case Misbehaviour::close_after_head: return {std::string(announced_head), close};
    case Misbehaviour::reset: return {{}, reset};
    case Misbehaviour::die: return {{}, die};
  }
  unreachable();
}

}  // namespace standin::rehearsal
