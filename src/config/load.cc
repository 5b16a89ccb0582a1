#include <fmt/format.h>

#include <algorithm>

#include "config/check.h"
#include "config/config.h"
#include "config/route_match.h"
#include "config/schema.h"
#include "config/sections.h"
#include "config/text_hash.h"
#include "config/values.h"

namespace standin {
namespace {

/// A stand-in that is written in its route: it has the route's name and dialect, and its amounts the first party's
/// currency.
void add_stand_in(const Node& route_table, const RouteConfig& route, const Folder& folder, Config& config,
                  Problems& problems) {
  const Node* table = route_table.find("stand_in");
  if (table == nullptr || table->type != Node::Type::table) return;
  StandInConfig stand_in = read_stand_in(*table, folder, problems);
  stand_in.name = route.name;
  stand_in.dialect = route.dialect;
  if (const auto party = config.upstreams.find(route.upstream); party != config.upstreams.end()) {
    stand_in.currency = party->second.currency;
    stand_in.country = party->second.country;
    stand_in.accounts = party->second.credentials;
  }
  if (config.stand_ins.emplace(route.name, std::move(stand_in)).second) return;
  problems.error(table->key_place, fmt::format("route '{0}': a stand_in written in place has the route's name, and "
                                               "there is a [stand_in.{0}] already",
                                               route.name));
}

Config read_sections(const Node& root, const Folder& folder, Problems& problems) {
  Config config;
  read_process(root, folder, config, problems);
  for (const Node* table : tables_in(root, "upstream")) {
    config.upstreams.emplace(table->key, read_upstream(*table, folder, problems));
  }
  for (const Node* table : tables_in(root, "stand_in")) {
    config.stand_ins.emplace(table->key, read_stand_in(*table, folder, problems));
  }
  for (const Node* table : tables_in(root, "route")) {
    config.routes.push_back(read_route(*table, folder, problems));
    add_stand_in(*table, config.routes.back(), folder, config, problems);
  }
  for (const Node* table : tables_in(root, "policy")) {
    config.policies.emplace(table->key, read_policy(*table, problems));
  }
  return config;
}

void check_sections(const Config& config, const Node& root, Problems& problems) {
  check_process(config, root, problems);
  check_routes(config, root, problems);
  check_parties(config, root, problems);
  check_stand_ins(config, root, problems);
  check_gateways(config, root, problems);
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& file) {
  const auto root = parse_tree(text, file);
  if (!root) return std::unexpected(root.error());
  Problems problems(file);
  check_schema(*root, problems);
  Config config = read_sections(*root, Folder(file), problems);
  check_sections(config, *root, problems);
  if (problems.any()) return failure(fmt::format("{}", fmt::join(problems.errors(), "\n")));
  std::ranges::stable_sort(config.routes, more_specific);
  config.file = file;
  config.version = version_of(text);
  config.warnings = problems.warnings();
  return config;
}

Result<Config> load_config(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return failure(fmt::format("{}: {}", path, text.error().what));
  return parse_config(*text, path);
}

}  // namespace standin
