#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "console/api.h"
#include "journal/journal.h"
#include "net/server.h"
#include "telemetry/metrics.h"

namespace standin {

/// What /metrics, /healthz and /readyz tell, which need no sign-in. Shared by the event loops that serve them.
///
/// /readyz is for a load balancer: 503 while starting and draining. A journal that cannot promise does not take the
/// process out of rotation, since that would stop the forwarding that still works; the body says so instead.
class PublicApi {
 public:
  explicit PublicApi(Metrics& metrics) : metrics_(metrics) {}

  /// From now on requests are served. `measure` sets what else is known by asking rather than by counting: it is called
  /// before metrics are told, by whichever thread tells them. `journal` outlives this. Any thread, once.
  void serving(Journal& journal, std::function<void()> measure = [] {});
  /// From now on a load balancer is to send its requests elsewhere. Any thread.
  void draining();

  Task<Reply> handle(Request request, std::shared_ptr<const Client> client) const;

  static std::span<const ApiOperation> operations();

 private:
  Response metrics() const;
  Response ready() const;

  Metrics& metrics_;
  std::function<void()> measure_;
  std::atomic<Journal*> journal_{nullptr};  ///< set when measure_ is
  std::atomic<bool> draining_{false};
};

/// Serves the PublicApi on one event loop. Members are called on that loop's thread.
class PublicConsole {
 public:
  PublicConsole(Executor executor, std::shared_ptr<const PublicApi> api);

  /// "127.0.0.1:8081". `inherited`: sockets that listen there already.
  Result<void> listen(const std::string& address, std::vector<Descriptor> inherited = {});
  std::vector<int> sockets() const { return server_.sockets(); }
  std::uint16_t port() const { return server_.port(); }
  Task<> drain(Duration within);

 private:
  HttpServer server_;
};

}  // namespace standin
