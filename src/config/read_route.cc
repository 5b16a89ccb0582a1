#include "config/route_match.h"
#include "config/sections.h"
#include "config/values.h"

namespace standin {
namespace {

void read_match(const Node& table, RouteConfig& route, Problems& problems) {
  std::string text;
  read(table, "match", text);
  const Node* node = table.find("match");
  if (node == nullptr || node->type != Node::Type::text) return;
  const auto match = parse_match(text);
  if (!match) return problems.error(node->value_place, "'route.match': " + match.error().what);
  route.host = match->host;
  route.method = match->method;
  route.path = match->path;
}

void read_key(const Node& table, RouteConfig& route) {
  read(table, "key", route.key_header);
  if (route.key_header == "none") route.key_header.clear();
  read(table, "key", route.key_facts);
  read(table, "key_required", route.key_required);
}

}  // namespace

RouteConfig read_route(const Node& table, const Folder& folder, Problems& problems) {
  RouteConfig route;
  read(table, "name", route.name);
  read_match(table, route, problems);
  read(table, "upstream", route.upstream);
  read(table, "stand_in", route.stand_in);
  std::string mode;
  read(table, "mode", mode);
  route.mode = parse_mode(mode).value_or(route.mode);
  read(table, "deadline", route.deadline);
  read_key(table, route);
  read(table, "tenant", route.tenant);
  read(table, "outage_page", route.outage_page);
  route.outage_page = folder.resolve(route.outage_page);
  if (route.outage_page.empty()) return route;
  const auto page = read_regular_file(route.outage_page);
  if (!page) {
    problems.error(table.place_of("outage_page"),
                   "'route.outage_page': '" + route.outage_page + "' " + page.error().what);
  }
  return route;
}

}  // namespace standin
