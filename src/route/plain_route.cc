#include "route/plain_route.h"

#include "route/problem.h"
#include "telemetry/log.h"

namespace standin {
namespace {

/// Without a dialect, any answer below 500 is the party's own word.
Judged judge_plainly(const Response& response) {
  if (response.status < 500) return {Outcome::approved, Cause::untrustworthy};
  return {Outcome::unknown, Cause::server_error};
}

bool from_something_in_between(const Response& response) {
  return response.status == 502 || response.status == 503 || response.status == 504;
}

}  // namespace

PlainRoute::PlainRoute(RouteConfig route, std::string outage_page, std::shared_ptr<Party> party, Metrics& metrics,
                       Clock& clock)
    : route_(std::move(route)),
      outage_page_(std::move(outage_page)),
      party_(std::move(party)),
      metrics_(metrics),
      clock_(clock) {}

Task<Reply> PlainRoute::handle(Request request, std::shared_ptr<const Client> client, std::string request_id) {
  const Instant arrived = clock_.now();
  const WallTime at = clock_.wall();
  const std::string method = request.method;
  request.headers.set("X-Request-Id", request_id);
  const Instant until = arrived + std::min(route_.deadline, party_->config().timeouts.response);
  const auto delivery =
      party_->start(std::move(request), judge_plainly, {until, until}, Sending{.purpose = Purpose::plain});
  Forwarded forwarded = co_await delivery->result.wait();
  const bool failed = !forwarded.response || (from_something_in_between(*forwarded.response) && !outage_page_.empty());
  Response answer = failed ? outage(forwarded) : std::move(*forwarded.response);
  const Duration took = clock_.now() - arrived;
  const Answered how = failed ? Answered::unavailable : Answered::forwarded;
  metrics_.answered(route_.name, how, answer.status, took);
  metrics_.forwarded(route_.name, forwarded.outcome, took);
  const std::string address = client->address();
  Log::access({.at = at,
               .route = route_.name,
               .method = method,
               .request_id = request_id,
               .answered = name(how),
               .cause = failed ? name(forwarded.cause) : std::string_view(),
               .outcome = name(forwarded.outcome),
               .client = address,
               .status = answer.status,
               .took = took});
  co_return Reply{.response = std::move(answer)};
}

Response PlainRoute::outage(const Forwarded& forwarded) const {
  if (outage_page_.empty()) {
    const bool timed_out = forwarded.outcome == Outcome::unknown;
    return problem(timed_out ? 504 : 502, timed_out ? "Gateway timeout" : "Bad gateway",
                   "The application gave no answer; try again later.");
  }
  Response response{.status = 503, .body = outage_page_};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Retry-After", "30");
  return response;
}

}  // namespace standin
