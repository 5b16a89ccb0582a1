#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "console/handlers.h"
#include "console/input.h"
#include "console/render.h"
#include "console/reply.h"

namespace standin::console {
namespace {

/// Orders in one answer: about 6 MB of JSON. An export asks for one page after another.
constexpr std::size_t orders_in_answer_max = 10'000;

std::string state_names() {
  std::string names;
  for (const State state : all_states) names += fmt::format("{}{}", names.empty() ? "" : ", ", name(state));
  return names;
}

std::size_t read_limit(Input& input) {
  const double limit = input.number("limit").value_or(100);
  if (limit < 1 || limit > static_cast<double>(orders_in_answer_max) || limit != std::floor(limit)) {
    input.reject(fmt::format("'limit' must be a whole number from 1 to {}.", orders_in_answer_max));
    return 100;
  }
  return static_cast<std::size_t>(limit);
}

OrderFilter read_filter(Input& input, WallTime now) {
  OrderFilter filter;
  if (const std::string state = input.text("state"); !state.empty()) {
    filter.state = parse_state(state);
    if (!filter.state) input.reject(fmt::format("'state' must be one of {}.", state_names()));
  }
  filter.route = input.text("route");
  filter.customer = input.text("customer");
  filter.since = input.time("since", now);
  filter.until = input.time("until", now);
  filter.include_shadow = input.flag("shadow");
  filter.limit = read_limit(input);
  return filter;
}

boost::json::array lines(std::string_view text) {
  boost::json::array out;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.empty()) out.emplace_back(line);
  }
  return out;
}

Response show(const ConsolePorts& ports, const Ulid& id) {
  const auto found = ports.journal.orders({.id = id, .include_shadow = true, .limit = 1});
  if (!found) return journal_failed(found.error());
  if (found->empty()) return not_found("No order has that id. `standin orders list` shows the newest.");
  const auto transitions = ports.journal.transitions(id);
  if (!transitions) return journal_failed(transitions.error());
  const auto attempts = ports.journal.attempts(id);
  if (!attempts) return journal_failed(attempts.error());

  const OrderRow& order = found->front();
  boost::json::object out = rendered(order);
  out["stand_in"] = order.stand_in;
  out["config_version"] = order.config_version;
  out["decision"] = lines(order.decision);
  out["transitions"] = rendered_all(*transitions);
  out["tries"] = rendered_all(*attempts);
  return json_response(200, out);
}

}  // namespace

Task<Response> list_orders(const ConsolePorts& ports, Call call) {
  Input input = Input::of_query(call.request, {"state", "route", "customer", "since", "until", "limit", "shadow"});
  const OrderFilter filter = read_filter(input, ports.clock.wall());
  if (input.problem()) co_return bad_input(*input.problem());
  const auto orders = ports.journal.orders(filter);
  if (!orders) co_return journal_failed(orders.error());
  co_return json_list(200, "orders", rendered_all(*orders));
}

Task<Response> show_order(const ConsolePorts& ports, Call call) {
  const auto id = Ulid::parse(call.captured.at(0));
  if (!id) co_return bad_input("An order's id is a ULID of 26 characters, such as 01JDA7X1V5Q3T9B2C4D6E8F0GH.");
  co_return show(ports, *id);
}

}  // namespace standin::console
