#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "net/inherited.h"
#include "net/message.h"

namespace standin {

class Door;
class TlsServer;
class Turns;

/// Where a server listens, and what its clients speak there.
struct ListenOn {
  /// In clear. A text alone is enough wherever one of these is asked for.
  ListenOn(std::string text) : address(std::move(text)) {}
  ListenOn(const char* text) : address(text) {}

  /// "127.0.0.1:8080", "[::1]:8080" or "unix:/run/standin/standin.sock" (mode 0600, replaced if stale). Port 0 picks
  /// one.
  std::string address;
  std::shared_ptr<TlsServer> tls;  ///< nullptr: in clear
  bool proxy_protocol = false;     ///< each connection begins with a header of the PROXY protocol
  bool http2 = true;               ///< clients may speak it
};

/// Who sent the request.
class Client {
 public:
  virtual ~Client() = default;
  /// The connection is gone (reset, or closed both ways), not merely half-closed. Called on the handler's own loop.
  virtual bool gone() const = 0;
  /// "192.0.2.7", or "" on a Unix socket.
  virtual std::string address() const = 0;
  /// It connected under TLS.
  virtual bool secure() const { return false; }
  /// When the first byte of its request was read (std::chrono::steady_clock), until that is answered; nothing where
  /// nobody looked.
  virtual std::optional<Instant> begun() const { return std::nullopt; }
  /// Passes on an answer before the final one (1xx) where the client understands it and nothing is in its way. Called
  /// on the handler's own loop, before the handler ends.
  virtual void interim(const Response&) const {}
};

/// How an answer ended of which a part, or whose request, came through while it was passed on.
struct StreamEnd {
  std::uint64_t received = 0;  ///< bytes of the request's body
  std::uint64_t sent = 0;      ///< bytes of the answer's body
  std::string_view cut;        ///< who broke it off: "client" or "upstream"; "" for nobody
};

/// What a handler answers.
struct Reply {
  Response response;
  /// Called on the session's loop if the client certainly did not get `response`: the write failed, or the connection
  /// was reset before anything else was read from it.
  std::move_only_function<void()> undelivered;
  /// Called on the session's loop when the last byte was written or the connection ended. Only where the request or the
  /// response has a `rest`.
  std::move_only_function<void(const StreamEnd&)> ended;
};

using Handler = std::function<Task<Reply>(Request, std::shared_ptr<const Client>)>;

struct ServerLimits {
  std::size_t body = 1024 * 1024;  ///< bytes; more is 413
  /// Bytes; given: a body of more than limits::whole_body, or of unknown length, is handed on while it comes, in
  /// Request::rest, and this is its limit. So may Upgrade be.
  std::optional<std::size_t> streamed_body;
  std::size_t head = 32 * 1024;                 ///< bytes; more is 431
  std::size_t connections = 20'000;             ///< at once; more are closed unanswered. A door given has its own
  Duration idle = std::chrono::seconds(75);     ///< between requests
  Duration receive = std::chrono::seconds(30);  ///< from a request's first byte to its last, or to the next of a stream
  /// Of a body that is handed on while it comes: bytes a second on average, `receive` more at ease; 0: any. Only the
  /// time in which we wait for the client counts.
  std::size_t body_rate = 0;
  std::size_t requests = 0;  ///< of one connection; the last one is answered with `Connection: close`; 0: unlimited
};

/// An HTTP/1.1 server on one event loop. Start one per thread on the same TCP address (SO_REUSEPORT).
/// Every member is called on that loop's thread.
class HttpServer {
 public:
  /// `door`: common to all servers that count their connections together; `turns`: to all of one loop, whose requests
  /// take turns; nullptr for one of its own.
  HttpServer(Executor executor, ServerLimits limits, Handler handler, std::shared_ptr<Door> door = nullptr,
             std::shared_ptr<Turns> turns = nullptr);
  ~HttpServer();

  /// `inherited`: sockets that listen there already; none: one is bound.
  Result<void> listen(const ListenOn& where, std::vector<Descriptor> inherited = {});
  /// The sockets that it accepts on, open until it stops accepting: for the process that takes them over.
  std::vector<int> sockets() const;
  /// The port that `listen` bound.
  std::uint16_t port() const;

  /// Who connects from now on waits, for whoever else has the socket open, or is refused. Who has connected before is
  /// still accepted.
  void stop_accepting();
  /// Stops accepting, answers what is in flight with `Connection: close`, closes idle connections; returns when all are
  /// gone or `within` has passed.
  Task<> drain(Duration within);

  /// Connections open and requests being handled, for saturation metrics. Any thread.
  std::size_t connections() const;
  std::size_t in_flight() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace standin
