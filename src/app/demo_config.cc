#include "app/demo_config.h"

#include <initializer_list>
#include <utility>

#include "base/money.h"
#include "base/result.h"
#include "config/units.h"

namespace standin::demo {
namespace {

/// @WORDS@ are filled in; {{placeholders}} are the templates' own.
constexpr std::string_view form =
    R"(# Written by `standin demo`. The times are short, so that the story fits into two minutes.
[server]
listen = ["127.0.0.1:@EDGE@"]
drain  = "@DRAIN@"

[console]
listen = "127.0.0.1:@CONSOLE@"
socket = "standin.sock"

[journal]
url      = "sqlite:journal.db"
key_file = "journal.keys"

[log]
access = "access.log"

[upstream.shop]
targets    = ["http://127.0.0.1:@SHOP@"]
duplicates = { kind = "keyed", window = "forever" }  # the shop has a unique index on Standin-Key
finder     = { request = "GET /orders?key={{order_key}}", state = "/status", not_standing = ["cancelled"], max_processing = "@MAX_PROCESSING@" }
reversal   = { request = "POST /orders/{{upstream_reference}}/cancel" }
timeouts   = { response = "@RESPONSE@", listen_late = "@LISTEN_LATE@" }
breaker    = { window = "5s", consecutive = 5, open_for = "2s" }
health     = { path = "/ping", every = "1s", timeout = "500ms" }

[[route]]
name     = "orders"
match    = "POST /orders"
upstream = "shop"
stand_in = "order"
deadline = "@DEADLINE@"
key      = "Idempotency-Key"
tenant   = "merchant"

[[route]]
name     = "rest"
match    = "*"
upstream = "shop"

[stand_in.order]
facts       = { amount = "/order/total_cents", currency = "/order/currency", merchant = "/order/merchant_id", customer = "/order/customer_id", reference = "/order/cart_id" }
amount_unit = "minor"
require     = ["/order/items/0", "/order/location_id"]
approve     = { status = 201, headers = { Content-Type = "application/json" }, body = '{"order":{"id":"{{reference}}","status":"accepted","total_cents":{{request:/order/total_cents}},"currency":"{{request:/order/currency}}","created_at":"{{now:iso8601}}"}}' }
decline     = { status = 422, headers = { Content-Type = "application/json" }, body = '{"error":{"message":"Card failed"}}' }
unavailable = { status = 503, headers = { Content-Type = "application/json" }, body = '{"error":{"message":"Please try again"}}' }
expect      = { status = [201], content_type = "application/json", pointer = "/order/id" }
have_it     = { status = [409], pointer = "/existing_order/id" }
undelivered = "replay"  # a web shop: who hung up after ordering has ordered
policy      = "default"
replay      = { rate = 100, concurrency = 16 }

[policy.default]
floor_limit = { USD = "@FLOOR@" }
exposure    = { total = "@CAP@" }
)";

std::string filled(std::string_view text, std::initializer_list<std::pair<std::string_view, std::string>> words) {
  std::string out(text);
  for (const auto& [word, value] : words) {
    const auto at = out.find(word);
    ensure(at != std::string::npos, "the form has every word that is filled in");
    out.replace(at, word.size(), value);
  }
  return out;
}

}  // namespace

std::string configuration(const Plan& plan, const Ports& ports) {
  const Currency usd = *Currency::parse("USD");
  return filled(form, {{"@EDGE@", std::to_string(ports.edge)},
                       {"@CONSOLE@", std::to_string(ports.console)},
                       {"@DRAIN@", duration_text(plan.listen_late)},
                       {"@SHOP@", std::to_string(ports.shop)},
                       {"@MAX_PROCESSING@", duration_text(plan.max_processing)},
                       {"@RESPONSE@", duration_text(plan.response)},
                       {"@LISTEN_LATE@", duration_text(plan.listen_late)},
                       {"@DEADLINE@", duration_text(plan.deadline)},
                       {"@FLOOR@", decimal({floor_limit_minor, usd})},
                       {"@CAP@", text({exposure_cap_minor, usd})}});
}

}  // namespace standin::demo
