#include <fmt/format.h>

#include <CLI/App.hpp>
#include <fstream>
#include <iterator>
#include <memory>

#include "app/verbs.h"
#include "rehearsal/gateway/gateway.h"
#include "rehearsal/gateway/gateway_control.h"
#include "rehearsal/shop.h"

namespace standin {
namespace {

struct ShopInput {
  rehearsal::ShopOptions options;
  std::string faults;
  std::string charge, charge_key = "sandbox-fold";
};

int sim_shop(ShopInput& input) {
  if (!input.faults.empty()) {
    auto faults = rehearsal::faults_from_json(input.faults);
    if (!faults) {
      fmt::print(stderr, "--faults: {}\n", faults.error().what);
      return 2;
    }
    input.options.faults = *faults;
  }
  if (!input.charge.empty()) {
    auto account = rehearsal::charge_account(input.charge, input.charge_key);
    if (!account) {
      fmt::print(stderr, "--charge: {} {}\n", account.error().what, account.error().where);
      return 2;
    }
    input.options.charge = std::move(*account);
  }
  return rehearsal::run_shop(input.options);
}

void add_shop(CLI::App& verb, int& status) {
  auto input = std::make_shared<ShopInput>();
  CLI::App* shop = verb.add_subcommand("shop", "A sample application with an order endpoint and a ledger on disk");
  shop->add_option("--address", input->options.address, "address to listen on")->capture_default_str();
  shop->add_option("--port", input->options.port, "port to listen on; 0 picks one");
  shop->add_option("--ledger", input->options.ledger, "the shop's own books, an SQLite file")->capture_default_str();
  shop->add_option("--faults", input->faults, "faults to start with, as the JSON of PUT /faults");
  CLI::Option* charge = shop->add_option("--charge", input->charge,
                                         "charge each order's card at this gateway, or a standin in front of one; "
                                         "else the shop only writes down that it did");
  shop->add_option("--charge-key", input->charge_key, "the source key there: KEY or KEY:PIN")
      ->needs(charge)
      ->capture_default_str();
  shop->footer(
      "Example: standin sim shop --port 3000\n"
      "         standin sim shop --port 3000 --charge http://127.0.0.1:4001/gate --charge-key sandbox-pin:1234\n"
      "         curl -X PUT -d '{\"answer\":\"status\",\"status\":500}' http://127.0.0.1:3000/faults");
  shop->callback([input, &status] { status = sim_shop(*input); });
}

struct GatewayInput {
  rehearsal::GatewayOptions options;
  std::vector<std::string> listen = {"127.0.0.1:4001"};
  std::string control = "127.0.0.1:0";
  std::vector<std::string> keys;
  std::vector<std::string> response_times;
  std::string faults;
  std::int64_t index_lag_ms = 0;
  std::int64_t timezone_minutes = -480;
};

Result<rehearsal::ResponseTime> response_time(std::string_view text) {
  constexpr std::string_view in_file = "file:";
  if (!text.starts_with(in_file)) return rehearsal::ResponseTime::parse(text);
  const std::string path(text.substr(in_file.size()));
  std::ifstream file(path);
  if (!file) return failure("the file of percentiles does not open", path);
  return rehearsal::ResponseTime::from_percentiles(std::string(std::istreambuf_iterator<char>(file), {}));
}

/// Reads each of `texts` with `read`.
template <class Value, class Read>
Result<void> read_all(const std::vector<std::string>& texts, Read read, std::vector<Value>& into) {
  into.clear();
  for (const std::string& text : texts) {
    auto value = read(text);
    if (!value) return std::unexpected(value.error());
    into.push_back(std::move(*value));
  }
  return {};
}

Result<void> read_gateway(GatewayInput& input) {
  auto& [locations, control, ledger, settings, faults, seed] = input.options;
  const auto location = rehearsal::GatewayLocation::parse;
  if (auto read = read_all(input.listen, location, locations); !read) return read;
  if (auto read = read_all(input.keys, rehearsal::parse_source_key, settings.keys); !read) return read;
  if (auto read = read_all(input.response_times, response_time, settings.response_times); !read) return read;
  const auto control_at = location(input.control);
  if (!control_at) return std::unexpected(control_at.error());
  control = *control_at;
  settings.index_lag = std::chrono::milliseconds(input.index_lag_ms);
  settings.timezone = std::chrono::minutes(input.timezone_minutes);
  if (input.faults.empty()) return {};
  auto given = rehearsal::gateway_faults_from_json(input.faults);
  if (!given) return std::unexpected(given.error());
  faults = std::move(*given);
  return {};
}

int sim_gateway(GatewayInput& input) {
  if (const auto read = read_gateway(input); !read) {
    fmt::print(stderr, "standin sim gateway: {} {}\n", read.error().what, read.error().where);
    return 2;
  }
  return rehearsal::run_gateway(input.options);
}

void add_gateway_options(CLI::App& gateway, GatewayInput& input) {
  auto& settings = input.options.settings;
  gateway.add_option("--listen", input.listen, "a location, ADDRESS:PORT or ADDRESS:PORT=CLUSTER; once for each")
      ->take_all()
      ->capture_default_str();
  gateway.add_option("--control", input.control, "where /_control is served while every location refuses")
      ->capture_default_str();
  gateway.add_option("--ledger", input.options.ledger, "the gateway's books, an SQLite file")->capture_default_str();
  gateway.add_option("--key", input.keys, "a source key: KEY,pin=,country=,currency=,duplicates=,window=,timeout=")
      ->take_all();
  gateway
      .add_option("--response-time", input.response_times,
                  "of each location in turn: constant:MS, lognormal:median=,sigma=, bimodal:fast=,slow=,slow_part=, "
                  "percentiles:50=120,99=2500 or file:PATH")
      ->take_all();
  gateway.add_option("--faults", input.faults, "faults to start with, as the JSON of PUT /_control/faults");
  gateway.add_option("--index-lag-ms", input.index_lag_ms, "until a charge appears in searches")
      ->check(CLI::NonNegativeNumber);
  gateway.add_option("--searches-per-minute", settings.searches_per_minute, "of one key; 0 is no limit");
  gateway.add_option("--searches-per-day", settings.searches_per_day, "of one key; 0 is no limit");
  gateway.add_option("--timezone-minutes", input.timezone_minutes, "of the times that searches tell, east of UTC")
      ->check(CLI::Range(-24 * 60, 24 * 60))
      ->capture_default_str();
  gateway.add_option("--seed", input.options.seed, "of response times and of faults that strike by chance")
      ->capture_default_str();
}

void add_gateway(CLI::App& verb, int& status) {
  auto input = std::make_shared<GatewayInput>();
  CLI::App* gateway = verb.add_subcommand("gateway", "A payment gateway with several locations and one ledger on disk");
  add_gateway_options(*gateway, *input);
  gateway->footer(
      "Example: standin sim gateway --listen 127.0.0.1:4001 --listen 127.0.0.1:4002 --control 127.0.0.1:4000\n"
      "         curl -d 'UMkey=sandbox&UMcommand=sale&UMamount=25.00&UMcard=4000100011112224&UMexpir=1230&UMinvoice=7' "
      "http://127.0.0.1:4001/gate\n"
      "         curl -X PUT -d '[{\"fault\":\"reset\",\"at\":\"after\",\"count\":1}]' "
      "http://127.0.0.1:4000/_control/faults");
  gateway->callback([input, &status] { status = sim_gateway(*input); });
}

}  // namespace

void add_sim_verb(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("sim", "Simulated parties with ledgers and faults, for rehearsal");
  verb->require_subcommand(1);
  add_shop(*verb, status);
  add_gateway(*verb, status);
}

}  // namespace standin
