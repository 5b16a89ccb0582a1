#include "route/plain_route.h"

#include <algorithm>

#include "net/body.h"
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

/// What is said of one request when its answer has ended.
struct PlainRoute::Visit {
  Instant arrived;
  WallTime at{};
  std::string method, request_id, client;
  Answered how = Answered::forwarded;
  Cause cause = Cause::refused;
  Outcome outcome = Outcome::unknown;
  int status = 0;
};

Task<Reply> PlainRoute::handle(Request request, std::shared_ptr<const Client> client, std::string request_id) {
  request.headers.set("X-Request-Id", request_id);
  Visit visit{.arrived = clock_.now(),
              .at = clock_.wall(),
              .method = request.method,
              .request_id = std::move(request_id),
              .client = client->address()};
  const std::shared_ptr<BodySource> upload = request.rest;
  const std::uint64_t received = request.body.size();
  const Instant until = visit.arrived + std::min(route_.deadline, party_->config().timeouts.response);
  const auto delivery = party_->start(std::move(request), judge_plainly, {until, until},
                                      Sending{.purpose = Purpose::plain, .streamed_to = std::move(client)});
  Forwarded forwarded = co_await delivery->result.wait();
  Reply reply{.response = answer(visit, std::move(forwarded), upload.get())};
  if (upload || reply.response.rest) {
    reply.ended = [self = shared_from_this(), visit = std::move(visit)](const StreamEnd& end) {
      self->tell(visit, end);
    };
  } else {
    tell(visit, {.received = received, .sent = reply.response.body.size()});
  }
  co_return reply;
}

Response PlainRoute::answer(Visit& visit, Forwarded forwarded, const BodySource* upload) const {
  visit.cause = forwarded.cause;
  visit.outcome = forwarded.outcome;
  Response response;
  if (!forwarded.response && upload && upload->failure()) {
    visit.how = Answered::rejected;
    response = problem(upload->failure()->status, "Request not complete", upload->failure()->why);
  } else if (!forwarded.response || (from_something_in_between(*forwarded.response) && !outage_page_.empty())) {
    visit.how = Answered::unavailable;
    response = outage(forwarded);
  } else {
    response = std::move(*forwarded.response);
  }
  visit.status = response.status;
  return response;
}

void PlainRoute::tell(const Visit& visit, const StreamEnd& end) const {
  const Duration took = clock_.now() - visit.arrived;
  const bool unavailable = visit.how == Answered::unavailable;
  metrics_.answered(route_.name, visit.how, visit.status, took);
  if (visit.how != Answered::rejected) metrics_.forwarded(route_.name, visit.outcome, took);
  if (!end.cut.empty()) metrics_.stream_cut(route_.name, end.cut);
  Log::access({.at = visit.at,
               .route = route_.name,
               .method = visit.method,
               .request_id = visit.request_id,
               .answered = name(visit.how),
               .cause = unavailable ? name(visit.cause) : std::string_view(),
               .outcome = name(visit.outcome),
               .client = visit.client,
               .status = visit.status,
               .took = took,
               .received = end.received,
               .sent = end.sent,
               .cut = end.cut});
}

Response PlainRoute::outage(const Forwarded& forwarded) const {
  if (outage_page_.empty()) {
    const bool timed_out = forwarded.cause == Cause::timed_out_in_service;
    return problem(timed_out ? 504 : 502, timed_out ? "Gateway timeout" : "Bad gateway",
                   "The application gave no answer; try again later.");
  }
  Response response{.status = 503, .body = outage_page_};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Retry-After", "30");
  return response;
}

}  // namespace standin
