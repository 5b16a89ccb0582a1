#include "app/demo_standin.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/text.h"
#include "net/asio_clock.h"
#include "net/client.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr Duration answer_patience = 3s;
/// The API's own limit of one page; the longest performance keeps fewer orders.
constexpr std::size_t orders_in_a_page = 10'000;
constexpr std::string_view orders_route = "orders";
constexpr std::string_view charges_route = "till";

std::string text_of(const json::value& object, std::string_view name) {
  const json::value& value = object.at(name);
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

Error error_of(const Trouble& trouble) { return {.what = trouble.message}; }

Task<> fetch(std::string url, std::string path, Result<Response>& answer) {
  const Executor executor = co_await this_executor();
  const AsioClock clock(executor);
  const Instant deadline = clock.now() + answer_patience;
  HttpClient client(executor);
  const auto endpoint = Endpoint::parse(url);
  const Request request{.method = "GET", .target = std::move(path), .headers = {}, .body = {}};
  answer = co_await client.exchange(*endpoint, request, {.send_before = deadline, .listen_until = deadline});
}

Result<Response> get(const std::string& url, const std::string& path) {
  Result<Response> answer = failure("not asked", url);
  boost::asio::io_context io(1);
  spawn(io.get_executor(), fetch(url, path, answer));
  io.run();
  if (answer && answer->status != 200) return failure(fmt::format("status {}", answer->status), url + path);
  return answer;
}

void read_exposure(const json::value& answer, Numbers& numbers) {
  for (const json::value& one : answer.at("exposure").as_array()) {
    if (text_of(one, "currency") != "USD") continue;
    numbers.exposure_minor = one.at("amount_minor").to_number<std::int64_t>();
    numbers.exposure_peak_minor = one.at("peak_minor").to_number<std::int64_t>();
  }
}

void read_replay(const json::value& answer, Numbers& numbers) {
  for (const json::value& route : answer.at("routes").as_array()) {
    SideNumbers& side = text_of(route, "route") == orders_route ? numbers.orders : numbers.charges;
    const auto count = [&](const char* name) { return route.at(name).to_number<std::uint64_t>(); };
    side.waiting = count("waiting");
    side.settled = count("settled");
    side.matched = count("matched");
    side.refused = count("refused");
    if (route.at("paused").as_bool()) numbers.paused_why = text_of(route, "route") + ": " + text_of(route, "why");
  }
}

void read_targets(const json::value& answer, Numbers& numbers) {
  for (const json::value& target : answer.at("targets").as_array()) {
    SeenTarget seen{text_of(target, "breaker"), text_of(target, "health"), text_of(target, "location")};
    if (text_of(target, "upstream") == "shop") {
      numbers.shop = std::move(seen);
    } else {
      numbers.gateway.push_back(std::move(seen));
    }
  }
}

KeptOrder order_of(const json::value& row) {
  return {.id = text_of(row, "id"),
          .cart = text_of(row, "client_reference"),
          .state = text_of(row, "state"),
          .cause = text_of(row, "cause"),
          .reference = text_of(row, "reference"),
          .upstream_reference = text_of(row, "upstream_reference"),
          .accepted = row.at("accepted").as_bool(),
          .replays = static_cast<int>(row.at("attempts").to_number<std::int64_t>()),
          .waits_for_time = !row.at("due").is_null()};
}

}  // namespace

std::uint64_t SideNumbers::answers(const char* how) const {
  const auto found = answered.find(how);
  return found == answered.end() ? 0 : found->second;
}

std::uint64_t Numbers::in(std::initializer_list<const char*> wanted) const {
  std::uint64_t sum = 0;
  for (const char* state : wanted) {
    if (const auto found = states.find(state); found != states.end()) sum += found->second;
  }
  return sum;
}

