#include "sim/net/network.h"

#include <boost/asio/post.hpp>

#include "sim/net/call.h"

namespace standin::sim {

std::shared_ptr<Host> Network::host(const std::string& name) const {
  const auto found = hosts.find(name);
  return found == hosts.end() ? nullptr : found->second;
}

void Network::close(const std::string& name) {
  const auto found = hosts.find(name);
  if (found == hosts.end()) return;
  const auto closed = std::move(found->second);
  hosts.erase(found);
  closed->open = false;
  for (const auto& [number, served] : closed->serving) served->cut();
}

/// The alarm is owned by what it will call, which goes when it has been called, or with the world.
void Network::later(Duration span, std::move_only_function<void()> act) {
  if (!open) return;
  const auto alarm = std::make_shared<std::unique_ptr<Alarm>>();
  *alarm = clock.at(clock.now() + span, [this, alarm, act = std::move(act)]() mutable {
    if (open) act();
  });
}

void Network::run_on(const std::shared_ptr<Host>& host, std::move_only_function<void()> act) {
  if (!host->open || !act) return;
  boost::asio::post(host->loop, [host, act = std::move(act)]() mutable {
    if (host->open) act();
  });
}

Duration Network::latency(const LinkFaults& link) {
  if (link.latency <= Duration(0)) return {};
  return link.latency / 2 + Duration(random->below(static_cast<std::uint64_t>(link.latency.count())));
}

}  // namespace standin::sim
