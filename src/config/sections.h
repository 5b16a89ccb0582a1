#pragma once

#include <filesystem>
#include <optional>

#include "config/config.h"
#include "config/problems.h"
#include "config/tree.h"

/// The document's sections as typed values. Each reader reports only what concerns one value in itself (its form, a
/// file that it names); what sections say about each other is checked afterwards.
namespace standin {

/// Resolves the paths that a configuration names.
class Folder {
 public:
  explicit Folder(const std::string& file) : folder_(std::filesystem::path(file).parent_path()) {}
  /// Relative to the configuration's own folder; "" stays "".
  std::string resolve(const std::string& path) const;

 private:
  std::filesystem::path folder_;
};

/// The text of a file of secrets at `path` of a table; nothing if none is named, or if it cannot be read, which is
/// reported. Warns if others may read it. No message quotes its text.
std::optional<std::string> read_secrets(const Node& table, std::string_view path, const Folder& folder,
                                        Problems& problems);

/// The path of a PEM file that `path` of a table names; "" if it names none. Reports one that is not there, or holds
/// nothing in PEM form.
std::string read_pem_path(const Node& table, std::string_view path, const Folder& folder, Problems& problems);

void read_process(const Node& root, const Folder& folder, Config& config, Problems& problems);
void read_listen(const Node& root, const Folder& folder, std::vector<ListenConfig>& listeners, Problems& problems);
UpstreamConfig read_upstream(const Node& table, const Folder& folder, Problems& problems);
/// What only gateways have: currency, country, credentials, and how their own search is used.
void read_gateway(const Node& table, const Folder& folder, UpstreamConfig& upstream, Problems& problems);
RouteConfig read_route(const Node& table, const Folder& folder, Problems& problems);
StandInConfig read_stand_in(const Node& table, const Folder& folder, Problems& problems);
Policy read_policy(const Node& table, Problems& problems);

}  // namespace standin
