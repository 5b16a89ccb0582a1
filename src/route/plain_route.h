#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "config/config.h"
#include "net/server.h"
#include "telemetry/metrics.h"
#include "upstream/party.h"

namespace standin {

/// A route without stand-in on one event loop: forwarded as it is, and while it comes; an outage page when the upstream
/// fails. Kept alive by shared_ptr: an answer may go on coming after a reload.
class PlainRoute : public std::enable_shared_from_this<PlainRoute> {
 public:
  PlainRoute(RouteConfig route, std::string outage_page, std::shared_ptr<Party> party, Metrics& metrics, Clock& clock);

  /// The caller keeps the route alive until the answer.
  Task<Reply> handle(Request request, std::shared_ptr<const Client> client, std::string request_id);

 private:
  struct Visit;
  Response answer(Visit& visit, Forwarded forwarded, const BodySource* upload) const;
  Response outage(const Forwarded& forwarded) const;
  void tell(const Visit& visit, const StreamEnd& end) const;

  RouteConfig route_;
  std::string outage_page_;
  std::shared_ptr<Party> party_;
  Metrics& metrics_;
  Clock& clock_;
};

}  // namespace standin
