#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"

namespace standin {
namespace {

int show_upstreams(const OperatorOptions& options) {
  auto client = OperatorClient::find(options);
  if (!client) return report(client.error());
  const auto answer = client->get("upstreams");
  if (!answer) return report(answer.error());
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
    return 0;
  }
  Table table({"UPSTREAM", "TARGET", "BREAKER", "HEALTH", "IN FLIGHT", "GOOD", "ERRORS", "TIMEOUTS"});
  for (const auto& target : answer->at("targets").as_array()) {
    table.add({cell(target, "upstream"), cell(target, "url"), cell(target, "breaker"), cell(target, "health"),
               cell(target, "in_flight"), cell(target, "good"), cell(target, "errors"), cell(target, "timeouts")});
  }
  print(table, "Nothing has been sent to any target yet.");
  return 0;
}

}  // namespace

void add_upstreams_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("upstreams", "Show each target: its breaker, health, load and ends of exchanges");
  const auto options = std::make_shared<OperatorOptions>();
  add_operator_options(*verb, *options);
  verb->footer("Example:\n  standin upstreams -c standin.toml");
  verb->callback([options, &status] { status = show_upstreams(*options); });
}

}  // namespace standin
