#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <memory>
#include <optional>

#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"
#include "base/text.h"
#include "journal/lifecycle.h"

namespace standin {
namespace {

struct ReplayInput {
  OperatorOptions options;
  std::string order, route;
  bool all = false;
  std::optional<double> rate;
  bool watch = false, pause = false, resume = false, stop = false;
};

bool is_true(const boost::json::value& route, std::string_view name) { return route.at(name).as_bool(); }

/// Delivering now: neither stopped nor waiting for a person.
bool is_active(const boost::json::value& route) { return is_true(route, "running") && !is_true(route, "paused"); }

std::string condition(const boost::json::value& route) {
  if (is_true(route, "paused")) return "paused";
  return is_true(route, "running") ? "running" : "stopped";
}

std::string line_of(const boost::json::value& route) {
  std::string line =
      fmt::format("{}  {}  waiting {}  in flight {}  {:.1f}/s  settled {}  matched {}  refused {}  held {}  failed {}",
                  cell(route, "route"), condition(route), cell(route, "waiting"), cell(route, "in_flight"),
                  route.at("rate").to_number<double>(), cell(route, "settled"), cell(route, "matched"),
                  cell(route, "refused"), cell(route, "held"), cell(route, "failed"));
  if (is_true(route, "paused")) line += "  (" + cell(route, "why") + ")";
  return line;
}

void print_status(const boost::json::value& answer, bool json) {
  if (json) {
    fmt::print("{}\n", boost::json::serialize(answer));
    return;
  }
  const auto& routes = answer.at("routes").as_array();
  if (routes.empty()) fmt::print("The configuration has no protected route.\n");
  for (const auto& route : routes) fmt::print("{}\n", line_of(route));
}

/// One line per route: rewritten in place on a terminal, printed when it changed elsewhere.
class Screen {
 public:
  explicit Screen(bool json) : json_(json) {}

  void show(const boost::json::value& answer) {
    if (answer == shown_) return;
    if (!json_ && on_terminal() && lines_ > 0) fmt::print("\x1b[{}F\x1b[J", lines_);
    print_status(answer, json_);
    std::fflush(stdout);
    lines_ = answer.at("routes").as_array().size();
    shown_ = answer;
  }

 private:
  bool json_;
  std::size_t lines_ = 0;
  boost::json::value shown_;
};

int end_of_watch(const boost::json::value& answer) {
  int exit_status = 0;
  for (const auto& route : answer.at("routes").as_array()) {
    if (!is_true(route, "paused")) continue;
    exit_status =
        report({fmt::format("the replay of {} is paused: {}. When that is mended: standin replay --resume "
                            "--route {}",
                            cell(route, "route"), cell(route, "why"), cell(route, "route"))});
  }
  return exit_status;
}

/// Until nothing is being delivered. Twice in a row, since a replay just started may not have begun.
int watch(OperatorClient& client, bool json) {
  Screen screen(json);
  for (int idle = 0;;) {
    const auto answer = client.get("replay");
    if (!answer) return report(answer.error());
    screen.show(*answer);
    idle = std::ranges::any_of(answer->at("routes").as_array(), is_active) ? 0 : idle + 1;
    if (idle == 2) return end_of_watch(*answer);
    client.wait(std::chrono::seconds(1));
  }
}

std::optional<Trouble> misuse(const ReplayInput& input) {
  const int moves = (input.pause ? 1 : 0) + (input.resume ? 1 : 0) + (input.stop ? 1 : 0);
  const int what = (input.order.empty() ? 0 : 1) + (input.route.empty() ? 0 : 1) + (input.all ? 1 : 0);
  if (moves > 1) return Trouble{"Only one of --pause, --resume and --stop.", 2};
  if (what > 1) return Trouble{"Only one of --order, --route and --all.", 2};
  if (moves == 1 && (!input.order.empty() || input.rate)) {
    return Trouble{"--pause, --resume and --stop take --route, or none for every route.", 2};
  }
  if (input.rate && !(std::isfinite(*input.rate) && *input.rate > 0)) {
    return Trouble{"--rate is orders a second, a number above 0: 5, or 0.5 for one every two seconds.", 2};
  }
  if (moves == 0 && what == 0 && input.rate) {
    return Trouble{"--rate needs to know which orders: --order ID, --route ROUTE or --all.", 2};
  }
  return std::nullopt;
}

/// Nothing, or why a replay of that order would do nothing.
std::optional<Trouble> undeliverable(OperatorClient& client, const std::string& id) {
  const auto order = client.get("orders/" + percent_encoded(id));
  if (!order) return order.error();
  const std::string word = cell(*order, "state");
  const auto state = parse_state(word);
  if (!state || !(is_end(*state) || *state == State::refused)) return std::nullopt;
  return Trouble{
      fmt::format("Order {0} is {1}: nothing of it is to be delivered. Only an order that has not ended is replayed; "
                  "`standin orders show {0}` tells what became of this one.",
                  id, word)};
}

/// What to ask, by the options: a change, or how it stands.
std::expected<boost::json::value, Trouble> ask(OperatorClient& client, const ReplayInput& input) {
  boost::json::object body{{"who", person()}};
  if (!input.route.empty()) body["route"] = input.route;
  if (input.pause) return client.send("POST", "replay/pause", body);
  if (input.resume) return client.send("POST", "replay/resume", body);
  if (input.stop) return client.send("POST", "replay/stop", body);
  if (!input.order.empty()) {
    if (auto ended = undeliverable(client, input.order)) return std::unexpected(std::move(*ended));
    body["order"] = input.order;
  }
  if (input.all) body["all"] = true;
  if (body.size() == 1) return client.get("replay");
  if (input.rate) body["rate"] = *input.rate;
  return client.send("POST", "replay", body);
}

int run(const ReplayInput& input) {
  if (const auto wrong = misuse(input)) return report(*wrong);
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  const auto answer = ask(*client, input);
  if (!answer) return report(answer.error());
  if (input.watch) return watch(*client, input.options.json);
  print_status(*answer, input.options.json);
  return 0;
}

}  // namespace

void add_replay_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("replay", "Deliver the orders accepted on trust; without options, how that stands");
  const auto input = std::make_shared<ReplayInput>();
  verb->add_option("--order", input->order, "One order, by its id");
  verb->add_option("--route", input->route, "Every due order of one route");
  verb->add_flag("--all", input->all, "Every due order");
  verb->add_option("--rate", input->rate, "Orders a second, in place of the configured rate");
  verb->add_flag("--watch", input->watch, "Show progress each second until nothing is being delivered");
  verb->add_flag("--pause", input->pause, "Start no further delivery");
  verb->add_flag("--resume", input->resume, "Go on after a pause");
  verb->add_flag("--stop", input->stop, "End it; what is under way is finished");
  add_operator_options(*verb, input->options);
  verb->footer("Example:\n  standin replay --route orders --rate 5 --watch\n  standin replay --pause");
  verb->callback([input, &status] { status = run(*input); });
}

}  // namespace standin
