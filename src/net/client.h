#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "net/dns.h"
#include "net/message.h"
#include "net/tls.h"

namespace standin {

class Client;

/// Where to connect.
struct Endpoint {
  std::string host;  ///< name or address; for a Unix socket its path, with port 0
  std::uint16_t port = 80;
  std::string base_path;  ///< put before every request's target; without a trailing slash
  std::string url;        ///< as configured, for messages and metrics
  bool tls = false;

  /// "http://shop.internal:3000/base", "https://gateway.example/gate" (port 443) or "unix:/path".
  static Result<Endpoint> parse(std::string_view url);
  auto operator<=>(const Endpoint&) const = default;
};

/// What `Host` is to say.
std::string host_field(const Endpoint& endpoint);

/// What is found out on the way, also of an exchange that fails later. A scripted network may find nothing.
struct ExchangeFindings {
  std::optional<Duration> connect;              ///< that a new connection took until it was ready
  std::optional<Duration> first_byte;           ///< of an answer, since the first one of the request was sent
  std::optional<WallTime> certificate_expires;  ///< of whoever a new connection leads to
};

/// The times that bound one exchange. Instants are of std::chrono::steady_clock.
struct ExchangeTimes {
  Duration connect = std::chrono::seconds(1);
  Duration write = std::chrono::seconds(5);
  Instant send_before;                      ///< nothing is sent from here on: a connection ready later is not used
  Instant listen_until;                     ///< the answer is awaited until then
  Duration idle = std::chrono::minutes(5);  ///< between two pieces of a body that is passed on while it comes
  ExchangeFindings* findings = nullptr;     ///< filled in until the exchange returns; nullptr: nobody asks
};

/// What a client needs to find its endpoints and to trust them.
struct ClientOptions {
  DnsOptions dns;
  std::map<std::string, TlsFiles> tls;  ///< "host:port" -> what to trust and to show there; else the system's issuers
  std::shared_ptr<DnsBoard> board;      ///< where its answers are shown; may be nullptr
};

/// An HTTP/1.1 client on one event loop with a pool of idle connections per endpoint (last in, first out). An idle
/// connection is watched, so that a dead one is known before it is used; a request that may have been sent is never
/// sent again. Used from its loop's thread alone.
class HttpClient {
 public:
  explicit HttpClient(Executor executor, ClientOptions options = {});
  ~HttpClient();

  /// From now on; exchanges under way go on as they began. Files of issuers are read anew.
  void configure(ClientOptions options);

  /// Sends `request` on one connection and reads its whole answer. `Host` and framing are set here, and hop-by-hop
  /// fields dropped. A connection counts as ready once TLS is agreed on. `sending` is called right before the first
  /// byte may leave. An error's `sent` tells whether it may have happened.
  ///
  /// With `streamed_to` the answer is for that client: it is told of interim answers, and a large body, or one of
  /// unknown length, comes in Response::rest once the head is here. A request's `rest` is asked for when the connection
  /// takes it; then the time until `listen_until` counts from its end. With `upgrade`, 101 makes a tunnel.
  Task<Result<Response>> exchange(const Endpoint& endpoint, const Request& request, const ExchangeTimes& times,
                                  std::function<void()> sending = {},
                                  std::shared_ptr<const Client> streamed_to = nullptr);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace standin
