#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "net/message.h"

namespace standin {

/// Where to connect.
struct Endpoint {
  std::string host;  ///< name or address; for a Unix socket its path, with port 0
  std::uint16_t port = 80;
  std::string base_path;  ///< put before every request's target; without a trailing slash
  std::string url;        ///< as configured, for messages and metrics

  /// "http://shop.internal:3000/base" or "unix:/path". TLS is not there yet: "https://" is an error that says so.
  static Result<Endpoint> parse(std::string_view url);
  auto operator<=>(const Endpoint&) const = default;
};

/// The times that bound one exchange. Instants are of std::chrono::steady_clock.
struct ExchangeTimes {
  Duration connect = std::chrono::seconds(1);
  Duration write = std::chrono::seconds(5);
  Instant send_before;   ///< nothing is sent from here on: a connection ready later is not used
  Instant listen_until;  ///< the answer is awaited until then
};

/// An HTTP/1.1 client on one event loop with a pool of idle connections per endpoint (last in, first out). An idle
/// connection is watched, so that a dead one is known before it is used; a request that may have been sent is never
/// sent again. Used from its loop's thread alone.
class HttpClient {
 public:
  explicit HttpClient(Executor executor);
  ~HttpClient();

  /// Sends `request` on one connection and reads its whole answer. `Host` and framing are set here, and hop-by-hop
  /// fields dropped. `sending` is called right before the first byte may leave. An error's `sent` tells whether it may
  /// have happened.
  Task<Result<Response>> exchange(const Endpoint& endpoint, const Request& request, const ExchangeTimes& times,
                                  std::function<void()> sending = {});

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace standin
