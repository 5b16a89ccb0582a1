#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/units.h"
#include "console/handlers.h"
#include "console/input.h"
#include "console/render.h"
#include "console/reply.h"
#include "telemetry/log.h"

namespace standin {

Result<void> load_switches(Journal& journal, const TargetStates& targets) {
  const auto rows = journal.switches();
  if (!rows) return std::unexpected(rows.error());
  for (const SwitchRow& row : *rows) {
    if (row.cut) targets.switches()->cut({row.upstream, row.key, row.until, row.who, row.why});
  }
  return {};
}

namespace console {
namespace {

/// What is cut off for longer than this is a change of configuration.
constexpr Duration cut_span_max = std::chrono::hours(24 * 30);

/// The facts that the upstream's breakers go by; nothing if no upstream in use has that name.
std::optional<std::vector<std::string>> key_facts(const ConsolePorts& ports, const std::string& upstream) {
  const auto targets = ports.targets.views(ports.clock.now());
  const auto found = std::ranges::find(targets, upstream, &TargetView::upstream);
  if (found == targets.end()) return std::nullopt;
  return found->key_facts;
}

std::string no_such_upstream(const ConsolePorts& ports, const std::string& upstream) {
  std::vector<std::string> names;
  for (const TargetView& target : ports.targets.views(ports.clock.now())) names.push_back(target.upstream);
  const auto meant = nearest(upstream, names);
  return fmt::format(
      "No upstream in use is called '{}'{}", upstream,
      meant ? fmt::format(": did you mean '{}'?", *meant) : std::string("; `standin upstreams` lists them."));
}

/// A key that no request can have would cut nothing, and the operator would believe otherwise.
void check_key(Input& input, const SwitchRow& row, const std::vector<std::string>& facts) {
  if (row.key.empty()) return;
  std::string form;
  for (const std::string& fact : facts) form += (form.empty() ? "" : "/") + fact;
  if (facts.empty()) {
    input.reject(
        fmt::format("'{}' has no keys: its breaker names no facts. Without 'key' all of it is cut.", row.upstream));
  } else if (split(row.key, '/').size() != facts.size()) {
    input.reject(fmt::format("A key of '{}' is {}: give a value for each.", row.upstream, form));
  }
}

/// One that none has had so far is possible, and is more often a slip.
std::string warning(const ConsolePorts& ports, const SwitchRow& row) {
  std::string text;
  if (row.until == WallTime{}) text = "It stays cut until somebody restores it: no 'for' was given.";
  const std::vector<std::string> keys = ports.targets.keys(row.upstream);
  if (row.key.empty() || std::ranges::find(keys, row.key) != keys.end()) return text;
  const auto meant = nearest(row.key, keys);
  if (!text.empty()) text += ' ';
  return text + "No request has had this key so far" + (meant ? fmt::format("; did you mean '{}'?", *meant) : ".");
}

SwitchRow read_switch(Input& input, const Call& call, bool cut) {
  SwitchRow row{.upstream = call.captured.at(0), .key = input.kept_text("key"), .cut = cut};
  row.why = input.required_text("why", "say why, for those who read the record of this outage");
  row.who = who_or_operator(input.kept_text("who"));
  return row;
}

void read_end(Input& input, SwitchRow& row, WallTime now) {
  const auto span = input.span("for");
  if (span && *span > cut_span_max) {
    input.reject(
        fmt::format("'for' is at most {}: what is to stay belongs in the configuration.", duration_text(cut_span_max)));
  } else if (span) {
    row.until = now + std::chrono::ceil<std::chrono::milliseconds>(*span);
  }
}

std::string named(const SwitchRow& row) {
  return row.key.empty() ? row.upstream : fmt::format("{} with key {}", row.upstream, row.key);
}

boost::json::array rendered_cuts(const ConsolePorts& ports) {
  return rendered_all(ports.targets.switches()->in_force(ports.clock.wall()));
}

bool is_cut(const ConsolePorts& ports, const SwitchRow& row) {
  const auto cuts = ports.targets.switches()->in_force(ports.clock.wall());
  return std::ranges::any_of(cuts, [&](const Cut& cut) { return cut.upstream == row.upstream && cut.key == row.key; });
}

}  // namespace

Task<Response> list_upstreams(const ConsolePorts& ports, Call) {
  boost::json::array names;
  if (ports.names) names = rendered_all(ports.names->names());
  const boost::json::object shown{{"targets", rendered_all(ports.targets.views(ports.clock.now()))},
                                  {"cut", rendered_cuts(ports)},
                                  {"names", std::move(names)}};
  co_return json_response(200, shown);
}

Task<Response> cut_upstream(const ConsolePorts& ports, Call call) {
  const auto facts = key_facts(ports, call.captured.at(0));
  if (!facts) co_return not_found(no_such_upstream(ports, call.captured.at(0)));
  Input input = Input::of_body(call.request, {"key", "for", "why", "who"});
  SwitchRow row = read_switch(input, call, true);
  read_end(input, row, ports.clock.wall());
  check_key(input, row, *facts);
  if (input.problem()) co_return bad_input(*input.problem());
  const auto kept = co_await ports.journal.set_switch(row);
  if (!kept) co_return journal_failed(kept.error());
  ports.targets.switches()->cut({row.upstream, row.key, row.until, row.who, row.why});
  Log::warn("cut", fmt::format("{} is cut off by {}: {}", named(row), row.who, row.why));
  const boost::json::object shown{{"cut", rendered_cuts(ports)}, {"warning", warning(ports, row)}};
  co_return json_response(200, shown);
}

Task<Response> restore_upstream(const ConsolePorts& ports, Call call) {
  Input input = Input::of_body(call.request, {"key", "why", "who"});
  const SwitchRow row = read_switch(input, call, false);
  if (input.problem()) co_return bad_input(*input.problem());
  if (!is_cut(ports, row))
    co_return not_found(fmt::format("{} is not cut off; `standin upstreams` lists what is.", named(row)));
  const auto kept = co_await ports.journal.set_switch(row);
  if (!kept) co_return journal_failed(kept.error());
  ports.targets.switches()->restore(row.upstream, row.key);
  Log::warn("restored", fmt::format("{} is restored by {}: {}", named(row), row.who, row.why));
  co_return json_list(200, "cut", rendered_cuts(ports));
}

}  // namespace console
}  // namespace standin
