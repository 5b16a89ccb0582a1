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

constexpr Duration patience = 3s;
/// The API's own limit of one page; the longest performance keeps fewer orders.
constexpr std::size_t orders_in_a_page = 10'000;

std::string text_of(const json::value& object, std::string_view name) {
  const json::value& value = object.at(name);
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

Error error_of(const Trouble& trouble) { return {.what = trouble.message}; }

Task<> fetch(std::string url, std::string path, Result<Response>& answer) {
  const Executor executor = co_await this_executor();
  const AsioClock clock(executor);
  const Instant deadline = clock.now() + patience;
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
    numbers.replay_running = route.at("running").as_bool();
    if (route.at("paused").as_bool()) numbers.paused_why = text_of(route, "why");
  }
}

void read_targets(const json::value& answer, Numbers& numbers) {
  for (const json::value& target : answer.at("targets").as_array()) {
    numbers.breaker = text_of(target, "breaker");
    numbers.health = text_of(target, "health");
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

std::uint64_t Numbers::in(std::initializer_list<const char*> states) const {
  std::uint64_t sum = 0;
  for (const char* state : states) {
    if (const auto found = orders.find(state); found != orders.end()) sum += found->second;
  }
  return sum;
}

std::map<std::string, std::uint64_t> answered_in(const std::string& metrics) {
  constexpr std::string_view metric = "standin_requests_total{";
  constexpr std::string_view label = "answered=\"";
  std::map<std::string, std::uint64_t> answered;
  for (const std::string_view line : split(metrics, '\n')) {
    const auto at = line.find(label);
    if (!line.starts_with(metric) || at == std::string_view::npos) continue;
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
  Numbers numbers{.answered = answered_in(metrics->body)};
  for (const auto& [state, count] : health->at("orders").as_object()) {
    numbers.orders[std::string(state)] = count.to_number<std::uint64_t>();
  }
  read_exposure(*exposure, numbers);
  read_replay(*replay, numbers);
  read_targets(*targets, numbers);
  return numbers;
}

Result<void> Standin::start_replay() {
  const auto started = client_.send("POST", "replay", json::object{{"all", true}, {"who", person()}});
  if (!started) return std::unexpected(error_of(started.error()));
  return {};
}

Result<Kept> Standin::kept() {
  const auto orders = client_.get(fmt::format("orders?limit={}", orders_in_a_page));
  if (!orders) return std::unexpected(error_of(orders.error()));
  const auto follow_ups = client_.get("followups?all=true");
  if (!follow_ups) return std::unexpected(error_of(follow_ups.error()));
  Kept kept;
  std::map<std::string, std::string> carts;
  for (const json::value& row : orders->at("orders").as_array()) {
    kept.orders.push_back(order_of(row));
    carts[kept.orders.back().id] = kept.orders.back().cart;
  }
  if (kept.orders.size() >= orders_in_a_page) return failure("the journal holds more orders than one page shows");
  for (const json::value& row : follow_ups->at("follow_ups").as_array()) {
    kept.with_a_person.insert(carts[text_of(row, "order")]);
  }
  return kept;
}

bool Standin::ready() { return get(console_url_, "/readyz").has_value(); }

}  // namespace standin::demo
