#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"
#include "base/text.h"

namespace standin {
namespace {

struct UpstreamsInput {
  OperatorOptions options;
  std::string upstream, key, span, why;
};

void print_targets(const boost::json::array& targets) {
  Table table(
      {"UPSTREAM", "TARGET", "BREAKER", "HEALTH", "LOCATION", "IN FLIGHT", "GOOD", "ERRORS", "TIMEOUTS", "RECENT"});
  for (const auto& target : targets) {
    table.add({cell(target, "upstream"), cell(target, "url"), cell(target, "breaker"), cell(target, "health"),
               cell(target, "location"), cell(target, "in_flight"), cell(target, "good"), cell(target, "errors"),
               cell(target, "timeouts"), cell(target, "recent_errors")});
  }
  print(table, "Nothing has been sent to any target yet.");
}

void print_keys(const boost::json::array& targets) {
  Table table({"UPSTREAM", "TARGET", "KEY", "BREAKER"});
  for (const auto& target : targets) {
    for (const auto& key : target.at("keys").as_array()) {
      table.add({cell(target, "upstream"), cell(target, "url"), cell(key, "key"), cell(key, "breaker")});
    }
  }
  if (!table.empty()) fmt::print("\n{}", table.text(may_colour()));
}

void print_cuts(const boost::json::array& cuts) {
  Table table({"CUT OFF", "KEY", "UNTIL", "BY", "WHY"});
  for (const auto& cut : cuts) {
    table.add({cell(cut, "upstream"), cell(cut, "key"), cell(cut, "until"), cell(cut, "who"), cell(cut, "why")});
  }
  if (!table.empty()) fmt::print("\n{}", table.text(may_colour()));
}

std::string addresses_of(const boost::json::value& name) {
  std::string all;
  for (const auto& address : name.at("addresses").as_array()) {
    all += (all.empty() ? "" : " ") + printable(std::string(address.as_string()));
  }
  return all.empty() ? "-" : all;
}

/// Where an answer of name resolution comes from, or what is wrong with it.
std::string state_of(const boost::json::value& name) {
  if (name.at("pinned").as_bool()) return "pinned";
  const std::string error = cell(name, "error");
  const bool stale = name.at("stale").as_bool();
  if (error.empty() || error == "-") return stale ? "stale" : "resolved";
  return stale ? "stale: " + error : error;
}

void print_names(const boost::json::array& names) {
  Table table({"NAME", "ADDRESSES", "STATE"});
  for (const auto& name : names) table.add({cell(name, "name"), addresses_of(name), state_of(name)});
  if (!table.empty()) fmt::print("\n{}", table.text(may_colour()));
}

int show_upstreams(const UpstreamsInput& input) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  const auto answer = client->get("upstreams");
  if (!answer) return report(answer.error());
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
    return 0;
  }
  print_targets(answer->at("targets").as_array());
  print_keys(answer->at("targets").as_array());
  print_cuts(answer->at("cut").as_array());
  print_names(answer->at("names").as_array());
  return 0;
}

/// `action`: "cut" or "restore".
int turn_switch(const UpstreamsInput& input, std::string_view action) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  boost::json::object body{{"why", input.why}, {"who", person()}};
  if (!input.key.empty()) body["key"] = input.key;
  if (!input.span.empty()) body["for"] = input.span;
  const auto answer =
      client->send("POST", fmt::format("upstreams/{}/{}", percent_encoded(input.upstream), action), body);
  if (!answer) return report(answer.error());
  if (const auto* warning = answer->as_object().if_contains("warning"); warning && !warning->as_string().empty()) {
    fmt::print(stderr, "{}\n", printable(std::string(warning->as_string())));
  }
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
  } else if (answer->at("cut").as_array().empty()) {
    fmt::print("Nothing is cut off.\n");
  } else {
    print_cuts(answer->at("cut").as_array());
  }
  return 0;
}

CLI::App* add_action(CLI::App& verb, const std::string& name, const std::string& description, UpstreamsInput& input) {
  auto* action = verb.add_subcommand(name, description)->fallthrough();
  action->add_option("UPSTREAM", input.upstream, "Its name in the configuration")->required();
  action->add_option("--key", input.key,
                     "Only requests with these facts, as the breaker's key has them: FR, or FR/visa");
  action->add_option("--why", input.why, "Kept with the change")->required();
  return action;
}

}  // namespace

void add_upstreams_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("upstreams", "Each target: breakers, health, load; and the kill switch");
  const auto input = std::make_shared<UpstreamsInput>();
  add_operator_options(*verb, input->options);
  verb->require_subcommand(0, 1);
  verb->footer(
      "RECENT: errors on the scoreboard, not forgotten yet.\n\n"
      "Example:\n  standin upstreams -c standin.toml\n"
      "  standin upstreams cut cardgate --key FR/visa --for 30m --why 'the French acquirer charges Visa twice'\n"
      "  standin upstreams restore cardgate --key FR/visa --why 'they say it is over'");
  auto* cut = add_action(*verb, "cut", "Send nothing more to an upstream, or nothing with a key", *input);
  cut->add_option("--for", input->span, "Then restored by itself: 30m, 2h");
  auto* restore = add_action(*verb, "restore", "Send again what was cut off", *input);
  verb->callback([input, &status, cut, restore] {
    if (cut->parsed()) {
      status = turn_switch(*input, "cut");
    } else if (restore->parsed()) {
      status = turn_switch(*input, "restore");
    } else {
      status = show_upstreams(*input);
    }
  });
}

}  // namespace standin
