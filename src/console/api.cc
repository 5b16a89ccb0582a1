#include "console/api.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "console/handlers.h"
#include "console/input.h"
#include "console/reply.h"

namespace standin {
namespace {

using console::Call;
using Operate = Task<Response> (*)(const ConsolePorts&, Call);

constexpr std::array<ApiOperation, 16> all_operations{{
    {"GET", "/api/v1/orders"},
    {"GET", "/api/v1/orders/{id}"},
    {"GET", "/api/v1/replay"},
    {"POST", "/api/v1/replay"},
    {"POST", "/api/v1/replay/pause"},
    {"POST", "/api/v1/replay/resume"},
    {"POST", "/api/v1/replay/stop"},
    {"GET", "/api/v1/followups"},
    {"POST", "/api/v1/followups/{id}"},
    {"GET", "/api/v1/modes"},
    {"PUT", "/api/v1/modes/{route}"},
    {"GET", "/api/v1/upstreams"},
    {"POST", "/api/v1/upstreams/{upstream}/cut"},
    {"POST", "/api/v1/upstreams/{upstream}/restore"},
    {"GET", "/api/v1/exposure"},
    {"GET", "/api/v1/health"},
}};

/// In the order of `all_operations`.
constexpr std::array<Operate, all_operations.size()> performers{
    console::list_orders,      console::show_order,       console::show_replay,   console::start_replay,
    console::pause_replay,     console::resume_replay,    console::stop_replay,   console::list_follow_ups,
    console::act_on_follow_up, console::list_modes,       console::change_mode,   console::list_upstreams,
    console::cut_upstream,     console::restore_upstream, console::show_exposure, console::show_health};

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }

/// What the path's segments are for the pattern's {braces}; nothing if it does not match.
std::optional<std::vector<std::string>> captured(std::string_view pattern, std::string_view path) {
  const auto expected = split(pattern, '/');
  const auto given = split(path, '/');
  if (expected.size() != given.size()) return std::nullopt;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (is_capture(expected[i])) {
      values.push_back(console::percent_decoded(given[i]));
    } else if (expected[i] != given[i]) {
      return std::nullopt;
    }
  }
  return values;
}

Response wrong_method(const std::string& allowed) {
  Response response = console::refusal(405, "Method not allowed", "This path answers " + allowed + ".");
  response.headers.add("Allow", allowed);
  return response;
}

}  // namespace

std::span<const ApiOperation> Api::operations() { return all_operations; }

Task<Reply> Api::handle(Request request, std::shared_ptr<const Client>) const {
  std::string allowed;
  for (std::size_t i = 0; i < all_operations.size(); ++i) {
    auto values = captured(all_operations[i].path, request.path());
    if (!values) continue;
    if (all_operations[i].method == request.method) {
      Call call{.request = std::move(request), .captured = std::move(*values)};
      Response response = co_await performers[i](ports_, std::move(call));
      co_return Reply{.response = std::move(response), .undelivered = {}};
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(all_operations[i].method);
  }
  if (!allowed.empty()) co_return Reply{.response = wrong_method(allowed), .undelivered = {}};
  co_return Reply{
      .response = console::not_found("The API is described in docs/api.yaml; its paths start with /api/v1/."),
      .undelivered = {}};
}

}  // namespace standin
