#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <memory>
#include <optional>

#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"
#include "base/text.h"
#include "console/input.h"

namespace standin {
namespace {

struct OrdersInput {
  OperatorOptions options;
  std::string state, route, customer, since, until, limit, id;
  bool shadow = false;
};

/// What the console gives in one answer at most.
constexpr std::size_t page_size = 10'000;

std::string target(const OrdersInput& input) {
  return "orders" + query_of({{"state", input.state},
                              {"route", input.route},
                              {"customer", input.customer},
                              {"since", input.since},
                              {"until", input.until},
                              {"limit", input.limit},
                              {"shadow", input.shadow ? "true" : ""}});
}

void print_orders(const boost::json::array& orders) {
  Table table({"ID", "STATE", "ROUTE", "AMOUNT", "CUSTOMER", "CREATED", "CAUSE", "TRIES"});
  for (const auto& order : orders) {
    table.add({cell(order, "id"), cell(order, "state"), cell(order, "route"), cell(order, "amount"),
               cell(order, "customer"), cell(order, "created"), cell(order, "cause"), cell(order, "attempts")});
  }
  print(table, "No orders match.");
}

/// Where no order is found under a route's name, the name may be a slip. Orders of a route that was removed are found.
std::optional<Trouble> unknown_route(OperatorClient& client, const OrdersInput& input) {
  if (input.route.empty()) return std::nullopt;
  const auto answer = client.get("modes");
  if (!answer) return answer.error();
  std::vector<std::string> names;
  for (const auto& row : answer->at("modes").as_array()) names.emplace_back(row.at("route").as_string());
  if (std::ranges::find(names, input.route) != names.end()) return std::nullopt;
  const auto meant = nearest(input.route, names);
  return Trouble{fmt::format("No order is of a route '{}', and the configuration has no protected route of that name{}",
                             input.route, meant ? fmt::format(": did you mean '{}'?", *meant) : ".")};
}

int list(const OrdersInput& input) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  const auto answer = client->get(target(input));
  if (!answer) return report(answer.error());
  if (answer->at("orders").as_array().empty()) {
    if (const auto unknown = unknown_route(*client, input)) return report(*unknown);
  }
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
  } else {
    print_orders(answer->at("orders").as_array());
  }
  return 0;
}

void print_fields(const boost::json::object& order) {
  for (const auto& [name, value] : order) {
    if (!value.is_array()) fmt::print("{:22}{}\n", std::string_view(name), cell(order, name));
  }
}

/// The journal leaves a try open also when its answer told nothing, or a crash cut it off. A new one begins only when
/// the one before is over; a live one is listened for until its order is due, or while an intent is `charging`.
bool is_under_way(const boost::json::object& order, const boost::json::value& attempt, WallTime now) {
  const bool is_last = &attempt == &order.at("tries").as_array().back();
  if (!attempt.at("open").as_bool() || !is_last) return false;
  if (attempt.at("kind") != "live" || order.at("state") == "charging") return true;
  const auto due = console::parse_time(cell(order, "due"), now);
  return due && *due > now;
}

void print_story(const boost::json::object& order, WallTime now) {
  fmt::print("\ndecision\n");
  for (const auto& line : order.at("decision").as_array()) fmt::print("  {}\n", printable(line.as_string()));
  fmt::print("\nwhat happened\n");
  Table transitions({"  AT", "TO", "BY", "WHY"});
  for (const auto& row : order.at("transitions").as_array()) {
    transitions.add({"  " + cell(row, "at"), cell(row, "to"), cell(row, "who"), cell(row, "why")});
  }
  print(transitions, "  nothing yet");
  fmt::print("\ntries\n");
  Table tries({"  STARTED", "KIND", "TARGET", "OUTCOME", "DETAIL"});
  for (const auto& row : order.at("tries").as_array()) {
    tries.add({"  " + cell(row, "started"), cell(row, "kind"), cell(row, "target"),
               is_under_way(order, row, now) ? "under way" : cell(row, "outcome"), cell(row, "detail")});
  }
  print(tries, "  none");
}

int show(const OrdersInput& input) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  const auto answer = client->get("orders/" + percent_encoded(input.id));
  if (!answer) return report(answer.error());
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
    return 0;
  }
  print_fields(answer->as_object());
  print_story(answer->as_object(), client->now());
  return 0;
}

