#include "route/plain_route.h"

#include <fmt/format.h>

#include <algorithm>

#include "cache/fallback_files.h"
#include "net/body.h"
#include "route/problem.h"
#include "route/redirect.h"
#include "route/upstream_failure.h"
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

PlainRoute::PlainRoute(Setup setup, Metrics& metrics, Clock& clock, Executor executor)
    : setup_(std::move(setup)), metrics_(metrics), clock_(clock), executor_(std::move(executor)) {}

Task<Reply> PlainRoute::handle(Request request, std::shared_ptr<const Client> client, std::string request_id) {
  const auto self = shared_from_this();  // a reload must not end us before the answer
  request.headers.set("X-Request-Id", request_id);
  Visit visit{.arrived = clock_.now(),
              .at = clock_.wall(),
              .method = request.method,
              .request_id = std::move(request_id),
              .client = client->address(),
              .received = request.body.size(),
              .upload = request.rest};
  if (!setup_.party) co_return redirect(std::move(visit), request);
  if (setup_.cache || !setup_.route.fallback_files.empty()) {
    visit.asked = std::make_unique<const Request>(
        Request{.method = request.method, .target = request.target, .headers = request.headers});
  }
  if (setup_.cache) co_return co_await handle_cached(std::move(request), std::move(client), std::move(visit));
  Forwarded forwarded = co_await forward(request, std::move(client), visit.arrived);
  Response response = answer(visit, std::move(forwarded));
  co_return told(std::move(visit), std::move(response));
}

Task<Forwarded> PlainRoute::forward(const Request& request, std::shared_ptr<const Client> client,
                                    Instant arrived) const {
  const Instant until = arrived + std::min(setup_.route.deadline, setup_.party->config().timeouts.response);
  return setup_.party->deliver(request, judge_plainly, {until, until},
                               Sending{.purpose = setup_.purpose, .streamed_to = std::move(client)});
}

Response PlainRoute::answer(Visit& visit, Forwarded&& forwarded) const {
  visit.forwarded = true;
  visit.cause = forwarded.cause;
  visit.outcome = forwarded.outcome;
  if (!forwarded.response && visit.upload && visit.upload->failure()) {
    visit.how = Answered::rejected;
    return problem(visit.upload->failure()->status, "Request not complete", visit.upload->failure()->why);
  }
  if (auto file = fallback(visit, forwarded)) {
    visit.how = Answered::fallback;
    return std::move(*file);
  }
  if (!forwarded.response || (from_something_in_between(*forwarded.response) && !setup_.outage_page.empty())) {
    visit.how = Answered::unavailable;
    return outage(forwarded);
  }
  return std::move(*forwarded.response);
}

/// It says that it is not the page itself, as RFC 9211 has it.
std::optional<Response> PlainRoute::fallback(const Visit& visit, const Forwarded& forwarded) const {
  if (setup_.route.fallback_files.empty() || !upstream_failed(forwarded)) return std::nullopt;
  auto response = fallback_file(setup_.route.fallback_files, *visit.asked);
  if (!response) return std::nullopt;
  const std::string_view why = visit.cache == "miss" ? "miss" : "bypass";
  response->headers.add("Cache-Status",
                        fmt::format("standin; fwd={}{}; detail=fallback-file", why, forwarded_status(forwarded)));
  return response;
}

Reply PlainRoute::redirect(Visit visit, const Request& request) {
  const auto location = redirect_location(setup_.route.redirect, request);
  if (!location) {
    visit.how = Answered::rejected;
    return told(std::move(visit), problem(400, "No host", "The request does not name the host that it is for."));
  }
  visit.how = Answered::redirected;
  Response response{.status = setup_.route.redirect_status};
  response.headers.add("Location", *location);
  return told(std::move(visit), std::move(response));
}

/// Told at once, or when the last byte was passed on.
Reply PlainRoute::told(Visit&& visit, Response&& response) {
  visit.status = response.status;
  Reply reply{.response = std::move(response)};
  if (visit.upload || reply.response.rest) {
    visit.upload.reset();
    reply.ended = [self = shared_from_this(), visit = std::move(visit)](const StreamEnd& end) {
      self->tell(visit, end);
    };
  } else {
    const bool bodiless = visit.method == "HEAD";
    tell(visit, {.received = visit.received, .sent = bodiless ? 0 : reply.response.body.size()});
  }
  return reply;
}

void PlainRoute::tell(const Visit& visit, const StreamEnd& end) const {
  const Duration took = clock_.now() - visit.arrived;
  const bool failed =
      visit.how == Answered::unavailable || visit.how == Answered::fallback || visit.cache == "stale_if_error";
  metrics_.answered(setup_.route.name, visit.how, visit.status, took);
  if (visit.forwarded && visit.how != Answered::rejected) metrics_.forwarded(setup_.route.name, visit.outcome, took);
  if (!visit.cache.empty()) metrics_.cache_answered(setup_.route.name, visit.cache);
  if (!end.cut.empty()) metrics_.stream_cut(setup_.route.name, end.cut);
  Log::access({.at = visit.at,
               .route = setup_.route.name,
               .method = visit.method,
               .request_id = visit.request_id,
               .answered = name(visit.how),
               .cause = failed && visit.forwarded ? name(visit.cause) : std::string_view(),
               .outcome = visit.forwarded ? name(visit.outcome) : std::string_view(),
               .client = visit.client,
               .cache = visit.cache,
               .status = visit.status,
               .took = took,
               .received = end.received,
               .sent = end.sent,
               .cut = end.cut});
}

Response PlainRoute::outage(const Forwarded& forwarded) const {
  if (setup_.outage_page.empty()) {
    const bool timed_out = forwarded.cause == Cause::timed_out_in_service;
    return problem(timed_out ? 504 : 502, timed_out ? "Gateway timeout" : "Bad gateway",
                   "The application gave no answer; try again later.");
  }
  Response response{.status = 503, .body = setup_.outage_page};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Retry-After", "30");
  return response;
}

}  // namespace standin
