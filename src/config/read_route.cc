#include <filesystem>

#include "config/names.h"
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

/// One name, or several in the order in which they are tried.
void read_upstreams(const Node& table, RouteConfig& route) {
  read(table, "upstream", route.upstream);
  std::vector<std::string> several;
  read(table, "upstream", several);
  if (several.empty()) return;
  route.upstream = several.front();
  route.more_upstreams.assign(several.begin() + 1, several.end());
}

/// A name, or a table in place, which then has the route's.
void read_stand_in_name(const Node& table, RouteConfig& route) {
  read(table, "stand_in", route.stand_in);
  const Node* stand_in = table.find("stand_in");
  if (stand_in != nullptr && stand_in->type == Node::Type::table) route.stand_in = route.name;
}

void read_key(const Node& table, RouteConfig& route) {
  read(table, "key", route.key_header);
  if (route.key_header == "none") route.key_header.clear();
  read(table, "key", route.key_facts);
  read(table, "key_window", route.key_window);
  read(table, "key_required", route.key_required);
}

void read_cache(const Node& table, RouteConfig& route) {
  const Node* cache = table.find("cache");
  if (cache == nullptr || cache->type != Node::Type::table) return;
  route.cache.emplace();
  read(*cache, "fresh", route.cache->fresh);
  read(*cache, "stale_while_revalidate", route.cache->stale_while_revalidate);
  read(*cache, "stale_if_error", route.cache->stale_if_error);
  read_bytes(*cache, "size", route.cache->bytes_max);
}

/// What a plain route alone has, beside its outage page.
void read_front_door(const Node& table, const Folder& folder, RouteConfig& route, Problems& problems) {
  read_cache(table, route);
  read(table, "redirect", route.redirect);
  read(table, "redirect_status", route.redirect_status);
  read(table, "fallback_files", route.fallback_files);
  route.fallback_files = folder.resolve(route.fallback_files);
  std::error_code ignored;
  if (route.fallback_files.empty() || std::filesystem::is_directory(route.fallback_files, ignored)) return;
  problems.error(table.place_of("fallback_files"),
                 "'route.fallback_files': '" + route.fallback_files + "' is not a folder");
}

}  // namespace

RouteConfig read_route(const Node& table, const Folder& folder, Problems& problems) {
  RouteConfig route;
  read(table, "name", route.name);
  read_match(table, route, problems);
  read(table, "dialect", route.dialect);
  read_upstreams(table, route);
  read_stand_in_name(table, route);
  std::string mode;
  read(table, "mode", mode);
  route.mode = parse_mode(mode).value_or(route.mode);
  read(table, "deadline", route.deadline);
  read_key(table, route);
  read_front_door(table, folder, route, problems);
  // A gateway's keys belong to merchants, whatever the route says of them: one's must never be another's.
  if (is_gateway(route.dialect) && route.is_protected()) route.tenant = "merchant";
  read(table, "tenant", route.tenant);
  std::string idempotency;
  read(table, "idempotency", idempotency);
  route.journalled = idempotency == "journalled";
  read(table, "fold_duplicates", route.fold_duplicates);
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
