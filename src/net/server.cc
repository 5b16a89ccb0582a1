#include "net/server.h"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>
#include <vector>

#include "net/asio_clock.h"
#include "net/listening.h"
#include "net/net_limits.h"
#include "net/session.h"

namespace standin {

namespace asio = boost::asio;

struct HttpServer::State {
  State(Executor loop, ServerLimits limits, Handler handler)
      : executor(std::move(loop)), sessions(std::make_shared<Sessions>(limits, std::move(handler))) {}

  /// Accepts what waits; would_block when that was all.
  static ErrorCode accept_waiting(Acceptor& acceptor, const std::shared_ptr<Sessions>& sessions);
  static Task<> accept_from(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Sessions> sessions);
  static Task<> drain(std::shared_ptr<State> state, Duration within);

  void stop_accepting(bool sweep);
  void close_sessions();

  Executor executor;
  std::shared_ptr<Sessions> sessions;
  /// Owned by their accepting coroutines, and so never alive after their event loop.
  std::vector<std::weak_ptr<Acceptor>> acceptors;
  std::uint16_t port = 0;
};

ErrorCode HttpServer::State::accept_waiting(Acceptor& acceptor, const std::shared_ptr<Sessions>& sessions) {
  ErrorCode error;
  while (true) {
    Socket socket(acceptor.get_executor());
    SocketAddress peer;
    acceptor.accept(socket, peer, error);
    if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
    if (!error) socket.non_blocking(true, error);
    if (error) return error;
    if (sessions->open.size() >= sessions->limits.connections) continue;
    const auto session = std::make_shared<Session>(sessions, std::move(socket), peer);
    spawn(acceptor.get_executor(), Session::run(session, Session::Place(*session)));
  }
}

Task<> HttpServer::State::accept_from(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Sessions> sessions) {
  SteadyTimer pause(acceptor->get_executor());
  ErrorCode error;
  while (acceptor->is_open()) {
    co_await acceptor->async_wait(Acceptor::wait_read, asio::redirect_error(use_task, error));
    if (!acceptor->is_open()) co_return;
    error = accept_waiting(*acceptor, sessions);
    if (error == asio::error::would_block) continue;
    pause.expires_after(limits::accept_pause);
    co_await pause.async_wait(asio::redirect_error(use_task, error));
  }
}

/// With `sweep`, who has connected but was not accepted yet still gets a session: closing would reset them unanswered.
void HttpServer::State::stop_accepting(bool sweep) {
  for (const auto& weak : std::exchange(acceptors, {})) {
    const auto acceptor = weak.lock();
    if (!acceptor) continue;
    if (sweep) accept_waiting(*acceptor, sessions);
    ErrorCode ignored;
    acceptor->close(ignored);
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

HttpServer::HttpServer(Executor executor, ServerLimits limits, Handler handler)
    : state_(std::make_shared<State>(std::move(executor), limits, std::move(handler))) {}

HttpServer::~HttpServer() {
  state_->stop_accepting(false);
  state_->close_sessions();
}

Result<void> HttpServer::listen(const std::string& address) {
  auto acceptor = listen_on(state_->executor, address);
  if (!acceptor) return std::unexpected(acceptor.error());
  const std::uint16_t port = bound_port(**acceptor);
  if (port != 0) state_->port = port;
  state_->acceptors.push_back(*acceptor);
  spawn(state_->executor, State::accept_from(std::move(*acceptor), state_->sessions));
  return {};
}

std::uint16_t HttpServer::port() const { return state_->port; }

Task<> HttpServer::drain(Duration within) { return State::drain(state_, within); }

std::size_t HttpServer::connections() const { return state_->sessions->connections.load(std::memory_order_relaxed); }
std::size_t HttpServer::in_flight() const { return state_->sessions->in_flight.load(std::memory_order_relaxed); }

}  // namespace standin
