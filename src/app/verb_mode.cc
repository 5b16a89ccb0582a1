#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <memory>
#include <utility>

#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"
#include "base/text.h"

namespace standin {
namespace {

struct ModeInput {
  OperatorOptions options;
  std::string route, mode;
  std::string span, why;
};

constexpr std::array<std::string_view, 5> mode_names{"off", "auto", "forced", "fallback", "shadow"};

bool is_mode(std::string_view word) { return std::ranges::find(mode_names, word) != mode_names.end(); }

void print_modes(const boost::json::array& rows) {
  Table table({"ROUTE", "MODE", "CONFIGURED", "UNTIL", "BY", "WHY"});
  for (const auto& row : rows) {
    table.add({cell(row, "route"), cell(row, "mode"), cell(row, "configured"), cell(row, "until"), cell(row, "who"),
               cell(row, "why")});
  }
  print(table, "The configuration has no protected route.");
}

int list_modes(OperatorClient& client, bool json) {
  const auto answer = client.get("modes");
  if (!answer) return report(answer.error());
  if (json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
  } else {
    print_modes(answer->at("modes").as_array());
  }
  return 0;
}

/// The route named, or all of them.
std::expected<std::vector<std::string>, Trouble> routes_meant(OperatorClient& client, const ModeInput& input) {
  if (!input.route.empty()) return std::vector{input.route};
  const auto answer = client.get("modes");
  if (!answer) return std::unexpected(answer.error());
  std::vector<std::string> routes;
  for (const auto& row : answer->at("modes").as_array()) routes.emplace_back(row.at("route").as_string());
  if (routes.empty()) return std::unexpected(Trouble{"The configuration has no protected route."});
  return routes;
}

boost::json::object change(const ModeInput& input) {
  boost::json::object body{{"mode", input.mode}, {"why", input.why}, {"who", person()}};
  if (!input.span.empty()) body["for"] = input.span;
  return body;
}

/// Every route is tried, also after one was refused: the button is pressed in a hurry.
int change_modes(OperatorClient& client, const ModeInput& input) {
  const auto routes = routes_meant(client, input);
  if (!routes) return report(routes.error());
  boost::json::array rows;
  int exit_status = 0;
  for (const std::string& route : *routes) {
    auto answer = client.send("PUT", "modes/" + percent_encoded(route), change(input));
    if (!answer) {
      exit_status = report(answer.error());
      continue;
    }
    if (const std::string warning = cell(*answer, "warning"); warning != "-") {
      fmt::print(stderr, "{}: {}\n", printable(route), warning);
    }
    rows.push_back(std::move(*answer));
  }
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(boost::json::object{{"modes", rows}}));
  } else if (!rows.empty()) {
    print_modes(rows);
  }
  return exit_status;
}

int run(const ModeInput& input) {
  if (!input.mode.empty() && !is_mode(input.mode)) {
    return report(
        {fmt::format("'{}' is not a mode: write `standin mode [ROUTE] off|auto|forced|fallback|shadow --why TEXT`.",
                     input.mode),
         2});
  }
  if (!input.mode.empty() && input.why.empty()) {
    return report({"--why is missing: say why, for those who read the record of this outage.", 2});
  }
  if (input.mode.empty() && !(input.why.empty() && input.span.empty())) {
    return report({"Which mode? Write `standin mode [ROUTE] off|auto|forced|fallback|shadow --why TEXT`.", 2});
  }
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  return input.mode.empty() ? list_modes(*client, input.options.json) : change_modes(*client, input);
}

}  // namespace

void add_mode_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("mode", "The big red button: show or change how routes stand in");
  const auto input = std::make_shared<ModeInput>();
  verb->add_option("ROUTE", input->route, "One route; without it, every protected route");
  verb->add_option("MODE", input->mode, "off, auto, forced, fallback or shadow; without it, the modes are listed");
  verb->add_option("--for", input->span, "Then back to the configured mode: 30m, 2h");
  verb->add_option("--why", input->why, "Kept with the change; required");
  add_operator_options(*verb, input->options);
  verb->footer(
      "  off       the upstream's errors go to the client\n"
      "  auto      stand in when no trustworthy answer comes in time\n"
      "  forced    stand in without asking the upstream\n"
      "  fallback  the same, for requests that a router in front may have sent it already\n"
      "  shadow    decide and record, never answer\n\n"
      "Example:\n  standin mode orders forced --for 30m --why 'deploying the shop'\n  standin mode");
  verb->callback([input, &status] {
    // One word alone is the mode.
    if (input->mode.empty()) std::swap(input->route, input->mode);
    status = run(*input);
  });
}

}  // namespace standin
