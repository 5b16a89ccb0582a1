#include "upstream/http_transport.h"

namespace standin {

Task<Result<Response>> HttpTransport::exchange(const Endpoint& target, const Request& request,
                                               const ExchangeTimes& times, std::function<void()> sending) {
  return client_.exchange(target, request, times, std::move(sending));
}

}  // namespace standin
