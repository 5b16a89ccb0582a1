#include "sim/runner/scenario.h"

#include <fmt/format.h>

#include <initializer_list>

namespace standin::sim {
namespace {

using namespace std::chrono_literals;
using rehearsal::DuplicateMode;

constexpr const char* source_key = "source-key-1";
constexpr const char* stripe_key = "sk_test_1";

template <class Value>
Value one_of(Random& random, std::initializer_list<Value> values) {
  return values.begin()[random.below(values.size())];
}

/// What a run's configuration and parties have in common.
struct Drawn {
  std::int64_t cap_minor;
  const char* start;
  const char* undelivered;
  int deadline_s;
  int listen_late_s;
  bool shop_keyed;
  bool shop_says_in_progress;
  DuplicateMode cardgate;
  bool second_party;
  bool scoreboard;
  bool finder_limits;
  bool small_memory;
  int index_lag_s;
};

Drawn draw(const Plan& plan, Random& random) {
  const bool memory = random.below(4) == 0 && plan.sabotage.contains(Sabotage::memory);
  const bool careless = random.below(4) == 0 && plan.sabotage.contains(Sabotage::careless_shop);
  return {.cap_minor = one_of<std::int64_t>(random, {30'000, 200'000, 2'000'000}),
          .start = one_of(random, {"manual", "when-healthy"}),
          .undelivered = one_of(random, {"hold", "replay", "reverse"}),
          .deadline_s = one_of(random, {3, 6, 12}),
          .listen_late_s = one_of(random, {20, 45}),
          .shop_keyed = !careless,
          .shop_says_in_progress = random.below(2) == 0,
          .cardgate = one_of(random, {DuplicateMode::fold, DuplicateMode::reject, DuplicateMode::none}),
          .second_party = random.below(2) == 0,
          .scoreboard = random.below(2) == 0,
          .finder_limits = random.below(4) == 0,
          .small_memory = memory,
          .index_lag_s = one_of(random, {0, 3, 8})};
}

std::string duplicates(DuplicateMode mode) {
  switch (mode) {
    case DuplicateMode::none: return R"({ kind = "none" })";
    case DuplicateMode::reject: return R"({ kind = "rejected", window = "10m" })";
    case DuplicateMode::fold: return R"({ kind = "folded", window = "10m" })";
  }
  unreachable();
}

std::string upstreams(const Drawn& drawn) {
  const auto common = fmt::format(
      "timeouts = {{ connect = \"1s\", write = \"2s\", response = \"{}s\", listen_late = \"{}s\" }}\n"
      "breaker = {{ window = \"10s\", minimum = 8, open_for = \"3s\", probe_timeout = \"2s\" }}\n",
      drawn.deadline_s, drawn.listen_late_s);
  return fmt::format(R"(
[upstream.shop]
targets = ["http://shop"]
duplicates = {}
finder = {{ request = "GET /orders?key={{{{order_key}}}}", state = "/status", not_standing = ["cancelled"], max_processing = "40s" }}
reversal = {{ request = "POST /orders/{{{{upstream_reference}}}}/cancel" }}
{}
[upstream.cardgate]
dialect = "usaepay"
currency = "USD"
country = "US"
targets = ["http://www-01", "http://www-02", "http://www-03"]
balance = "{}"
forget_errors_after = "1m"
health = {{ path = "/ping", every = "10s" }}
duplicates = {}
reversal = "void"
finder = {{ before = "20s", after = "20s", max_processing = "60s", index_lag = "{}s"{} }}
{}
[upstream.backupgate]
dialect = "stripe"
country = "US"
targets = ["http://second"]
duplicates = {{ kind = "keyed", window = "24h" }}
reversal = "void"
finder = {{ max_processing = "60s", index_lag = "{}s" }}
{})",
                     drawn.shop_keyed ? R"({ kind = "keyed", window = "forever" })" : R"({ kind = "none" })", common,
                     drawn.scoreboard ? "scoreboard" : "least-busy", duplicates(drawn.cardgate), drawn.index_lag_s,
                     drawn.finder_limits ? R"(, searches = ["60/min"])" : "", common, drawn.index_lag_s, common);
}

std::string routes(const Drawn& drawn, std::int64_t floor_minor, int rate) {
  const auto replay = fmt::format(R"({{ start = "{}", rate = {}, concurrency = 4 }})", drawn.start, rate);
  return fmt::format(R"(
[[route]]
name = "orders"
match = "POST /orders"
upstream = "shop"
stand_in = "order"
key = "Idempotency-Key"
deadline = "{0}s"

[stand_in.order]
facts = {{ amount = "/order/total_cents", currency = "/order/currency", customer = "/order/customer_id", reference = "/order/cart_id" }}
amount_unit = "minor"
approve = {{ status = 201, headers = {{ Content-Type = "application/json" }}, body = '{{"order":{{"id":"{{{{reference}}}}","status":"accepted"}}}}' }}
decline = {{ status = 422, headers = {{ Content-Type = "application/json" }}, body = '{{"error":{{"message":"Card declined, please try another"}}}}' }}
unavailable = {{ status = 503, headers = {{ Content-Type = "application/json" }}, body = '{{"error":{{"message":"Please try again"}}}}' }}
expect = {{ status = [200, 201], content_type = "application/json", pointer = "/order/id" }}
have_it = {{ status = [409], pointer = "/existing_order/id" }}
policy = "default"
undelivered = "{1}"
replay = {2}

[[route]]
name = "till"
match = "POST /gate"
dialect = "usaepay"
upstream = "cardgate"
stand_in = {{ policy = "default", undelivered = "{1}", replay = {2} }}
idempotency = "journalled"
key = ["reference", "amount", "command", "card"]
deadline = "{0}s"

[[route]]
name = "payments"
match = "/v1/*"
dialect = "stripe"
upstream = "backupgate"
stand_in = {{ policy = "default", undelivered = "{1}", replay = {2} }}
idempotency = "journalled"
key = "Idempotency-Key"
deadline = "{0}s"

[policy.default]
floor_limit = {{ USD = "{3}.{4:02}" }}
exposure = {{ total = "{5}.{6:02} USD" }}
)",
                     drawn.deadline_s, drawn.undelivered, replay, floor_minor / 100, floor_minor % 100,
                     drawn.cap_minor / 100, drawn.cap_minor % 100);
}

