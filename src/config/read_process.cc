#include <fmt/format.h>

#include <limits>

#include "config/forms.h"
#include "config/sections.h"
#include "config/values.h"

namespace standin {
namespace {

/// sockaddr_un::sun_path holds 108 bytes, the last of them zero.
constexpr std::size_t socket_path_bytes_max = 107;

void check_each(const Node& root, std::string_view path, Result<void> (*check)(std::string_view), Problems& problems) {
  const Node* list = root.find(path);
  if (list == nullptr) return;
  for (const Node& item : list->items) {
    const auto checked = check(item.text);
    if (!checked && item.type == Node::Type::text) {
      problems.error(item.value_place, fmt::format("'{}': {}", path, checked.error().what));
    }
  }
}

void read_count(const Node& root, std::string_view path, std::size_t& out) {
  unsigned count = static_cast<unsigned>(out);
  read(root, path, count);
  out = count;
}

void read_server(const Node& root, ServerConfig& server, Problems& problems) {
  read(root, "server.threads", server.threads);
  read_bytes(root, "server.limits.body", server.body_bytes_max);
  read_bytes(root, "server.limits.streamed_body", server.streamed_body_bytes_max);
  read_bytes(root, "server.limits.headers", server.head_bytes_max);
  read_count(root, "server.limits.connections", server.connections_max);
  read_count(root, "server.limits.connections_per_address", server.connections_per_address);
  read_count(root, "server.limits.requests_per_connection", server.requests_per_connection);
  read(root, "server.limits.idle", server.idle);
  read(root, "server.limits.receive", server.receive);
  read_bytes(root, "server.limits.body_rate", server.body_rate_min);
  if (server.body_rate_min == std::numeric_limits<std::size_t>::max()) server.body_rate_min = 0;
  read_bytes(root, "server.limits.in_flight_memory", server.in_flight_bytes_max);
  read(root, "server.trusted_proxies", server.trusted_proxies);
  read(root, "server.drain", server.drain);
  check_each(root, "server.trusted_proxies", check_address_block, problems);
}

void read_journal(const Node& root, const Folder& folder, JournalConfig& journal, Problems& problems) {
  std::string url;
  read(root, "journal.url", url);
  read(root, "journal.key_file", journal.key_file);
  if (root.find("journal.key_file") != nullptr && journal.key_file.empty()) {
    problems.error(root.place_of("journal.key_file"), "'journal.key_file' names a file; `standin keys new` writes one");
  }
  journal.key_file = folder.resolve(journal.key_file);
  if (root.find("journal.url") == nullptr) return;
  constexpr std::string_view scheme = "sqlite:";
  const Place place = root.place_of("journal.url");
  if (url.starts_with("postgres")) {
    problems.error(place, "'journal.url': a shared journal is not in this version: write \"sqlite:PATH\"");
  } else if (!url.starts_with(scheme) || url.size() == scheme.size()) {
    problems.error(place, "'journal.url': is written \"sqlite:PATH\"");
  } else {
    journal.path = folder.resolve(url.substr(scheme.size()));
  }
}

void read_console(const Node& root, const Folder& folder, Config& config, Problems& problems) {
  ConsoleConfig& console = config.console;
  read(root, "console.listen", console.listen);
  read(root, "console.socket", console.socket);
  const Place place = root.place_of("console.listen");
  const auto address = check_listen_address(console.listen);
  if (!console.listen.empty() && !address) problems.error(place, "'console.listen': " + address.error().what);
  const std::filesystem::path beside = std::filesystem::path(config.journal.path).parent_path() / "standin.sock";
  const bool given = !console.socket.empty();
  console.socket = given || config.journal.path.empty() ? folder.resolve(given ? console.socket : "standin.sock")
                                                        : beside.lexically_normal().string();
  if (console.socket.size() > socket_path_bytes_max) {
    problems.error(root.place_of("console.socket"),
                   fmt::format("'console.socket': '{}' is longer than the {} bytes a Unix socket's path may have",
                               console.socket, socket_path_bytes_max));
  }
}

void read_dns(const Node& root, DnsConfig& dns, Problems& problems) {
  read(root, "dns.servers", dns.servers);
  read(root, "dns.ttl_min", dns.ttl_min);
  read(root, "dns.ttl_max", dns.ttl_max);
  check_each(root, "dns.servers", check_name_server, problems);
}

}  // namespace

std::string Folder::resolve(const std::string& path) const {
  if (path.empty()) return path;
  return (folder_ / path).lexically_normal().string();
}

std::optional<std::string> read_secrets(const Node& table, std::string_view path, const Folder& folder,
                                        Problems& problems) {
  const Node* file_name = table.find(path);
  if (file_name == nullptr || file_name->type != Node::Type::text) return std::nullopt;
  const std::string file = folder.resolve(file_name->text);
  const std::string said = fmt::format("'{}': '{}' ", file_name->key, file);
  auto text = read_regular_file(file);
  if (!text) {
    problems.error(file_name->value_place, said + text.error().what);
    return std::nullopt;
  }
  using std::filesystem::perms;
  std::error_code ignored;
  const perms others = std::filesystem::status(file, ignored).permissions() & (perms::group_all | perms::others_all);
  if (others != perms::none) problems.warn(file_name->value_place, said + "can be read by others: chmod 600");
  return std::move(*text);
}

void read_process(const Node& root, const Folder& folder, Config& config, Problems& problems) {
  read_listen(root, folder, config.server.listen, problems);
  read_server(root, config.server, problems);
  read_journal(root, folder, config.journal, problems);
  read_console(root, folder, config, problems);
  read_dns(root, config.dns, problems);
  read(root, "log.access", config.log.access);
  if (config.log.access != "-") config.log.access = folder.resolve(config.log.access);
}

}  // namespace standin
