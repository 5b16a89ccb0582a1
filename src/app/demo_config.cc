#include "app/demo_config.h"

#include <fmt/format.h>

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

# Behind the shop: it charges cards through http://127.0.0.1:@EDGE@/gate.
[upstream.cardgate]
dialect    = "usaepay"
currency   = "USD"
country    = "US"
credentials_file = "@CREDENTIALS@"
targets    = [@LOCATIONS@]
balance    = "scoreboard"
forget_errors_after = "10s"
duplicates = { kind = "folded", window = "10m" }
finder     = { max_processing = "@MAX_PROCESSING@", timezone = "UTC" }
reversal   = "void"
timeouts   = { response = "@TILL_RESPONSE@", listen_late = "@LISTEN_LATE@" }
breaker    = { window = "5s", consecutive = 5, open_for = "1s" }
health     = { path = "/ping", every = "1s", timeout = "500ms", expect = "UP" }

[[route]]
name        = "till"
match       = "POST /gate"
dialect     = "usaepay"
upstream    = "cardgate"
stand_in    = { policy = "till", undelivered = "replay", replay = { start = "when-healthy", rate = 100, concurrency = 16 } }
idempotency = "journalled"
key         = ["reference", "amount", "command", "card"]
tenant      = "merchant"
deadline    = "@TILL_DEADLINE@"

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

[policy.till]
floor_limit = { USD = "@TILL_FLOOR@" }
exposure    = { total = "@CAP@" }
)";

std::string filled(std::string_view text, std::initializer_list<std::pair<std::string_view, std::string>> words) {
  std::string out(text);
  for (const auto& [word, value] : words) {
    const auto at = out.find(word);
    ensure(at != std::string::npos, "the form has every word that is filled in");
    for (auto here = at; here != std::string::npos; here = out.find(word, here + value.size())) {
      out.replace(here, word.size(), value);
    }
  }
  return out;
}

}  // namespace

std::string configuration(const Plan& plan, const Ports& ports) {
  const Currency usd = *Currency::parse("USD");
  std::string targets;
  for (const std::uint16_t port : ports.gateway) {
    targets += fmt::format("{}\"http://127.0.0.1:{}/gate\"", targets.empty() ? "" : ", ", port);
  }
  return filled(form, {{"@EDGE@", std::to_string(ports.edge)},
                       {"@CONSOLE@", std::to_string(ports.console)},
                       {"@DRAIN@", duration_text(plan.listen_late)},
                       {"@SHOP@", std::to_string(ports.shop)},
                       {"@MAX_PROCESSING@", duration_text(plan.max_processing)},
                       {"@RESPONSE@", duration_text(plan.response)},
                       {"@LISTEN_LATE@", duration_text(plan.listen_late)},
                       {"@DEADLINE@", duration_text(plan.deadline)},
                       {"@CREDENTIALS@", credentials_file},
                       {"@LOCATIONS@", targets},
                       {"@TILL_RESPONSE@", duration_text(plan.till_response)},
                       {"@TILL_DEADLINE@", duration_text(plan.till_deadline)},
                       {"@TILL_FLOOR@", decimal({till_floor_limit_minor, usd})},
                       {"@FLOOR@", decimal({floor_limit_minor, usd})},
                       {"@CAP@", text({exposure_cap_minor, usd})}});
}

}  // namespace standin::demo
