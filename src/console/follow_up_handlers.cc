#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "console/handlers.h"
#include "console/input.h"
#include "console/render.h"
#include "console/reply.h"
#include "telemetry/log.h"

namespace standin::console {
namespace {

/// One step as the journal knows it: closing is "collected" or "written_off" there.
struct Step {
  std::string action, who, text;
};

std::string closing(Input& input) {
  const std::string as = input.text("as");
  if (as != "collected" && as != "written_off") {
    input.reject("Closing needs 'as': \"collected\" (the money came in) or \"written_off\" (it will not).");
  }
  return as;
}

Step read_step(Input& input) {
  Step step{
      .action = input.text("action"), .who = who_or_operator(input.kept_text("who")), .text = input.kept_text("text")};
  if (step.action == "close") {
    step.action = closing(input);
    return step;
  }
  if (input.has("as")) input.reject("'as' belongs to \"close\" alone.");
  if (step.action == "note") {
    input.required_text("text", "a note says something");
  } else if (step.action != "take") {
    input.reject("'action' must be \"take\", \"note\" or \"close\".");
  }
  return step;
}

Response shown(const ConsolePorts& ports, std::int64_t id) {
  const auto rows = ports.journal.follow_ups(false);
  if (!rows) return journal_failed(rows.error());
  const auto row = std::ranges::find(*rows, id, &FollowUpRow::id);
  if (row == rows->end()) return not_found("No follow-up has that id. `standin followups` lists the open ones.");
  return json_response(200, rendered(*row));
}

}  // namespace

Task<Response> list_follow_ups(const ConsolePorts& ports, Call call) {
  Input input = Input::of_query(call.request, {"all"});
  const bool all = input.flag("all");
  if (input.problem()) co_return bad_input(*input.problem());
  const auto rows = ports.journal.follow_ups(!all);
  if (!rows) co_return journal_failed(rows.error());
  co_return json_list(200, "follow_ups", rendered_all(*rows));
}

Task<Response> act_on_follow_up(const ConsolePorts& ports, Call call) {
  std::int64_t id = 0;
  const std::string& given = call.captured.at(0);
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), id);
  if (error != std::errc() || end != given.data() + given.size()) co_return bad_input("A follow-up's id is a number.");
  Input input = Input::of_body(call.request, {"action", "who", "text", "as"});
  const Step step = read_step(input);
  if (input.problem()) co_return bad_input(*input.problem());
  Response before = shown(ports, id);
  if (before.status != 200) co_return before;
  const auto done = co_await ports.journal.update_follow_up(id, step.action, step.who, step.text);
  if (!done) co_return refusal(409, "The follow-up was not changed", done.error().what);
  Log::info("follow_up", fmt::format("{} {} by {}", step.action, id, step.who));
  co_return shown(ports, id);
}

}  // namespace standin::console
