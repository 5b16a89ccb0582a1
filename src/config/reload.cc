#include "config/reload.h"

#include <fmt/format.h>

#include <algorithm>

namespace standin {
namespace {

/// What has become of the group's names, as the end of a sentence; "" if nothing has.
std::string broken_by(const Config& next, const OpenOrders& open) {
  const auto route = std::ranges::find(next.routes, open.route, &RouteConfig::name);
  if (route == next.routes.end()) return fmt::format("route '{}' is gone or renamed", open.route);
  if (!next.upstreams.contains(open.upstream)) return fmt::format("upstream '{}' is gone", open.upstream);
  if (!next.stand_ins.contains(open.stand_in)) return fmt::format("stand_in '{}' is gone", open.stand_in);
  const std::vector<std::string> upstreams = route->all_upstreams();
  if (std::ranges::find(upstreams, open.upstream) == upstreams.end()) {
    return fmt::format("route '{}' now goes to upstream '{}', not '{}'", open.route, fmt::join(upstreams, "' or '"),
                       open.upstream);
  }
  if (!route->is_protected()) return fmt::format("route '{}' no longer has stand_in '{}'", open.route, open.stand_in);
  if (route->stand_in != open.stand_in) {
    return fmt::format("route '{}' now has stand_in '{}', not '{}'", open.route, route->stand_in, open.stand_in);
  }
  return "";
}

}  // namespace

std::vector<std::string> orphaned_by(const Config& next, std::span<const OpenOrders> open) {
  std::vector<std::string> orphaned;
  for (const OpenOrders& group : open) {
    const std::string broken = group.count == 0 ? "" : broken_by(next, group);
    if (broken.empty()) continue;
    orphaned.push_back(fmt::format("{} open order{} of route '{}' would be orphaned: {}", group.count,
                                   group.count == 1 ? "" : "s", group.route, broken));
  }
  return orphaned;
}

}  // namespace standin
