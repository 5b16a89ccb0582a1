#include <fmt/format.h>

#include <functional>

#include "console/handlers.h"
#include "console/input.h"
#include "console/render.h"
#include "console/reply.h"
#include "telemetry/log.h"

namespace standin::console {
namespace {

/// Orders a second: beyond this a typing error is likelier than an upstream that bears it.
constexpr double replay_rate_max = 10'000;

void read_what(Input& input, ReplayOrder& what) {
  const std::string order = input.text("order");
  what.route = input.text("route");
  const bool all = input.flag("all");
  if ((order.empty() ? 0 : 1) + (what.route.empty() ? 0 : 1) + (all ? 1 : 0) != 1) {
    input.reject("Say which orders: exactly one of 'order' (an id), 'route' (a name) and 'all' (true).");
  }
  if (!order.empty()) {
    what.order = Ulid::parse(order);
    if (!what.order) input.reject("'order' must be an order's id, a ULID of 26 characters.");
  }
  what.rate = input.number("rate");
  if (what.rate && !(*what.rate > 0 && *what.rate <= replay_rate_max)) {
    input.reject(fmt::format("'rate' is orders a second: above 0, at most {}.", replay_rate_max));
  }
}

/// Nothing, or why those orders cannot be replayed.
std::optional<Response> absent(const ConsolePorts& ports, const ReplayOrder& what) {
  if (!what.route.empty()) {
    if (const auto unknown = unknown_route(ports, what.route)) return not_found(*unknown);
  }
  const auto found = ports.journal.orders({.id = what.order, .include_shadow = true, .limit = 1});
  if (!found) return journal_failed(found.error());
  if (what.order && found->empty())
    return not_found("No order has that id. `standin orders list --state held` shows what waits.");
  return std::nullopt;
}

Response status_of_all(const ConsolePorts& ports, int status) {
  return json_list(status, "routes", rendered_all(ports.replay.status()));
}

std::string description(const ReplayOrder& what) {
  if (what.order) return "order " + what.order->text();
  return what.route.empty() ? "all routes" : "route " + what.route;
}

/// Reads who and which route, does it, and answers how the replay stands then.
Response tell(const ConsolePorts& ports, const Call& call, std::string_view action,
              const std::function<Result<void>(const std::string& route, const std::string& who)>& act) {
  Input input = Input::of_body(call.request, {"route", "who"});
  const std::string route = input.text("route");
  const std::string who = who_or_operator(input.kept_text("who"));
  if (input.problem()) return bad_input(*input.problem());
  if (!route.empty()) {
    if (const auto unknown = unknown_route(ports, route)) return not_found(*unknown);
  }
  const auto done = act(route, who);
  if (!done) return refusal(409, "The replay cannot do that now", done.error().what);
  Log::info("replay", fmt::format("{} {} by {}", action, route.empty() ? "all routes" : route, who));
  return status_of_all(ports, 200);
}

}  // namespace

Task<Response> show_replay(const ConsolePorts& ports, Call) {
  const auto any = ports.journal.orders({.limit = 1});
  if (!any) co_return journal_failed(any.error());
  co_return status_of_all(ports, 200);
}

Task<Response> start_replay(const ConsolePorts& ports, Call call) {
  Input input = Input::of_body(call.request, {"order", "route", "all", "rate", "who"});
  ReplayOrder what;
  read_what(input, what);
  const std::string who = who_or_operator(input.kept_text("who"));
  if (input.problem()) co_return bad_input(*input.problem());
  if (auto missing = absent(ports, what)) co_return std::move(*missing);
  const auto started = ports.replay.start(what);
  if (!started) co_return refusal(409, "The replay cannot start", started.error().what);
  Log::info("replay", fmt::format("start {} by {}", description(what), who));
  co_return status_of_all(ports, 202);
}

Task<Response> pause_replay(const ConsolePorts& ports, Call call) {
  co_return tell(ports, call, "pause",
                 [&](const std::string& route, const std::string& who) { return ports.replay.pause(route, who); });
}

Task<Response> resume_replay(const ConsolePorts& ports, Call call) {
  co_return tell(ports, call, "resume",
                 [&](const std::string& route, const std::string&) { return ports.replay.resume(route); });
}

Task<Response> stop_replay(const ConsolePorts& ports, Call call) {
  co_return tell(ports, call, "stop",
                 [&](const std::string& route, const std::string&) { return ports.replay.stop(route); });
}

}  // namespace standin::console
