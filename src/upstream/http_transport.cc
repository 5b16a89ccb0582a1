#include "upstream/http_transport.h"

#include <fmt/core.h>

namespace standin {

ClientOptions client_options(const Config& config, std::shared_ptr<DnsBoard> board) {
  ClientOptions options{.dns = {.servers = config.dns.servers,
                                .ttl_min = config.dns.ttl_min,
                                .ttl_max = config.dns.ttl_max,
                                .pinned = {}},
                        .tls = {},
                        .board = std::move(board)};
  for (const auto& [name, upstream] : config.upstreams) {
    for (const auto& [host, addresses] : upstream.addresses) options.dns.pinned[host] = addresses;
    const auto& [ca_file, certificate, key] = upstream.tls;
    for (const std::string& target : upstream.targets) {
      const auto endpoint = Endpoint::parse(target);
      if (endpoint && endpoint->tls) {
        options.tls[fmt::format("{}:{}", endpoint->host, endpoint->port)] = {ca_file, certificate, key};
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
