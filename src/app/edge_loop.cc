#include "app/edge_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/wiring/wiring.h"

namespace standin {
namespace {

Task<> drain_one(HttpServer* server, Duration within, std::shared_ptr<std::move_only_function<void()>> one_less) {
  co_await server->drain(within);
  (*one_less)();
}

}  // namespace

EdgeLoop::EdgeLoop(SharedPorts shared, TargetStates& states, std::shared_ptr<DnsBoard> dns, std::shared_ptr<Door> door)
    : thread_("standin-edge"),
      shared_(shared),
      states_(states),
      clock_(thread_.executor()),
      transport_(thread_.executor(), std::move(dns)),
      door_(std::move(door)),
      turns_(std::make_shared<Turns>(thread_.executor())) {}

Result<void> EdgeLoop::listen(const ServerConfig& config, std::vector<ListenOn>& listeners,
                              std::vector<std::vector<Descriptor>> inherited) {
  const ServerLimits limits{.streamed_body = config.streamed_body_bytes_max,
                            .head = config.head_bytes_max,
                            .idle = config.idle,
                            .receive = config.receive,
                            .body_rate = config.body_rate_min,
                            .requests = config.requests_per_connection};
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    ListenOn& listener = listeners[i];
    auto server = std::make_unique<HttpServer>(
        thread_.executor(), limits,
        [this](Request&& request, std::shared_ptr<const Client> client) {
          return router_->handle(std::move(request), std::move(client));
        },
        door_, turns_);
    if (auto listening = server->listen(listener, std::move(inherited[i])); !listening) return listening;
    std::string& address = listener.address;
    if (address.ends_with(":0")) address = fmt::format("{}:{}", address.substr(0, address.size() - 2), server->port());
    servers_.push_back(std::move(server));
  }
  return {};
}

std::vector<int> EdgeLoop::sockets() {
  std::vector<int> all;
  thread_.post_and_wait([&] {
    for (const auto& server : servers_) std::ranges::move(server->sockets(), std::back_inserter(all));
  });
  return all;
}

void EdgeLoop::use(const std::shared_ptr<const Site>& site) {
  thread_.post([this, site] {
    transport_.configure(site->config);
    const LoopPorts loop{thread_.executor(), clock_, system_random()};
    const auto parties = make_parties(site->config, clock_, system_random(), transport_, states_, thread_.executor());
    router_ = std::make_shared<Router>(site, parties, shared_, loop);
  });
}

// None accepts any more before the first of them waits.
void EdgeLoop::drain(Duration within, std::move_only_function<void()> done) {
  thread_.post([this, within, done = std::move(done)]() mutable {
    for (const auto& server : servers_) server->stop_accepting();
    auto one_less =
        std::make_shared<std::move_only_function<void()>>([left = servers_.size(), done = std::move(done)]() mutable {
          if (--left == 0) done();
        });
    for (const auto& server : servers_) spawn(thread_.executor(), drain_one(server.get(), within, one_less));
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
