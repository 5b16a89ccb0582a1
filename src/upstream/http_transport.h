#pragma once

#include <memory>

#include "config/config.h"
#include "net/client.h"
#include "upstream/transport.h"

namespace standin {

/// How the upstreams' names are resolved, and their certificates checked; the answers are shown on `board`, which may
/// be nullptr. An address pinned for one upstream is pinned for all that have the same host.
ClientOptions client_options(const Config& config, std::shared_ptr<DnsBoard> board);

/// The network itself, on one event loop and with that loop's pool of connections.
class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(Executor executor, std::shared_ptr<DnsBoard> board = nullptr)
      : board_(std::move(board)), client_(std::move(executor), {.dns = {}, .tls = {}, .board = board_}) {}

  /// From now on; exchanges under way go on as they began. On the loop's thread.
  void configure(const Config& config) { client_.configure(client_options(config, board_)); }
  Task<Result<Response>> exchange(const Endpoint& target, const Request& request, const ExchangeTimes& times,
                                  std::function<void()> sending, std::shared_ptr<const Client> streamed_to) override;

 private:
  std::shared_ptr<DnsBoard> board_;
  HttpClient client_;
};

}  // namespace standin
