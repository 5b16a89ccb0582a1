#include "sim/net/call.h"

#include <array>
#include <utility>

namespace standin::sim {
namespace {

/// What something in between answers in the server's stead: a gateway's error, a filter's refusal, a page to sign in.
/// Fair is what no server of ours sends: a page, and not the party's own form with something else in it.
Result<Response> garbled(Random& random) {
  constexpr std::array statuses = {200, 500, 502, 503, 504};
  const auto drawn = random.below(statuses.size() + 1);
  if (drawn == statuses.size()) return failure("not an HTTP answer", "", Sent::answered);
  Response page{.status = statuses[drawn], .headers = {}, .body = "<html><body>Something in between</body></html>"};
  page.headers.add("Content-Type", "text/html");
  return page;
}

}  // namespace

Call::Call(CallParts parts)
    : from(std::move(parts.from)),
      to(std::move(parts.to)),
      request(std::move(parts.request)),
      connection(parts.connection ? std::move(parts.connection) : std::make_shared<Connection>()),
      network_(std::move(parts.network)),
      link_(network_->links[{from, to}]),
      number_(++network_->exchanges),
      seen_(network_->clock.now()) {
  if (network_->chance(link_.slow)) slow_leg_ = static_cast<Leg>(network_->random->below(3));
  note(from, "#{} to {}: {} {}", to, request.method, request.target);
}

Call::Connecting Call::connect() {
  if (link_.unresolved) {
    strike(Sabotage::names, "the name does not resolve");
    return Connecting::unresolved;
  }
  if (strikes(link_.refused, Sabotage::network, "refused")) return Connecting::refused;
  if (strikes(link_.lost_connecting, Sabotage::network, "lost while connecting")) return Connecting::silent;
  return blocked() ? Connecting::silent : Connecting::ready;
}

bool Call::blocked() const {
  if (!link_.cut_there && !link_.cut_back) return false;
  strike(Sabotage::partition, "no way to connect");
  return true;
}

Duration Call::connecting_time() { return travel(Leg::connecting) + network_->latency(link_); }

bool Call::send() {
  if (strikes(link_.broken_before, Sabotage::network, "broken before a byte left")) return false;
  if (strikes(link_.broken_within, Sabotage::network, "broken within the request")) {
    finish_later(failure("connection reset while sending", "", Sent::maybe));
    return true;
  }
  if (strikes(link_.lost, Sabotage::network, "lost on the way")) return true;
  set_out();
  if (strikes(link_.repeated, Sabotage::repeats, "sent twice")) {
    connection->copied = true;
    set_out();
  }
  return true;
}

/// A link that is cut when something sets out, or when it arrives, lets nothing through.
void Call::set_out() {
  ++copies_;
  if (link_.cut_there) return strike(Sabotage::partition, "does not get through");
  network_->later(travel(Leg::there), [call = shared_from_this()] { call->arrive(); });
}

void Call::arrive() {
  look();
  if (link_.cut_there) return strike(Sabotage::partition, "does not get through");
  const auto host = network_->host(to);
  if (!host) {
    note(to, "#{} arrives where nobody listens");
    return break_off();
  }
  note(to, "#{} arrives");
  auto served = std::make_shared<Served>(shared_from_this(), host, ++arrived_ > 1);
  Network::run_on(host, [host, served = std::move(served)]() mutable { host->server.serve(std::move(served)); });
  if (left_ || !strikes(link_.broken_after, Sabotage::network, "broken after the request")) return;
  left_ = network_->clock.now();
  finish_later(failure("connection reset after the request", "", Sent::maybe));
}

struct Call::Answer {
  Result<Response> result;
  std::move_only_function<void()> undelivered;
  std::shared_ptr<Host> host;
};

void Call::carry(Response response, std::move_only_function<void()> undelivered, const std::shared_ptr<Host>& host) {
  note(to, "#{} answers {}", response.status);
  if (answered_) return;  // see deliver
  if (known_gone()) return Network::run_on(host, std::move(undelivered));
  if (strikes(link_.swallowed, Sabotage::answers_lost, "the answer is swallowed")) return;
  Answer answer{std::move(response), std::move(undelivered), host};
  if (link_.cut_back) {
    strike(Sabotage::partition, "the answer does not get through");
    return give_back(answer);
  }
  if (strikes(link_.cut_short, Sabotage::network, "the answer breaks off")) {
    answer.result = failure("the answer broke off", "", Sent::answered);
  } else if (strikes(link_.garbled, Sabotage::network, "the answer is garbled")) {
    answer.result = garbled(*network_->random);
  }
  network_->later(travel(Leg::back),
                  [call = shared_from_this(), answer = std::move(answer)]() mutable { call->deliver(answer); });
}

void Call::deliver(Answer& answer) {
  if (answered_) return;  // of the other copy: what repeated the request keeps this one
  if (link_.cut_back) {
    strike(Sabotage::partition, "the answer does not get through");
    return give_back(answer);
  }
  look();
  if (left_) {
    finish(failure("hung up before the answer", "", Sent::maybe));
    return give_back(answer);
  }
  answered_ = true;
  finish(std::move(answer.result));
}

/// The server is told after the way back.
void Call::give_back(Answer& answer) {
  note(to, "#{} is told that its answer was not delivered");
  network_->later(network_->latency(link_),
                  [host = std::move(answer.host), undelivered = std::move(answer.undelivered)]() mutable {
                    Network::run_on(host, std::move(undelivered));
                  });
}

void Call::break_off() {
  if (--copies_ > 0) return;
  if (link_.cut_back) return strike(Sabotage::partition, "the reset does not get through");
  finish_later(failure("connection reset", "", Sent::maybe));
}

void Call::finish_later(Result<Response> outcome) {
  network_->later(travel(Leg::back), [call = shared_from_this(), outcome = std::move(outcome)]() mutable {
    if (call->link_.cut_back) return call->strike(Sabotage::partition, "the reset does not get through");
    call->finish(std::move(outcome));
  });
}

void Call::finish(Result<Response> outcome) {
  if (outcome_) return;
  outcome_ = std::move(outcome);
  over.set();
}

Result<Response> Call::take_outcome() {
  if (!outcome_) return failure("no answer in time", to, Sent::maybe);
  if (!*outcome_) outcome_->error().where = to;
  return std::move(*outcome_);
}

/// A hang-up does not say when it happened: as early as it can have been.
void Call::look() {
  if (left_) return;
  if (connection->hung_up) {
    left_ = seen_;
  } else {
    seen_ = network_->clock.now();
  }
}

bool Call::known_gone() {
  if (!network_->open) return true;
  if (answered_) return false;
  look();
  return left_ && !link_.cut_there && network_->clock.now() - *left_ >= link_.latency;
}

void Call::client_left() {
  if (!network_->open) return;
  if (!ended_) note(from, "#{} ends with its process");
  connection->closed = network_->clock.now();
  if (!left_) left_ = connection->closed;
}

void Call::note_end(const Result<Response>& end) {
  ended_ = true;
  if (end) {
    note(from, "#{} ends: {}", end->status);
  } else {
    note(from, "#{} ends: {}", end.error().what);
  }
}

bool Call::strikes(double rate, Sabotage kind, std::string_view what) {
  if (!network_->chance(rate)) return false;
  strike(kind, what);
  return true;
}

void Call::strike(Sabotage kind, std::string_view what) const {
  note(from, "#{} {}", what);
  network_->struck(kind);
}

Duration Call::travel(Leg leg) {
  const Duration usual = network_->latency(link_);
  if (leg != slow_leg_ || link_.slow_for <= usual) return usual;
  slow_leg_ = Leg::none;
  strike(Sabotage::slow_network, "is slow");
  return usual + Duration(network_->random->below(static_cast<std::uint64_t>((link_.slow_for - usual).count())));
}

Served::Served(std::shared_ptr<Call> call, std::shared_ptr<Host> host, bool is_copy)
    : call_(std::move(call)), host_(std::move(host)), number_(host_->next++), is_copy_(is_copy) {
  host_->serving.emplace(number_, this);
}

Served::~Served() {
  host_->serving.erase(number_);
  cut();
}

void Served::answer(Response response, std::move_only_function<void()> undelivered) {
  ensure(!answered_, "a call is answered once");
  answered_ = true;
  if (!cut_) return call_->carry(std::move(response), std::move(undelivered), host_);
  Network::run_on(host_, std::move(undelivered));
}

void Served::cut() {
  if (answered_ || cut_) return;
  cut_ = true;
  call_->note(call_->to, "#{} is reset");
  call_->break_off();
}

}  // namespace standin::sim
