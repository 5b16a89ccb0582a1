#pragma once

#include "net/client.h"
#include "upstream/transport.h"

namespace standin {

/// The network itself, on one event loop and with that loop's pool of connections.
class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(Executor executor) : client_(std::move(executor)) {}
  Task<Result<Response>> exchange(const Endpoint& target, const Request& request, const ExchangeTimes& times,
                                  std::function<void()> sending) override;

 private:
  HttpClient client_;
};

}  // namespace standin