std::string text_of(const Drawn& drawn, std::int64_t floor_minor, int rate) {
  return fmt::format(R"(
[server]
limits = {{ in_flight_memory = "{}" }}
[journal]
url = "sqlite:journal.db"
key_file = "journal.keys"
)",
                     drawn.small_memory ? "4KiB" : "64MiB") +
         upstreams(drawn) + routes(drawn, floor_minor, rate);
}

/// Credentials come from files, which the world has none of, and a second party needs them.
Config parsed(const std::string& text, bool second_party) {
  auto config = parse_config(text, "standin.toml");
  ensure(config.has_value(), config ? "" : config.error().what);
  config->upstreams.at("cardgate").credentials = {{.key = source_key, .pin = "", .country = ""}};
  config->upstreams.at("backupgate").credentials = {{.key = stripe_key, .pin = "", .country = ""}};
  for (RouteConfig& route : config->routes) {
    if (second_party && route.name == "till") route.more_upstreams = {"backupgate"};
  }
  return std::move(*config);
}

rehearsal::GatewaySettings gateway(const Drawn& drawn, const char* key, DuplicateMode duplicates, int locations) {
  rehearsal::GatewaySettings settings;
  settings.keys = {{.key = key, .pin = "", .duplicates = duplicates}};
  settings.clusters.clear();
  for (int location = 0; location < locations; ++location) settings.clusters.push_back(fmt::format("ca40{}", location));
  settings.response_times = {*rehearsal::ResponseTime::parse("lognormal:median=150,sigma=0.5")};
  settings.index_lag = std::chrono::seconds(drawn.index_lag_s);
  if (drawn.finder_limits) settings.searches_per_minute = 60;
  settings.timezone = 0min;
  return settings;
}

}  // namespace

Scenario draw_scenario(const Plan& plan, Random& random) {
  const Drawn drawn = draw(plan, random);
  const std::string text = text_of(drawn, 10'000, 20);
  return {.config = parsed(text, drawn.second_party),
          .reloaded = parsed(text_of(drawn, 5'000, 50), drawn.second_party),
          .text = text,
          .cardgate = gateway(drawn, source_key, drawn.cardgate, 3),
          .backupgate = gateway(drawn, stripe_key, DuplicateMode::none, 1),
          .shop = {.unique_index = drawn.shop_keyed},
          .shop_says_in_progress = drawn.shop_says_in_progress,
          .small_memory = drawn.small_memory,
          .cap_minor = drawn.cap_minor,
          .lease = std::chrono::seconds(drawn.listen_late_s)};
}

}  // namespace standin::sim
