#include "upstream/http_transport.h"

#include <fmt/core.h>

namespace standin {

ClientOptions client_options(const Config& config, std::shared_ptr<DnsBoard> board) {
  ClientOptions options{.dns = {.servers = config.dns.servers,
                                .ttl_min = config.dns.ttl_min,
                                .ttl_max = config.dns.ttl_max,
                                .pinned = {}},
                        .ca_files = {},
                        .board = std::move(board)};
  for (const auto& [name, upstream] : config.upstreams) {
    for (const auto& [host, addresses] : upstream.addresses) options.dns.pinned[host] = addresses;
    if (upstream.tls.ca_file.empty()) continue;
    for (const std::string& target : upstream.targets) {
      const auto endpoint = Endpoint::parse(target);
      if (endpoint && endpoint->tls) {
        options.ca_files[fmt::format("{}:{}", endpoint->host, endpoint->port)] = upstream.tls.ca_file;
      }
    }
  }
  return options;
}

Task<Result<Response>> HttpTransport::exchange(const Endpoint& target, const Request& request,
                                               const ExchangeTimes& times, std::function<void()> sending,
                                               std::shared_ptr<const Client> streamed_to) {
  return client_.exchange(target, request, times, std::move(sending), std::move(streamed_to));
}

}  // namespace standin
