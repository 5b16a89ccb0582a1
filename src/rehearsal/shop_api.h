#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/message.h"
#include "rehearsal/faults.h"
#include "rehearsal/shop_model.h"

namespace standin::rehearsal {

/// What goes onto the connection, byte for byte, and what becomes of the connection then.
struct RawAnswer {
  enum class Then : std::uint8_t { keep_open, close, hang, reset, die };
  std::string bytes;
  Then then = Then::keep_open;
};

/// `POST /orders`: the order in a body such as {"order": {"total_cents": 1999, "currency": "USD", "cart_id": "c1",
/// ...}} and the keys in its headers. The error is the message for the client.
Result<NewOrder> order_from(const Request& request);

Response response_to(const ShopAnswer& answer);
/// `GET /orders?key=`: [{"id": ..., "status": "accepted" | "cancelled"}]
Response response_with(const std::vector<ShopOrder>& orders);
/// {"error": {"message": ...}}
Response error_response(int status, std::string_view message);
Response json_response(int status, std::string body);
Response text_response(int status, std::string body);

/// The answer of a misbehaving shop; `faults.answer` is not `none`.
RawAnswer misbehave(const Faults& faults);

}  // namespace standin::rehearsal