std::map<std::string, std::uint64_t> answered_in(const std::string& metrics, std::string_view route) {
  constexpr std::string_view metric = "standin_requests_total{";
  constexpr std::string_view label = "answered=\"";
  const std::string of_route = fmt::format("route=\"{}\"", route);
  std::map<std::string, std::uint64_t> answered;
  for (const std::string_view line : split(metrics, '\n')) {
    const auto at = line.find(label);
    if (!line.starts_with(metric) || at == std::string_view::npos || !line.contains(of_route)) continue;
    const std::string_view rest = line.substr(at + label.size());
    const std::string_view number = line.substr(line.rfind(' ') + 1);
    double count = 0;
    std::from_chars(number.data(), number.data() + number.size(), count);
    answered[std::string(rest.substr(0, rest.find('"')))] += static_cast<std::uint64_t>(count);
  }
  return answered;
}

Standin::Standin(const std::string& socket, std::uint16_t console_port)
    : client_(socket), console_url_(fmt::format("http://127.0.0.1:{}", console_port)) {}

Result<Numbers> Standin::numbers() {
  const auto health = client_.get("health");
  if (!health) return std::unexpected(error_of(health.error()));
  const auto exposure = client_.get("exposure");
  if (!exposure) return std::unexpected(error_of(exposure.error()));
  const auto replay = client_.get("replay");
  if (!replay) return std::unexpected(error_of(replay.error()));
  const auto targets = client_.get("upstreams");
  if (!targets) return std::unexpected(error_of(targets.error()));
  const auto metrics = get(console_url_, "/metrics");
  if (!metrics) return std::unexpected(metrics.error());
  Numbers numbers;
  numbers.orders.answered = answered_in(metrics->body, orders_route);
  numbers.charges.answered = answered_in(metrics->body, charges_route);
  for (const auto& [state, count] : health->at("orders").as_object()) {
    numbers.states[std::string(state)] = count.to_number<std::uint64_t>();
  }
  read_exposure(*exposure, numbers);
  read_replay(*replay, numbers);
  read_targets(*targets, numbers);
  return numbers;
}

Result<void> Standin::start_replay() {
  const auto started = client_.send("POST", "replay", json::object{{"route", orders_route}, {"who", person()}});
  if (!started) return std::unexpected(error_of(started.error()));
  return {};
}

Result<Kept> Standin::kept() {
  auto orders = kept_of(std::string(orders_route));
  if (!orders) return std::unexpected(orders.error());
  auto charges = kept_of(std::string(charges_route));
  if (!charges) return std::unexpected(charges.error());
  const auto follow_ups = client_.get("followups?all=true");
  if (!follow_ups) return std::unexpected(error_of(follow_ups.error()));
  Kept kept{.orders = std::move(*orders), .charges = std::move(*charges), .with_a_person = {}};
  std::map<std::string, std::string> carts;
  for (const auto* list : {&kept.orders, &kept.charges}) {
    for (const KeptOrder& order : *list) carts[order.id] = order.cart;
  }
  for (const json::value& row : follow_ups->at("follow_ups").as_array()) {
    const std::string order = text_of(row, "order");
    if (!carts.contains(order)) {
      const auto cart = cart_of(order);
      if (!cart) return std::unexpected(cart.error());
      carts[order] = *cart;
    }
    kept.with_a_person.insert(carts[order]);
  }
  return kept;
}

Result<std::vector<KeptOrder>> Standin::kept_of(const std::string& route) {
  const auto rows = client_.get(fmt::format("orders?limit={}&route={}", orders_in_a_page, route));
  if (!rows) return std::unexpected(error_of(rows.error()));
  std::vector<KeptOrder> kept;
  for (const json::value& row : rows->at("orders").as_array()) kept.push_back(order_of(row));
  if (kept.size() >= orders_in_a_page) return failure("the journal holds more orders than one page shows");
  return kept;
}

/// Of an order that the list leaves out: a charge that the gateway itself answered.
Result<std::string> Standin::cart_of(const std::string& order) {
  const auto row = client_.get("orders/" + order);
  if (!row) return std::unexpected(error_of(row.error()));
  return text_of(*row, "client_reference");
}

bool Standin::ready() { return get(console_url_, "/readyz").has_value(); }

}  // namespace standin::demo