/// Fetches one window of arrivals, both ends included.
std::expected<boost::json::array, Trouble> fetch(OperatorClient& client, OrdersInput window) {
  window.limit = std::to_string(page_size);
  auto answer = client.get(target(window));
  if (!answer) return std::unexpected(answer.error());
  return std::move(answer->at("orders").as_array());
}

void print_lines(const boost::json::array& orders) {
  for (const auto& order : orders) fmt::print("{}\n", boost::json::serialize(order));
}

std::string created(const boost::json::value& order) { return std::string(order.at("created").as_string()); }

std::string a_millisecond_after(const std::string& time) {
  return iso8601(console::parse_time(time, {}).value() + std::chrono::milliseconds(1));
}

/// The newest part of a window that holds more than a page: those that arrived after a moment inside it, whole. The
/// moment is then `window.until`. Orders come newest first by when they were kept, which is nearly but not quite when
/// they arrived, so that only a window that was not cut off by the limit is known to be whole.
std::expected<boost::json::array, Trouble> newest_part(OperatorClient& client, OrdersInput& window,
                                                       const boost::json::array& page) {
  for (std::size_t keep = page.size() * 3 / 4; keep > 0; keep /= 2) {
    OrdersInput part = window;
    const std::string moment = created(page[keep]);
    part.since = a_millisecond_after(moment);
    if (part.since > window.until) continue;
    auto orders = fetch(client, part);
    if (!orders) return orders;
    if (orders->size() == page_size) continue;
    window.until = moment;
    return orders;
  }
  return std::unexpected(
      Trouble{fmt::format("more than {} orders arrived in one millisecond before {}: narrow the "
                          "export with --route or --state.",
                          page_size, window.until)});
}

/// "2h" means another moment with every page; what cannot be read is left for the console to refuse.
void fix_time(std::string& given, WallTime now) {
  const auto time = console::parse_time(given, now);
  if (!given.empty() && time) given = iso8601(*time);
}

int export_all(const OrdersInput& input) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  OrdersInput window = input;
  fix_time(window.since, client->now());
  fix_time(window.until, client->now());
  for (;;) {
    const auto page = fetch(*client, window);
    if (!page) return report(page.error());
    if (page->empty()) {
      if (const auto unknown = unknown_route(*client, window)) return report(*unknown);
    }
    if (page->size() < page_size) {
      print_lines(*page);
      return 0;
    }
    // What arrives from now on is left out: the window must not grow while it is read.
    window.until = created(*std::ranges::max_element(*page, {}, created));
    const auto part = newest_part(*client, window, *page);
    if (!part) return report(part.error());
    print_lines(*part);
  }
}

void add_filters(CLI::App& verb, OrdersInput& input) {
  verb.add_option("--state", input.state, "accepted, held, refused, settled, ...");
  verb.add_option("--route", input.route, "Of one route");
  verb.add_option("--customer", input.customer, "Of one customer");
  verb.add_option("--since", input.since, "2026-11-22, 2026-11-22T03:04:05Z, or 2h for two hours ago");
  verb.add_option("--until", input.until, "Likewise");
  verb.add_option("--limit", input.limit, "How many to list, newest first; 100 unless told");
  verb.add_flag("--shadow", input.shadow, "Those decided in shadow mode too");
}

}  // namespace

void add_orders_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("orders", "What was accepted on trust, or declined in the upstream's stead");
  const auto input = std::make_shared<OrdersInput>();
  add_filters(*verb, *input);
  add_operator_options(*verb, input->options);
  verb->require_subcommand(0, 1);
  verb->footer(
      "Example:\n  standin orders list --state held --since 2h\n  standin orders show 01JDA7X1V5Q3T9B2C4D6E8F0GH\n"
      "  standin orders export --since 2026-11-22 > orders.jsonl");

  verb->add_subcommand("list", "The newest orders, or those that the filters let through")->fallthrough();
  auto* showing = verb->add_subcommand("show", "One order: its facts, decision, life and tries")->fallthrough();
  showing->add_option("ID", input->id, "The order's id")->required();
  auto* exporting = verb->add_subcommand("export", "Every order that the filters let through, one JSON object a line");
  exporting->fallthrough();

  verb->callback([input, &status, showing, exporting] {
    if (showing->parsed()) {
      status = show(*input);
    } else if (exporting->parsed()) {
      status = export_all(*input);
    } else {
      status = list(*input);
    }
  });
}

}  // namespace standin
