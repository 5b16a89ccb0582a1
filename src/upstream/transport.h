#pragma once

#include <functional>

#include "base/result.h"
#include "base/task.h"
#include "net/client.h"
#include "net/message.h"

namespace standin {

/// The network as a port: one request to one target, one answer or one error. Production: HttpTransport over
/// HttpClient. Tests and the simulator: scripted parties.
class Transport {
 public:
  virtual ~Transport() = default;
  /// See HttpClient::exchange for the obligations: `sending` is called right before the first byte may leave; an
  /// Error's `sent` is `nothing` only if that is certain; never sends at or after times.send_before; never sends twice.
  /// `streamed_to` allows, and does not oblige, to give an answer out while it comes.
  virtual Task<Result<Response>> exchange(const Endpoint& target, const Request& request, const ExchangeTimes& times,
                                          std::function<void()> sending, std::shared_ptr<const Client> streamed_to) = 0;
};

}  // namespace standin
