#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "app/verbs.h"
#include "rehearsal/shop.h"

namespace standin {
namespace {

struct ShopInput {
  rehearsal::ShopOptions options;
  std::string faults;
};

int sim_shop(ShopInput& input) {
  if (!input.faults.empty()) {
    auto faults = rehearsal::faults_from_json(input.faults);
    if (!faults) {
      fmt::print(stderr, "--faults: {}\n", faults.error().what);
      return 2;
    }
    input.options.faults = std::move(*faults);
  }
  return rehearsal::run_shop(input.options);
}

}  // namespace

void add_sim_verb(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("sim", "simulated parties with ledgers and faults, for rehearsal");
  verb->require_subcommand(1);
  auto input = std::make_shared<ShopInput>();
  CLI::App* shop = verb->add_subcommand("shop", "a sample application with an order endpoint and a ledger on disk");
  shop->add_option("--address", input->options.address, "address to listen on")->capture_default_str();
  shop->add_option("--port", input->options.port, "port to listen on; 0 picks one");
  shop->add_option("--ledger", input->options.ledger, "the shop's own books, an SQLite file")->capture_default_str();
  shop->add_option("--faults", input->faults, "faults to start with, as the JSON of PUT /faults");
  shop->footer(
      "Example: standin sim shop --port 3000\n"
      "         curl -X PUT -d '{\"answer\":\"status\",\"status\":500}' http://127.0.0.1:3000/faults");
  shop->callback([input, &status] { status = sim_shop(*input); });
}

}  // namespace standin
