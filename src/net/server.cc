#include "net/server.h"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <limits>
#include <utility>
#include <vector>

#include "net/asio_clock.h"
#include "net/listening.h"
#include "net/net_limits.h"
#include "net/session.h"

namespace standin {

namespace asio = boost::asio;

namespace {

std::shared_ptr<Door> own_door(const ServerLimits& limits) {
  return std::make_shared<Door>(Door::Limits{.connections = limits.connections}, [](TurnedAway) {});
}

/// Nothing if the connection is to be closed. Behind the PROXY protocol, its client is not known yet.
std::optional<Door::Pass> let_in(const ListenOn& where, const std::shared_ptr<Door>& door, const SocketAddress& peer) {
  const auto address = IpAddress::of(peer.data());
  if (where.proxy_protocol && address && !door->trusts(*address)) {
    door->turn_away(TurnedAway::stranger);
    return std::nullopt;
  }
  auto pass = Door::enter(door);
  if (pass && address && !where.proxy_protocol && !pass->name_client(*address)) return std::nullopt;
  return pass;
}

}  // namespace

struct HttpServer::State {
  State(Executor loop, ServerLimits limits, Handler handler, std::shared_ptr<Door> door, std::shared_ptr<Turns> turns)
      : executor(std::move(loop)),
        sessions(std::make_shared<Sessions>(limits, std::move(handler), std::move(door), std::move(turns))) {}

  struct Listener {
    std::shared_ptr<Acceptor> acceptor;
    std::shared_ptr<const ListenOn> where;
  };

  /// Accepts what waits, at most so many; would_block when that was all.
  static ErrorCode accept_waiting(Listener& listener, const std::shared_ptr<Sessions>& sessions, std::size_t most);
  static Task<> accept_from(std::shared_ptr<Listener> listener, std::shared_ptr<Sessions> sessions);
  static Task<> drain(std::shared_ptr<State> state, Duration within);

  void accept_on(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<const ListenOn> where);
  void stop_accepting(bool sweep);
  void close_sessions();

  Executor executor;
  std::shared_ptr<Sessions> sessions;
  /// Owned by their accepting coroutines, and so never alive after their event loop.
  std::vector<std::weak_ptr<Listener>> listeners;
  std::uint16_t port = 0;
};

ErrorCode HttpServer::State::accept_waiting(Listener& listener, const std::shared_ptr<Sessions>& sessions,
                                            std::size_t most) {
  Acceptor& acceptor = *listener.acceptor;
  ErrorCode error;
  for (; most > 0; --most) {
    SocketAddress peer;
    Descriptor socket = accept_one(acceptor, peer, error);
    if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
    if (error) return error;
    auto pass = let_in(*listener.where, sessions->door, peer);
    if (!pass) continue;
    auto connection = std::make_shared<Connection>(acceptor.get_executor(), std::move(socket));
    const auto session =
        std::make_shared<Session>(sessions, listener.where, std::move(connection), std::move(*pass), peer);
    spawn(acceptor.get_executor(), Session::run(session, Session::Place(*session)));
  }
  return {};
}

Task<> HttpServer::State::accept_from(std::shared_ptr<Listener> listener, std::shared_ptr<Sessions> sessions) {
  Acceptor& acceptor = *listener->acceptor;
  SteadyTimer pause(acceptor.get_executor());
  ErrorCode error;
  while (acceptor.is_open()) {
    co_await acceptor.async_wait(Acceptor::wait_read, asio::redirect_error(use_task, error));
    if (!acceptor.is_open()) co_return;
    error = accept_waiting(*listener, sessions, limits::accepted_a_turn);
    if (!error || error == asio::error::would_block) continue;
    pause.expires_after(limits::accept_pause);
    co_await pause.async_wait(asio::redirect_error(use_task, error));
  }
}

/// With `sweep`, who has connected but was not accepted yet still gets a session: closing would reset them unanswered.
void HttpServer::State::stop_accepting(bool sweep) {
  for (const auto& weak : std::exchange(listeners, {})) {
    const auto listener = weak.lock();
    if (!listener) continue;
    if (sweep) {
      const ErrorCode no_more = accept_waiting(*listener, sessions, std::numeric_limits<std::size_t>::max());
      static_cast<void>(no_more);
    }
    ErrorCode ignored;
    listener->acceptor->close(ignored);
  }
}

void HttpServer::State::close_sessions() {
  for (Session* const session : sessions->open) session->close();
}

Task<> HttpServer::State::drain(std::shared_ptr<State> state, Duration within) {
  Sessions& sessions = *state->sessions;
  AsioClock clock(state->executor);
  const Instant deadline = clock.now() + within;
  state->stop_accepting(true);
  sessions.draining = true;
  if (sessions.open.empty()) co_return;
  for (Session* const session : sessions.open) session->wind_down();
  const bool all_closed = co_await sessions.all_closed.wait_until(clock, deadline);
  if (!all_closed) state->close_sessions();
}

HttpServer::HttpServer(Executor executor, ServerLimits limits, Handler handler, std::shared_ptr<Door> door,
                       std::shared_ptr<Turns> turns)
    : state_(std::make_shared<State>(executor, limits, std::move(handler), door ? std::move(door) : own_door(limits),
                                     turns ? std::move(turns) : std::make_shared<Turns>(executor))) {}

HttpServer::~HttpServer() {
  state_->stop_accepting(false);
  state_->close_sessions();
}

void HttpServer::State::accept_on(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<const ListenOn> where) {
  const std::uint16_t bound = bound_port(*acceptor);
  if (bound != 0) port = bound;
  auto listener = std::make_shared<Listener>(std::move(acceptor), std::move(where));
  listeners.push_back(listener);
  spawn(executor, accept_from(std::move(listener), sessions));
}

Result<void> HttpServer::listen(const ListenOn& where, std::vector<Descriptor> inherited) {
  const auto shared = std::make_shared<const ListenOn>(where);
  for (Descriptor& socket : inherited) {
    auto acceptor = listen_on(state_->executor, std::move(socket));
    if (!acceptor) return std::unexpected(acceptor.error());
    state_->accept_on(std::move(*acceptor), shared);
  }
  if (!inherited.empty()) return {};
  auto acceptor = listen_on(state_->executor, where.address);
  if (!acceptor) return std::unexpected(acceptor.error());
  state_->accept_on(std::move(*acceptor), shared);
  return {};
}

std::vector<int> HttpServer::sockets() const {
  std::vector<int> all;
  for (const auto& weak : state_->listeners) {
    if (const auto listener = weak.lock()) all.push_back(listener->acceptor->native_handle());
  }
  return all;
}

void HttpServer::stop_accepting() { state_->stop_accepting(true); }

std::uint16_t HttpServer::port() const { return state_->port; }

Task<> HttpServer::drain(Duration within) { return State::drain(state_, within); }

std::size_t HttpServer::connections() const { return state_->sessions->connections.load(std::memory_order_relaxed); }
std::size_t HttpServer::in_flight() const { return state_->sessions->in_flight.load(std::memory_order_relaxed); }

}  // namespace standin
