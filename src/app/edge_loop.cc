#include "app/edge_loop.h"

#include <fmt/format.h>

#include "app/wiring/wiring.h"

namespace standin {
namespace {

Task<> drain_all(std::vector<HttpServer*> servers, Duration within, std::move_only_function<void()> done) {
  for (HttpServer* const server : servers) co_await server->drain(within);
  done();
}

}  // namespace

EdgeLoop::EdgeLoop(SharedPorts shared, TargetStates& states, std::shared_ptr<DnsBoard> dns)
    : thread_("standin-edge"),
      shared_(shared),
      states_(states),
      clock_(thread_.executor()),
      transport_(thread_.executor(), std::move(dns)) {}

Result<void> EdgeLoop::listen(const ServerConfig& config, std::vector<std::string>& addresses) {
  const ServerLimits limits{.streamed_body = config.streamed_body_bytes_max,
                            .head = config.head_bytes_max,
                            .connections = config.connections_max};
  for (std::string& address : addresses) {
    auto server = std::make_unique<HttpServer>(thread_.executor(), limits,
                                               [this](Request request, std::shared_ptr<const Client> client) {
                                                 return router_->handle(std::move(request), std::move(client));
                                               });
    if (auto listening = server->listen(address); !listening) return listening;
    if (address.ends_with(":0")) address = fmt::format("{}:{}", address.substr(0, address.size() - 2), server->port());
    servers_.push_back(std::move(server));
  }
  return {};
}

void EdgeLoop::use(const std::shared_ptr<const Site>& site) {
  thread_.post([this, site] {
    transport_.configure(site->config);
    const LoopPorts loop{thread_.executor(), clock_, system_random()};
    const auto parties = make_parties(site->config, clock_, system_random(), transport_, states_, thread_.executor());
    router_ = std::make_shared<Router>(site, parties, shared_, loop);
  });
}

void EdgeLoop::drain(Duration within, std::move_only_function<void()> done) {
  thread_.post([this, within, done = std::move(done)]() mutable {
    std::vector<HttpServer*> servers;
    for (const auto& server : servers_) servers.push_back(server.get());
    spawn(thread_.executor(), drain_all(std::move(servers), within, std::move(done)));
  });
}

std::size_t EdgeLoop::connections() const {
  std::size_t all = 0;
  for (const auto& server : servers_) all += server->connections();
  return all;
}

std::size_t EdgeLoop::in_flight() const {
  std::size_t all = 0;
  for (const auto& server : servers_) all += server->in_flight();
  return all;
}

}  // namespace standin
