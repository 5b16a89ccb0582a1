#include "console/public_console.h"

#include <algorithm>
#include <array>

#include "console/reply.h"
#include "telemetry/log.h"

namespace standin {
namespace {

constexpr std::array<ApiOperation, 3> public_operations{{{"GET", "/metrics"}, {"GET", "/healthz"}, {"GET", "/readyz"}}};

ServerLimits watchers_limits() { return {.body = 1024, .connections = 256}; }

Response plain(int status, std::string body) {
  Response response{.status = status};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(body) + "\n";
  return response;
}

/// States without an order are set too: a gauge that is not set keeps its last value.
void refresh_orders(Metrics& metrics, const Journal& journal) {
  const auto counts = journal.counts();
  for (const State state : all_states) {
    const auto found = counts.find(state);
    metrics.orders_in_state(name(state), found == counts.end() ? 0 : found->second);
  }
}

void refresh_exposure(Metrics& metrics, const Journal& journal) {
  const std::vector<Money> peaks = journal.exposure_peak();
  for (const Money& now : journal.exposure()) {
    const auto peak = std::ranges::find(peaks, now.currency, &Money::currency);
    metrics.exposure(now, peak == peaks.end() ? now : *peak);
  }
}

/// What is known by asking rather than by counting what happens.
void refresh(Metrics& metrics, Journal& journal) {
  const JournalHealth health = journal.health();
  metrics.journal_promising(health.promising);
  metrics.journal_queue(health.queued);
  refresh_orders(metrics, journal);
  refresh_exposure(metrics, journal);
  const auto follow_ups = journal.follow_ups(true);
  if (follow_ups) metrics.follow_ups_open(follow_ups->size());
}

Response wrong_method() {
  Response response = console::refusal(405, "Method not allowed", "This path answers GET and HEAD.");
  response.headers.add("Allow", "GET, HEAD");
  return response;
}

}  // namespace

void PublicApi::serving(Journal& journal, std::function<void()> measure) {
  measure_ = std::move(measure);
  journal_ = &journal;
}

void PublicApi::draining() { draining_ = true; }

std::span<const ApiOperation> PublicApi::operations() { return public_operations; }

Response PublicApi::metrics() const {
  if (Journal* const journal = journal_.load()) {
    refresh(metrics_, *journal);
    measure_();
  }
  metrics_.log_lines_dropped(Log::dropped());
  Response response = plain(200, "");
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = metrics_.expose();
  return response;
}

Response PublicApi::ready() const {
  const Journal* const journal = journal_.load();
  if (draining_) return plain(503, "draining: requests under way are being finished");
  if (journal == nullptr) return plain(503, "starting: the journal is being read");
  const JournalHealth health = journal->health();
  if (!health.promising) return plain(200, "ready, but not promising: " + health.reason);
  return plain(200, "ready");
}

Task<Reply> PublicApi::handle(Request request, std::shared_ptr<const Client>) const {
  const auto known = std::ranges::find(public_operations, request.path(), &ApiOperation::path);
  if (known == public_operations.end()) {
    co_return Reply{.response = console::not_found("There are /metrics, /healthz and /readyz."), .undelivered = {}};
  }
  if (request.method != "GET" && request.method != "HEAD") {
    co_return Reply{.response = wrong_method(), .undelivered = {}};
  }
  Response response;
  if (request.path() == "/metrics") {
    response = metrics();
  } else if (request.path() == "/readyz") {
    response = ready();
  } else {
    response = plain(200, "alive");
  }
  if (request.method == "HEAD") response.body.clear();
  co_return Reply{.response = std::move(response), .undelivered = {}};
}

PublicConsole::PublicConsole(Executor executor, std::shared_ptr<const PublicApi> api)
    : server_(std::move(executor), watchers_limits(), [api](Request request, std::shared_ptr<const Client> client) {
        return api->handle(std::move(request), std::move(client));
      }) {}

Result<void> PublicConsole::listen(const std::string& address, std::vector<Descriptor> inherited) {
  return server_.listen(address, std::move(inherited));
}

Task<> PublicConsole::drain(Duration within) { co_await server_.drain(within); }

}  // namespace standin
