#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/units.h"
#include "console/handlers.h"
#include "console/input.h"
#include "console/render.h"
#include "console/reply.h"
#include "telemetry/log.h"

namespace standin::console {
namespace {

/// A button pressed for longer than this is a change of configuration.
constexpr Duration mode_span_max = std::chrono::hours(24 * 30);

boost::json::object rendered_mode(const RouteConfig& route, const ModeRow* changed) {
  return {{"route", route.name},
          {"mode", name(changed ? changed->mode : route.mode)},
          {"configured", name(route.mode)},
          {"until", changed ? rendered_time(changed->until) : nullptr},
          {"who", changed ? changed->who : ""},
          {"why", changed ? changed->why : ""}};
}

std::optional<RouteConfig> configured(const ConsolePorts& ports, std::string_view route) {
  for (RouteConfig& candidate : ports.protected_routes()) {
    if (candidate.name == route) return std::move(candidate);
  }
  return std::nullopt;
}

Mode read_mode(Input& input) {
  const auto mode = parse_mode(input.text("mode"));
  if (mode) return *mode;
  input.reject("'mode' must be \"off\", \"auto\", \"forced\", \"fallback\" or \"shadow\".");
  return Mode::automatic;
}

ModeRow read_change(Input& input, WallTime now) {
  ModeRow row{.mode = read_mode(input)};
  row.why = input.required_text("why", "say why, for those who read the record of this outage");
  row.who = who_or_operator(input.kept_text("who"));
  const auto span = input.span("for");
  if (span && *span > mode_span_max) {
    input.reject(fmt::format("'for' is at most {}: what is to stay belongs in the configuration.",
                             duration_text(mode_span_max)));
  } else if (span) {
    row.until = now + std::chrono::ceil<std::chrono::milliseconds>(*span);
  }
  return row;
}

std::string warning(const ModeRow& row) {
  if (row.mode == Mode::automatic || row.until != WallTime{}) return "";
  return fmt::format("The mode stays {} until somebody changes it: no 'for' was given.", name(row.mode));
}

}  // namespace

Task<Response> list_modes(const ConsolePorts& ports, Call) {
  const std::vector<ModeRow> changed = ports.modes.changed(ports.clock.wall());
  boost::json::array list;
  for (const RouteConfig& route : ports.protected_routes()) {
    const auto row = std::ranges::find(changed, route.name, &ModeRow::route);
    list.emplace_back(rendered_mode(route, row == changed.end() ? nullptr : &*row));
  }
  co_return json_list(200, "modes", std::move(list));
}

Task<Response> change_mode(const ConsolePorts& ports, Call call) {
  const auto route = configured(ports, call.captured.at(0));
  if (!route) co_return not_found(*unknown_route(ports, call.captured.at(0)));
  Input input = Input::of_body(call.request, {"mode", "for", "why", "who"});
  ModeRow row = read_change(input, ports.clock.wall());
  row.route = route->name;
  if (input.problem()) co_return bad_input(*input.problem());
  const auto kept = co_await ports.modes.set(row);
  if (!kept) co_return journal_failed(kept.error());
  Log::warn("mode", fmt::format("{} is {} by {}: {}", row.route, name(row.mode), row.who, row.why));
  boost::json::object out = rendered_mode(*route, &row);
  out["warning"] = warning(row);
  co_return json_response(200, out);
}

std::optional<std::string> unknown_route(const ConsolePorts& ports, std::string_view route) {
  std::vector<std::string> names;
  for (RouteConfig& candidate : ports.protected_routes()) names.push_back(std::move(candidate.name));
  if (std::ranges::find(names, route) != names.end()) return std::nullopt;
  const auto meant = nearest(route, names);
  if (meant) return fmt::format("No protected route is called '{}': did you mean '{}'?", route, *meant);
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
  return fmt::format("No protected route is called '{}'. There are: {}.", route, all.empty() ? "none" : all);
}

}  // namespace standin::console
