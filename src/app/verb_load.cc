#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "app/verbs.h"
#include "config/units.h"
#include "rehearsal/load.h"

namespace standin {
namespace {

struct LoadInput {
  rehearsal::LoadOptions options;
  std::string span, timeout;
  std::vector<std::string> fail_if;
};

int wrong(std::string_view option, const Error& error) {
  fmt::print(stderr, "{}: {}\n", option, error.what);
  return 2;
}

int load(LoadInput& input) {
  if (!input.span.empty()) {
    const auto span = parse_duration(input.span);
    if (!span) return wrong("--for", span.error());
    input.options.shoppers.arrivals.span = *span;
  }
  if (!input.timeout.empty()) {
    const auto timeout = parse_duration(input.timeout);
    if (!timeout) return wrong("--timeout", timeout.error());
    input.options.shoppers.timeout = *timeout;
  }
  for (const std::string& text : input.fail_if) {
    auto threshold = rehearsal::Threshold::parse(text);
    if (!threshold) return wrong("--fail-if", threshold.error());
    input.options.fail_if.push_back(std::move(*threshold));
  }
  return rehearsal::run_load(input.options);
}

void add_mix_options(CLI::App& verb, rehearsal::ShopperMix& mix) {
  verb.add_option("--over-floor", mix.over_floor, "share of orders over the floor limit, 0 to 1")
      ->capture_default_str();
  verb.add_option("--declined", mix.declined, "share of cards that the shop declines")->capture_default_str();
  verb.add_option("--hang-up", mix.hang_up, "share of shoppers that hang up")->capture_default_str();
  verb.add_option("--retry", mix.retry, "share of shoppers that send their order again")->capture_default_str();
}

}  // namespace

void add_load_verb(CLI::App& app, int& status) {
  auto input = std::make_shared<LoadInput>();
  rehearsal::ShopperOptions& shoppers = input->options.shoppers;
  CLI::App* verb = app.add_subcommand("load",
                                      "Shoppers who come when they come: a slow answer never delays the next arrival; "
                                      "latency counts from the intended start");
  verb->add_option("URL", shoppers.url, "such as http://127.0.0.1:8080/orders")->required();
  verb->add_option("--rate", shoppers.arrivals.rate, "arrivals a second")->capture_default_str();
  verb->add_option("--ramp-to", shoppers.arrivals.ramp_to, "arrivals a second at the end; needs --for");
  verb->add_option("--for", input->span, "how long, such as 60s; without it until Ctrl-C");
  verb->add_option("--timeout", input->timeout, "no answer by then is a timeout; default 30s");
  verb->add_option("--seed", shoppers.seed, "the same seed sends the same orders")->capture_default_str();
  verb->add_option("--run", shoppers.run, "begins every key; drawn by chance if not given");
  verb->add_option("--attempts", shoppers.attempts_file, "file for one line of JSON per request");
  verb->add_option("--fail-if", input->fail_if, "exit with 1 if so, such as p99>2s or errors>0; may be repeated");
  verb->add_flag("--json", input->options.json, "the result as JSON");
  add_mix_options(*verb, shoppers.mix);
  verb->footer("Example: standin load http://127.0.0.1:8080/orders --rate 50 --for 60s --fail-if 'p99>2s'");
  verb->callback([input, &status] { status = load(*input); });
}

}  // namespace standin
