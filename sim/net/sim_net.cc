#include "sim/net/sim_net.h"

#include <algorithm>

#include "net/head.h"
#include "sim/net/call.h"
#include "sim/net/network.h"

namespace standin::sim {
namespace {

/// The client's end of an exchange. When its coroutine is destroyed the connection goes with it, as the operating
/// system closes those of a process that died.
class ClientEnd {
 public:
  explicit ClientEnd(Call& call) : call_(call) {}
  ~ClientEnd() { call_.client_left(); }
  ClientEnd(const ClientEnd&) = delete;
  ClientEnd& operator=(const ClientEnd&) = delete;

 private:
  Call& call_;
};

/// Returns when there is a connection, or certainly none.
Task<Result<void>> connect(Call& call, const ExchangeTimes& times, Clock& clock) {
  const Instant limit = std::min(clock.now() + times.connect, times.send_before);
  const Call::Connecting fate = call.connect();
  const Instant ready = clock.now() + call.connecting_time();
  if (fate != Call::Connecting::silent) co_await clock.sleep_until(std::min(ready, limit));
  if (fate == Call::Connecting::silent || ready > limit || call.blocked()) {
    co_await clock.sleep_until(limit);
    co_return failure("no connection in time", call.to);
  }
  if (fate == Call::Connecting::unresolved) co_return failure("the name does not resolve", call.to);
  if (fate == Call::Connecting::refused || !call.anyone_serves()) co_return failure("connection refused", call.to);
  co_return Result<void>();
}

Task<Result<Response>> attempt(Call& call, const ExchangeTimes& times, const std::function<void()>& sending,
                               Clock& clock) {
  const Result<void> connected = co_await connect(call, times, clock);
  if (!connected) co_return std::unexpected(connected.error());
  if (clock.now() >= times.send_before) co_return failure("connected too late to send", call.to);
  if (sending) sending();
  if (!call.send()) co_return failure("the connection broke before a byte left", call.to);
  co_await call.over.wait_until(clock, times.listen_until);
  co_return call.take_outcome();
}

Task<Result<Response>> perform(CallParts parts, ExchangeTimes times, std::function<void()> sending, Clock& clock) {
  const auto call = std::make_shared<Call>(std::move(parts));
  const ClientEnd client(*call);
  Result<Response> end = co_await attempt(*call, times, sending, clock);
  call->note_end(end);
  co_return end;
}

}  // namespace

struct SimNet::State final : Network {
  using Network::Network;
};

SimNet::SimNet(World& world, Trace& trace, std::unique_ptr<Random> random)
    : state_(std::make_shared<State>(world.clock(), trace, std::move(random))) {
  state_->on_fault = &on_fault;
}

SimNet::~SimNet() {
  state_->open = false;
  state_->on_fault = nullptr;
}

LinkFaults& SimNet::link(const std::string& from, const std::string& to) { return state_->links[{from, to}]; }

void SimNet::listen(const std::string& host, Server& server, Executor loop) {
  state_->close(host);
  state_->hosts.emplace(host, std::make_shared<Host>(Host{.server = server, .loop = std::move(loop), .serving = {}}));
}

void SimNet::close(const std::string& host) { state_->close(host); }

Task<Result<Response>> SimNet::exchange(std::string from, std::string to, Request request, ExchangeTimes times,
                                        std::function<void()> sending, Clock& clock,
                                        std::shared_ptr<Connection> connection) {
  CallParts parts{state_, std::move(from), std::move(to), std::move(request), std::move(connection)};
  return perform(std::move(parts), times, std::move(sending), clock);
}

Task<Result<Response>> SimTransport::exchange(const Endpoint& target, const Request& request,
                                              const ExchangeTimes& times, std::function<void()> sending,
                                              std::shared_ptr<const Client>) {
  if (!sendable(request)) co_return failure("the request's method or target cannot be written as one", target.url);
  Request sent = request;
  sent.target.insert(0, target.base_path);
  sent.headers.set("Host", host_field(target));
  Result<Response> end = co_await net_.exchange(host_, target.host, std::move(sent), times, std::move(sending), clock_);
  if (!end) end.error().where = target.url;
  co_return end;
}

}  // namespace standin::sim
