#include "rehearsal/gateway/gateway_model.h"

#include "rehearsal/gateway/form_gate.h"
#include "rehearsal/gateway/searches.h"
#include "rehearsal/gateway/stripe_side.h"

namespace standin::rehearsal {
namespace {

using Delivery = GatewayAnswer::Delivery;
using Kind = GatewayFault::Kind;

/// The first half of the time that a request takes: what comes before the ledger.
Duration before_ledger(Duration whole) { return whole / 2; }

/// What becomes of an answer that a fault strikes.
GatewayAnswer spoiled(const GatewayFault& fault, GatewayAnswer answer, const GatewayWork& work) {
  switch (fault.kind) {
    case Kind::hang: return {.response = {}, .delivery = Delivery::hang};
    case Kind::reset: return {.response = {}, .delivery = Delivery::reset};
    case Kind::status:
      if (fault.at == GatewayFault::Moment::before) {
        answer.response = gateway_response(fault.status, "text/html", "<html><body>Service error</body></html>");
      }
      answer.response.status = fault.status;
      break;
    case Kind::error: answer.response = work.fail(fault.error); break;
    case Kind::truncate: answer.delivery = Delivery::truncate; break;
    case Kind::duplicate: answer.delivery = Delivery::twice; break;
    case Kind::late:
    case Kind::refuse:
    case Kind::down:
    case Kind::skew: break;
  }
  return answer;
}

/// Stripe's answers name the key and the version that they were asked with.
void echo(const Request& request, Response& response) {
  if (!request.path().starts_with("/v1/")) return;
  for (const std::string_view name : {"Idempotency-Key", "Stripe-Version"}) {
    if (const auto given = request.headers.find(name)) response.headers.set(name, *given);
  }
}

}  // namespace

GatewayModel::GatewayModel(GatewaySettings settings, GatewayRecords records, std::uint64_t seed)
    : state_(new GatewayState{.settings = std::move(settings), .books = GatewayBooks(std::move(records))}),
      chance_(seed) {}

GatewayWork GatewayModel::understand(const GatewayArrival& arrival) {
  const std::string_view path = arrival.request.path();
  if (path == "/ping") return ping(arrival);
  if (path == "/gate" || path == "/gate.php") return form_gate(*state_, arrival);
  if (path == "/soap/gate") return soap_search(*state_, arrival);
  if (path.starts_with("/api/v2/")) return rest_search(*state_, arrival);
  if (path.starts_with("/v1/")) return stripe_side(*state_, arrival);
  return answered(GatewayAsk::search, gateway_response(404, "text/plain", "No such page\n"));
}

GatewayWork GatewayModel::ping(const GatewayArrival& arrival) const {
  const bool down = state_->faults.is(Kind::down, arrival.location);
  const auto& clusters = state_->settings.clusters;
  const std::string cluster = arrival.location < clusters.size() ? clusters[arrival.location] : "ca401";
  return answered(GatewayAsk::ping, gateway_response(200, "text/html", (down ? "DOWN:" : "UP:") + cluster));
}

GatewayExchange GatewayModel::arrive(GatewayArrival arrival) {
  GatewayExchange exchange;
  exchange.arrival = std::move(arrival);
  exchange.work = understand(exchange.arrival);
  const auto& times = state_->settings.response_times;
  if (!times.empty() && exchange.work.ask != GatewayAsk::ping) {
    exchange.response_time = times[std::min(exchange.arrival.location, times.size() - 1)].draw(chance_);
  }
  exchange.fault = state_->faults.strike({.ask = exchange.work.ask,
                                          .location = exchange.arrival.location,
                                          .country = exchange.work.country,
                                          .amount_minor = exchange.work.amount_minor,
                                          .card_last4 = exchange.work.card_last4},
                                         chance_);
  return exchange;
}

GatewayStep GatewayModel::next(GatewayExchange& exchange, WallTime now) {
  GatewayStep step;
  switch (exchange.stage) {
    case GatewayExchange::Stage::arrived: step = begin(exchange, now); break;
    case GatewayExchange::Stage::dispatched: step = ask_issuer(exchange, now); break;
    case GatewayExchange::Stage::decided: step = decide(exchange, now); break;
    case GatewayExchange::Stage::answering: step = give(exchange, now); break;
  }
  step.writes = state_->books.take_writes();
  return step;
}

GatewayStep GatewayModel::begin(GatewayExchange& exchange, WallTime now) {
  const auto& fault = exchange.fault;
  const bool before = fault && fault->at == GatewayFault::Moment::before;
  // The vendor's own errors come from behind the memory of earlier requests: what was done is told again first.
  if (before && fault->kind != Kind::late && fault->kind != Kind::error) return strike(exchange);
  if (exchange.work.claim) {
    if (auto repeat = exchange.work.claim(now)) {
      exchange.answer.response = std::move(*repeat);
      if (before) exchange.fault.reset();
      exchange.stage = GatewayExchange::Stage::answering;
      return {.wait = exchange.response_time};
    }
  }
  if (before && fault->kind == Kind::error) return strike(exchange);
  exchange.stage = GatewayExchange::Stage::dispatched;
  return {.wait = before_ledger(exchange.response_time)};
}

GatewayStep GatewayModel::strike(GatewayExchange& exchange) {
  exchange.answer = spoiled(*exchange.fault, {}, exchange.work);
  exchange.fault.reset();
  exchange.stage = GatewayExchange::Stage::answering;
  return {.wait = exchange.response_time};
}

GatewayStep GatewayModel::ask_issuer(GatewayExchange& exchange, WallTime now) {
  const auto& after = exchange.work.reverse_after;
  if (after && now - exchange.arrival.at >= *after) {
    exchange.answer.response = exchange.work.fail("00018");
    exchange.stage = GatewayExchange::Stage::answering;
    return {};
  }
  exchange.stage = GatewayExchange::Stage::decided;
  return {.wait = exchange.work.processing + (exchange.fault ? exchange.fault->late : Duration{})};
}

GatewayStep GatewayModel::decide(GatewayExchange& exchange, WallTime now) {
  const auto& after = exchange.work.reverse_after;
  const bool late = after && now - exchange.arrival.at > *after;
  exchange.answer.response = exchange.work.perform(now, late);
  exchange.stage = GatewayExchange::Stage::answering;
  return {.wait = exchange.response_time - before_ledger(exchange.response_time)};
}

GatewayStep GatewayModel::give(GatewayExchange& exchange, WallTime now) {
  if (exchange.fault) exchange.answer = spoiled(*exchange.fault, std::move(exchange.answer), exchange.work);
  Response& response = exchange.answer.response;
  echo(exchange.arrival.request, response);
  response.headers.set("Date", http_date(state_->clock_of(exchange.arrival.location, now)));
  response.headers.set("Server", "standin simulated gateway");
  return {.answer = std::move(exchange.answer)};
}

void GatewayModel::change_settings(GatewaySettings settings) {
  settings.keys = state_->settings.keys;
  settings.clusters = state_->settings.clusters;
  state_->settings = std::move(settings);
}

bool GatewayModel::refuses(std::size_t location) const { return state_->faults.is(Kind::refuse, location); }

std::vector<GatewayWrite> GatewayModel::close_batch() {
  state_->books.close_batch();
  return state_->books.take_writes();
}

}  // namespace standin::rehearsal
