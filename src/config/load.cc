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

Config read_sections(const Node& root, const Folder& folder, Problems& problems) {
  Config config;
  read_process(root, folder, config, problems);
  for (const Node* table : tables_in(root, "upstream")) {
    config.upstreams.emplace(table->key, read_upstream(*table, problems));
  }
  for (const Node* table : tables_in(root, "route")) config.routes.push_back(read_route(*table, folder, problems));
  for (const Node* table : tables_in(root, "stand_in")) {
    config.stand_ins.emplace(table->key, read_stand_in(*table, folder, problems));
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
