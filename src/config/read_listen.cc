#include <fmt/format.h>

#include "config/forms.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/values.h"

namespace standin {
namespace {

/// A group of its own may read it: that is how a service shares its key with the program that renews it.
void warn_if_exposed(const Node& table, const std::string& key, Problems& problems) {
  std::error_code ignored;
  const auto permissions = std::filesystem::status(key, ignored).permissions();
  const bool exposed = (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none;
  if (exposed && permissions != std::filesystem::perms::unknown) {
    problems.warn(table.place_of("key"), fmt::format("'key': '{}' can be read by everybody: chmod o-rwx", key));
  }
}

CertificateConfig read_pair(const Node& table, const Folder& folder, Problems& problems) {
  CertificateConfig pair{.certificate = read_pem_path(table, "certificate", folder, problems),
                         .key = read_pem_path(table, "key", folder, problems),
                         .where = at(problems.file(), table.place_of("certificate"))};
  warn_if_exposed(table, pair.key, problems);
  return pair;
}

void read_pairs(const Node& tls, const Folder& folder, TlsListenConfig& config, Problems& problems) {
  const bool several = tls.find("certificates") != nullptr;
  const bool single = tls.find("certificate") != nullptr || tls.find("key") != nullptr;
  for (const Node* table : tables_in(tls, "certificates")) {
    config.certificates.push_back(read_pair(*table, folder, problems));
  }
  if (!several) config.certificates.push_back(read_pair(tls, folder, problems));
  const bool pair = tls.find("certificate") != nullptr && tls.find("key") != nullptr;
  if (single && several) {
    problems.error(tls.value_place, "'tls' has either 'certificates' or one 'certificate' and 'key'");
  } else if (!several && !pair) {
    problems.error(tls.value_place,
                   "'tls' names the files 'certificate' and 'key', or several pairs in 'certificates'");
  } else if (config.certificates.empty()) {
    problems.error(tls.place_of("certificates"), "'certificates' names at least one certificate and its key");
  }
}

TlsListenConfig read_tls_listen(const Node& tls, const Folder& folder, Problems& problems) {
  TlsListenConfig config;
  read_pairs(tls, folder, config, problems);
  config.client_ca = read_pem_path(tls, "client_ca", folder, problems);
  std::string wanted;
  read(tls, "client_certificates", wanted);
  config.client_certificates = parse_client_certificates(wanted).value_or(ClientCertificates::none);
  const bool asks = config.client_certificates != ClientCertificates::none;
  if (asks && config.client_ca.empty()) {
    problems.error(tls.place_of("client_certificates"),
                   "'client_certificates' needs 'client_ca': the authorities that issue clients' certificates");
  } else if (!asks && !config.client_ca.empty()) {
    problems.error(tls.place_of("client_ca"),
                   "'client_ca' has no effect without client_certificates = \"required\" or \"optional\"");
  }
  return config;
}

ListenConfig read_listener(const Node& item, const Folder& folder, Problems& problems) {
  ListenConfig listener;
  const bool is_table = item.type == Node::Type::table;
  if (is_table) {
    read(item, "address", listener.address);
    read(item, "proxy_protocol", listener.proxy_protocol);
    read(item, "http2", listener.http2);
  } else {
    listener.address = item.text;
  }
  const auto checked = check_listen_address(listener.address);
  const bool given = item.type == Node::Type::text || (is_table && item.find("address") != nullptr);
  if (given && !checked) {
    problems.error(is_table ? item.place_of("address") : item.value_place,
                   fmt::format("'server.listen': {}", checked.error().what));
  }
  const Node* const tls = is_table ? item.find("tls") : nullptr;
  if (tls != nullptr && tls->type == Node::Type::table) listener.tls = read_tls_listen(*tls, folder, problems);
  return listener;
}

}  // namespace

std::string read_pem_path(const Node& table, std::string_view path, const Folder& folder, Problems& problems) {
  std::string file;
  read(table, path, file);
  if (file.empty()) return file;
  file = folder.resolve(file);
  const auto text = read_regular_file(file);
  if (!text) {
    problems.error(table.place_of(path), fmt::format("'{}': '{}' {}", path, file, text.error().what));
  } else if (!text->contains("-----BEGIN ")) {
    problems.error(table.place_of(path), fmt::format("'{}': '{}' holds nothing in PEM form", path, file));
  }
  return file;
}

void read_listen(const Node& root, const Folder& folder, std::vector<ListenConfig>& listeners, Problems& problems) {
  const Node* const list = root.find("server.listen");
  if (list == nullptr || list->type != Node::Type::list) return;
  listeners.clear();
  for (const Node& item : list->items) listeners.push_back(read_listener(item, folder, problems));
  if (listeners.empty()) problems.error(list->value_place, "'server.listen' names at least one address");
}

}  // namespace standin
